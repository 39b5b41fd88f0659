"""Responses that are not completed; patients that were merged.

Revision 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op


revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OPEN = sa.text("undone_at IS NULL")


def upgrade() -> None:
    """Go to this revision."""
    op.add_column("responses", sa.Column("scored", sa.Boolean(), server_default=sa.true(), nullable=False))
    # Nothing could be merged before, so every alias points at its own key.
    op.add_column(
        "patient_aliases", sa.Column("own_key", sa.String(length=36), server_default="", nullable=False)
    )
    op.execute("UPDATE patient_aliases SET own_key = patient_key")
    op.create_index("ix_patient_aliases_own_key", "patient_aliases", ["clinic", "own_key"])
    op.add_column(
        "patient_merges", sa.Column("merged_by", sa.String(length=255), server_default="", nullable=False)
    )
    op.add_column("patient_merges", sa.Column("undone_by", sa.String(length=255)))
    op.create_index(
        "uq_patient_merges_from",
        "patient_merges",
        ["clinic", "from_key"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index("ix_patient_merges_into", "patient_merges", ["clinic", "into_key"])


def downgrade() -> None:
    """Go back to the revision before."""
    with op.batch_alter_table("patient_merges") as batch_op:
        batch_op.drop_index("ix_patient_merges_into")
        batch_op.drop_index("uq_patient_merges_from", sqlite_where=_OPEN, postgresql_where=_OPEN)
        batch_op.drop_column("undone_by")
        batch_op.drop_column("merged_by")
    with op.batch_alter_table("patient_aliases") as batch_op:
        batch_op.drop_index("ix_patient_aliases_own_key")
        batch_op.drop_column("own_key")
    with op.batch_alter_table("responses") as batch_op:
        batch_op.drop_column("scored")
