"""Of which session site, team and approach of a dyad were said, and in whose caseload was what is gone.

Revision ID: 0051
Revises: 0055

What was said before stays without a date: until it is said anew, the dyad's last session stands for it.
What was gone before is told in the export of every caseload.
"""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0055"
branch_labels = None
depends_on = None

_ADDED = ("site_on", "team_on", "approach_on")


def upgrade() -> None:
    """Add the columns."""
    for name in _ADDED:
        op.add_column("dyads", sa.Column(name, sa.String(10)))
    op.add_column("dyads", sa.Column("said_at", sa.String(27)))
    op.add_column("gone_resources", sa.Column("therapist", sa.String(255)))


def downgrade() -> None:
    """Go back to the revision before: the last response that comes says what counts, however old."""
    op.drop_column("gone_resources", "therapist")
    op.drop_column("dyads", "said_at")
    for name in reversed(_ADDED):
        op.drop_column("dyads", name)
