"""Each response keeps by which identifier its sender knows the patient.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_INDEX = "ix_responses_patient_identifier"
_COLUMNS = ("patient_identifier_system", "patient_identifier_value")


def upgrade() -> None:
    """Go to this revision; nobody's identifier was kept until now."""
    for name in _COLUMNS:
        op.add_column("responses", sa.Column(name, sa.String(255)))
    claimed = sa.text("believed_until IS NULL AND patient_identifier_value IS NOT NULL")
    op.create_index(
        _INDEX,
        "responses",
        ["clinic", "patient_identifier_value", "alias_row"],
        sqlite_where=claimed,
        postgresql_where=claimed,
    )


def downgrade() -> None:
    """Go back to the revision before; by which identifiers patients are known is lost."""
    op.drop_index(_INDEX, "responses")
    for name in _COLUMNS:
        op.drop_column("responses", name)
