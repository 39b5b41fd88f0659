"""Deliveries keep the rung that was taken, and patients what may be written about them.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the rung; what was delivered until now does not tell it."""
    op.add_column("deliveries", sa.Column("rung", sa.String(16), nullable=False, server_default=""))


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_column("deliveries", "rung")
