"""Erasures: their certificates, and the ids that are never to be used again.

Revision ID: 0017
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both tables."""
    op.create_table(
        "erasures",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("erased_at", sa.String(27), nullable=False),
        sa.Column("erased_by", sa.String(255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_erasures")),
        sa.UniqueConstraint("clinic", "id", name=op.f("uq_erasures_clinic_id")),
    )
    op.create_table(
        "erased_ids",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("erased_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_erased_ids")),
        sa.UniqueConstraint("clinic", "erased_id", name=op.f("uq_erased_ids_clinic_erased_id")),
    )


def downgrade() -> None:
    """Go back to the revision before; the certificates are lost, and erased ids may be used again."""
    op.drop_table("erased_ids")
    op.drop_table("erasures")
