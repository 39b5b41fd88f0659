"""A clinic's own norms, who put them into force, the rule that raises its alerts; where each dyad stands.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; what was judged so far was judged by the shipped norms and the default rule."""
    op.add_column("dyads", sa.Column("judged", sa.Text()))
    op.create_table(
        "norms",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("norm_id", sa.String(120), nullable=False),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name="pk_norms"),
        sa.UniqueConstraint("clinic", "norm_id", "version", name="uq_norms_clinic_norm_id_version"),
    )
    op.create_table(
        "norm_approvals",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("norm_row", sa.Integer(), nullable=False),
        sa.Column("approved_by", sa.String(255), nullable=False),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("in_force_from", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name="pk_norm_approvals"),
        sa.ForeignKeyConstraint(["norm_row"], ["norms.row_id"], name="fk_norm_approvals_norm_row"),
    )
    op.create_index("ix_norm_approvals_clinic", "norm_approvals", ["clinic", "in_force_from"])
    op.create_table(
        "alert_rules",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("in_force_from", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name="pk_alert_rules"),
        sa.UniqueConstraint("clinic", "in_force_from", name="uq_alert_rules_clinic_in_force_from"),
    )


def downgrade() -> None:
    """Drop the tables; which norm and rule was in force when is lost."""
    op.drop_table("alert_rules")
    op.drop_index("ix_norm_approvals_clinic", "norm_approvals")
    op.drop_table("norm_approvals")
    op.drop_table("norms")
    op.drop_column("dyads", "judged")
