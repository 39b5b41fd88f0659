"""Exports: jobs, what is gone since, and the keys of pseudonyms.

Revision ID: 0027
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "exports",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("caller", sa.String(120), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("route", sa.String(120), nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("since", sa.String(27)),
        sa.Column("therapist", sa.String(255)),
        sa.Column("notes", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("expires_at", sa.String(27)),
        sa.Column("attempt", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("lease_owner", sa.String(64)),
        sa.Column("lease_until", sa.String(27)),
        sa.Column("after_row", sa.Integer(), nullable=False, server_default="-1"),
        sa.Column("patients_done", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("patients_total", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("files", sa.Text(), nullable=False, server_default="[]"),
        sa.PrimaryKeyConstraint("row_id", name="pk_exports"),
        sa.UniqueConstraint("clinic", "id", name="uq_exports_clinic_id"),
    )
    op.create_index("ix_exports_state", "exports", ["clinic", "state"])
    op.create_table(
        "gone_resources",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("reference", sa.String(160), nullable=False),
        sa.Column("gone_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name="pk_gone_resources"),
        sa.UniqueConstraint("clinic", "reference", name="uq_gone_resources_clinic_reference"),
    )
    op.create_index("ix_gone_resources_gone_at", "gone_resources", ["clinic", "gone_at"])
    op.create_table(
        "export_keys",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("recipient", sa.String(80), nullable=False),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("revoked_at", sa.String(27)),
        sa.PrimaryKeyConstraint("row_id", name="pk_export_keys"),
        sa.UniqueConstraint("clinic", "id", name="uq_export_keys_clinic_id"),
    )
    standing = sa.text("revoked_at IS NULL")
    op.create_index(
        "uq_export_keys_recipient",
        "export_keys",
        ["clinic", "recipient"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_table("export_keys")
    op.drop_table("gone_resources")
    op.drop_table("exports")
