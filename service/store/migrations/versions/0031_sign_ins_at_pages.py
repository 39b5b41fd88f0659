"""Sign-ins at the clinician's page.

Revision ID: 0031
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "page_sign_ins",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("caller", sa.String(120), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("practitioner", sa.String(255)),
        sa.Column("supervises", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("seen_at", sa.String(27), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name="pk_page_sign_ins"),
        sa.UniqueConstraint("clinic", "hash", name="uq_page_sign_ins_clinic_hash"),
    )


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_table("page_sign_ins")
