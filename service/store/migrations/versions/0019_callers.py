"""API keys, and refusals without a valid credential.

Revision ID: 0019
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "api_keys",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("beginning", sa.String(80), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("practitioner", sa.String(255)),
        sa.Column("patient", sa.String(255)),
        sa.Column("supervises", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=False),
        sa.Column("revoked_at", sa.String(27)),
        sa.Column("last_used_at", sa.String(27)),
        sa.PrimaryKeyConstraint("row_id", name="pk_api_keys"),
        sa.UniqueConstraint("clinic", "id", name="uq_api_keys_clinic_id"),
        sa.UniqueConstraint("clinic", "hash", name="uq_api_keys_clinic_hash"),
    )
    op.create_table(
        "refusal_counts",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("minute", sa.String(27), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("cause", sa.String(32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name="pk_refusal_counts"),
        sa.UniqueConstraint(
            "clinic", "minute", "source", "cause", name="uq_refusal_counts_clinic_minute_source_cause"
        ),
    )


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_table("refusal_counts")
    op.drop_table("api_keys")
