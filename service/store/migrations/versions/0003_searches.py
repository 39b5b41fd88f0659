"""Indexes for searches by update, encounter, and identifier without system.

Revision 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_index("ix_responses_updated", "responses", ["clinic", "believed_from", "row_id"])
    op.create_index("ix_alerts_believed", "alerts", ["clinic", "believed_from", "row_id"])
    for name, column in (
        ("ix_responses_encounter", "encounter"),
        ("ix_responses_identifier_value", "identifier_value"),
    ):
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(name, "responses", ["clinic", column], sqlite_where=there, postgresql_where=there)


def downgrade() -> None:
    """Go back to the revision before."""
    for name in ("ix_responses_identifier_value", "ix_responses_encounter", "ix_responses_updated"):
        op.drop_index(name, "responses")
    op.drop_index("ix_alerts_believed", "alerts")
