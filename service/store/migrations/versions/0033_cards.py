"""Cards given to an EHR, its tokens, and which request queued a delivery.

Revision ID: 0033
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and the column."""
    op.add_column("deliveries", sa.Column("request_id", sa.String(64), nullable=False, server_default=""))
    op.create_table(
        "cards",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("alias_row", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(255), nullable=False),
        sa.Column("alert_id", sa.String(36)),
        sa.Column("alert_version", sa.Integer()),
        sa.Column("shown_at", sa.String(27), nullable=False),
        sa.Column("outcome", sa.String(10)),
        sa.Column("settled_at", sa.String(27)),
        sa.PrimaryKeyConstraint("row_id", name="pk_cards"),
        sa.ForeignKeyConstraint(["alias_row"], ["patient_aliases.row_id"], name="fk_cards_alias_row"),
        sa.UniqueConstraint("clinic", "id", name="uq_cards_clinic_id"),
    )
    op.create_index("ix_cards_alias", "cards", ["clinic", "alias_row"])
    op.create_table(
        "used_tokens",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name="pk_used_tokens"),
        sa.UniqueConstraint("clinic", "hash", name="uq_used_tokens_clinic_hash"),
    )
    op.create_index("ix_used_tokens_expires", "used_tokens", ["clinic", "expires_at"])


def downgrade() -> None:
    """Go back to the revision before; which cards were answered is lost."""
    op.drop_table("used_tokens")
    op.drop_table("cards")
    op.drop_column("deliveries", "request_id")
