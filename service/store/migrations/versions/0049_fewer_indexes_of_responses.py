"""Two indexes of responses less: what they served is served by others, and each cost every row a page.

Revision ID: 0049
Revises: 0039
"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0039"
branch_labels = None
depends_on = None

_IDENTIFIED = sa.text("believed_until IS NULL AND identifier_value IS NOT NULL")


def upgrade() -> None:
    """Find current versions by the unique key of id and version, identifiers by their value first."""
    op.drop_index("uq_responses_current", "responses")
    op.drop_index("ix_responses_identifier_value", "responses")
    op.drop_index("uq_responses_identifier", "responses")
    _identifiers_by("identifier_value", "identifier_system")


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_index("uq_responses_identifier", "responses")
    _identifiers_by("identifier_system", "identifier_value")
    there = sa.text("identifier_value IS NOT NULL")
    op.create_index(
        "ix_responses_identifier_value",
        "responses",
        ["clinic", "identifier_value"],
        sqlite_where=there,
        postgresql_where=there,
    )
    current = sa.text("believed_until IS NULL")
    op.create_index(
        "uq_responses_current",
        "responses",
        ["clinic", "id"],
        unique=True,
        sqlite_where=current,
        postgresql_where=current,
    )


def _identifiers_by(*columns: str) -> None:
    op.create_index(
        "uq_responses_identifier",
        "responses",
        ["clinic", *columns],
        unique=True,
        sqlite_where=_IDENTIFIED,
        postgresql_where=_IDENTIFIED,
    )
