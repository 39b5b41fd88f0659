"""Links by which clients fill a form.

Revision ID: 0029
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "form_links",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("kiosk_hash", sa.String(64), server_default="", nullable=False),
        sa.Column("alias_row", sa.Integer(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("content_hash", sa.String(64), server_default="", nullable=False),
        sa.Column("outcome", sa.Text(), server_default="{}", nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=False),
        sa.Column("code_until", sa.String(27), nullable=False),
        sa.Column("closed_at", sa.String(27)),
        sa.PrimaryKeyConstraint("row_id", name="pk_form_links"),
        sa.UniqueConstraint("clinic", "id", name="uq_form_links_clinic_id"),
        sa.UniqueConstraint("clinic", "token_hash", name="uq_form_links_clinic_token_hash"),
        sa.UniqueConstraint("clinic", "code_hash", name="uq_form_links_clinic_code_hash"),
    )
    op.create_index("ix_form_links_kiosk", "form_links", ["clinic", "kiosk_hash"])
    op.create_index("ix_form_links_alias", "form_links", ["clinic", "alias_row"])


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_table("form_links")
