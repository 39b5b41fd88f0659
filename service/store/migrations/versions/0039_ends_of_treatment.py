"""Ends of treatment, as they were told.

Revision ID: 0039
Revises: 0043
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "treatment_ends",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("alias_row", sa.Integer(), nullable=False),
        sa.Column("therapist", sa.String(255), nullable=False, server_default=""),
        sa.Column("ended_on", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(12), nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("told_by", sa.String(255)),
        sa.Column("episode", sa.String(128)),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("believed_from", sa.String(27), nullable=False),
        sa.Column("believed_until", sa.String(27)),
        sa.ForeignKeyConstraint(
            ["alias_row"], ["patient_aliases.row_id"], name=op.f("fk_treatment_ends_alias_row")
        ),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_treatment_ends")),
    )
    current = sa.text("believed_until IS NULL")
    op.create_index(
        "uq_treatment_ends_current",
        "treatment_ends",
        ["clinic", "alias_row", "therapist"],
        unique=True,
        sqlite_where=current,
        postgresql_where=current,
    )
    op.create_index("ix_treatment_ends_episode", "treatment_ends", ["clinic", "episode"])


def downgrade() -> None:
    """Go back to the revision before; which treatments had ended is lost."""
    op.drop_table("treatment_ends")
