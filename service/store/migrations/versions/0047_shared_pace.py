"""How fast each EHR is asked, by all processes together.

Revision ID: 0047
Revises: 0035
"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "ehr_pace",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("ehr", sa.String(40), nullable=False),
        sa.Column("booked_until", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name="pk_ehr_pace"),
        sa.UniqueConstraint("clinic", "ehr", name="uq_ehr_pace_clinic_ehr"),
    )


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_table("ehr_pace")
