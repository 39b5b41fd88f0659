"""For a long queue: indexes that find the next delivery and the oldest one in one step; trouble of an EHR.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_UNFINISHED = sa.text("state IN ('pending', 'sent', 'unknown')")
_DUE = ["clinic", "ehr", "state", "due_at"]
_PATIENT = ["clinic", "ehr", "patient_key", "state"]


def upgrade() -> None:
    """Add the place in the queue to two indexes, what is unfinished, and how often a delivery failed."""
    op.add_column(
        "deliveries", sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.create_table(
        "ehr_troubles",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(length=64), nullable=False),
        sa.Column("ehr", sa.String(length=40), nullable=False),
        sa.Column("since", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_ehr_troubles")),
        sa.UniqueConstraint("clinic", "ehr", name=op.f("uq_ehr_troubles_clinic_ehr")),
    )
    for name, columns in (("ix_deliveries_due", _DUE), ("ix_deliveries_patient", _PATIENT)):
        op.drop_index(name, "deliveries")
        op.create_index(name, "deliveries", [*columns, "row_id"])
    op.create_index("ix_deliveries_queue", "deliveries", ["clinic", "row_id"])
    op.create_index(
        "ix_deliveries_unfinished",
        "deliveries",
        ["clinic", "ehr", "created_at"],
        sqlite_where=_UNFINISHED,
        postgresql_where=_UNFINISHED,
    )


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_table("ehr_troubles")
    op.drop_index("ix_deliveries_unfinished", "deliveries")
    op.drop_index("ix_deliveries_queue", "deliveries")
    op.drop_column("deliveries", "failures")
    for name, columns in (("ix_deliveries_due", _DUE), ("ix_deliveries_patient", _PATIENT)):
        op.drop_index(name, "deliveries")
        op.create_index(name, "deliveries", columns)
