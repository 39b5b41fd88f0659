"""Ends of treatment are found by patient, those of former times too.

Revision ID: 0055
Revises: 0039
"""

from alembic import op

revision = "0055"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_treatment_ends_alias", "treatment_ends", ["clinic", "alias_row"])


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_index("ix_treatment_ends_alias", table_name="treatment_ends")
