"""Imports of histories: their progress, what was refused, and the dyads left to be judged.

Revision ID: 0023
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the three tables."""
    op.create_table(
        "imports",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("queue_deliveries", sa.Boolean(), nullable=False),
        sa.Column("caller", sa.String(120), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("recorded", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.String(27), nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_imports")),
        sa.UniqueConstraint("clinic", "id", name=op.f("uq_imports_clinic_id")),
    )
    op.create_table(
        "import_refusals",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("import_id", sa.String(36), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(255), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_import_refusals")),
    )
    op.create_index("ix_import_refusals_import", "import_refusals", ["clinic", "import_id", "row_id"])
    op.create_table(
        "unjudged_dyads",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("dyad_row", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["dyad_row"], ["dyads.row_id"], name=op.f("fk_unjudged_dyads_dyad_row")),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_unjudged_dyads")),
        sa.UniqueConstraint("clinic", "dyad_row", name=op.f("uq_unjudged_dyads_clinic_dyad_row")),
    )


def downgrade() -> None:
    """Go back to the revision before; what was imported stays, and is judged at each dyad's next rating."""
    op.drop_table("unjudged_dyads")
    op.drop_table("import_refusals")
    op.drop_table("imports")
