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
    """Add the rung, which what was delivered until now does not tell, and the table of disclosures."""
    op.add_column("deliveries", sa.Column("rung", sa.String(16), nullable=False, server_default=""))
    op.create_table(
        "patient_disclosures",
        sa.Column("row_id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("own_key", sa.String(36), nullable=False),
        sa.Column("push", sa.Boolean(), nullable=False),
        sa.Column("share", sa.Boolean(), nullable=False),
        sa.Column("since", sa.String(10)),
        sa.Column("believed_from", sa.String(27), nullable=False),
        sa.Column("believed_until", sa.String(27)),
        sa.PrimaryKeyConstraint("row_id", name="pk_patient_disclosures"),
    )
    current = sa.text("believed_until IS NULL")
    op.create_index(
        "uq_patient_disclosures_current",
        "patient_disclosures",
        ["clinic", "own_key"],
        unique=True,
        sqlite_where=current,
        postgresql_where=current,
    )


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_table("patient_disclosures")
    op.drop_column("deliveries", "rung")
