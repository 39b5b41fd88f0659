"""Dyads and alerts are found by their therapist.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_index("ix_dyads_therapist", "dyads", ["clinic", "therapist"])
    current = sa.text("believed_until IS NULL")
    op.create_index(
        "ix_alerts_therapist",
        "alerts",
        ["clinic", "therapist"],
        sqlite_where=current,
        postgresql_where=current,
    )


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_index("ix_alerts_therapist", "alerts")
    op.drop_index("ix_dyads_therapist", "dyads")
