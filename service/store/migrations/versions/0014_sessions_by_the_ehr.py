"""Sessions by the EHR: Encounters to look up, visits read; one watcher of an EHR at a time.

Revision ID: 0014
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, and to the cursor of forms what watchers tell each other."""
    _add_look_ups()
    _add_cursors()
    for name, length in (("told_at", 27), ("looked_at", 27), ("lease_owner", 120), ("lease_until", 27)):
        op.add_column("inbound_cursors", sa.Column(name, sa.String(length)))


def downgrade() -> None:
    """Go back to the revision before; what was still to be looked up stays unknown."""
    for name in ("lease_until", "lease_owner", "looked_at", "told_at"):
        op.drop_column("inbound_cursors", name)
    op.drop_table("visit_cursors")
    op.drop_table("encounter_look_ups")


def _add_look_ups() -> None:
    op.create_table(
        "encounter_look_ups",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("ehr", sa.String(40), nullable=False),
        sa.Column("response_id", sa.String(64), nullable=False),
        sa.Column("encounter_id", sa.String(64), nullable=False),
        sa.Column("wants_therapist", sa.Boolean(), nullable=False),
        sa.Column("wants_date", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("therapist", sa.String(255), nullable=False, server_default=""),
        sa.Column("session_date", sa.String(10), nullable=False, server_default=""),
        sa.Column("tries", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("reason", sa.String(255), nullable=False, server_default=""),
        sa.Column("due_at", sa.String(27), nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_encounter_look_ups")),
        sa.UniqueConstraint("clinic", "response_id", name=op.f("uq_encounter_look_ups_clinic_response_id")),
    )
    op.create_index("ix_encounter_look_ups_due", "encounter_look_ups", ["clinic", "ehr", "state", "due_at"])


def _add_cursors() -> None:
    op.create_table(
        "visit_cursors",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("ehr", sa.String(40), nullable=False),
        sa.Column("visit_type", sa.String(20), nullable=False),
        sa.Column("read_until", sa.String(40), nullable=False, server_default=""),
        sa.Column("trouble", sa.String(255), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_visit_cursors")),
        sa.UniqueConstraint(
            "clinic", "ehr", "visit_type", name=op.f("uq_visit_cursors_clinic_ehr_visit_type")
        ),
    )
