"""Forms filled in the EHR are taken in: what came, how far was read, and whom the EHR replaced.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, and find responses and chart entries by the EHR's ids."""
    op.create_table(
        "inbound_responses",
        _row_id(),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("ehr", sa.String(40), nullable=False),
        sa.Column("ehr_id", sa.String(64), nullable=False),
        sa.Column("ehr_version", sa.String(64), nullable=False),
        sa.Column("origin", sa.String(8), nullable=False, server_default="ehr"),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("reason", sa.String(255), nullable=False, server_default=""),
        sa.Column("faults", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("response_id", sa.String(64)),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.Column("tries", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("discard_reason", sa.Text()),
        sa.Column("received_at", sa.String(27), nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name="pk_inbound_responses"),
        sa.UniqueConstraint("clinic", "id", name="uq_inbound_responses_clinic_id"),
        sa.UniqueConstraint(
            "clinic",
            "ehr",
            "ehr_id",
            "ehr_version",
            name="uq_inbound_responses_clinic_ehr_ehr_id_ehr_version",
        ),
    )
    op.create_index("ix_inbound_responses_state", "inbound_responses", ["clinic", "ehr", "state"])
    op.create_table(
        "inbound_cursors",
        _row_id(),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("ehr", sa.String(40), nullable=False),
        sa.Column("read_until", sa.String(40), nullable=False, server_default=""),
        sa.Column("forms", sa.String(64), nullable=False, server_default=""),
        sa.Column("trouble", sa.String(255), nullable=False, server_default=""),
        sa.Column("polled_at", sa.String(27)),
        sa.PrimaryKeyConstraint("row_id", name="pk_inbound_cursors"),
        sa.UniqueConstraint("clinic", "ehr", name="uq_inbound_cursors_clinic_ehr"),
    )
    op.create_table(
        "patient_replacements",
        _row_id(),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("ehr", sa.String(40), nullable=False),
        sa.Column("reference", sa.String(255), nullable=False),
        sa.Column("surviving", sa.String(255), nullable=False),
        sa.Column("learnt_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name="pk_patient_replacements"),
        sa.UniqueConstraint(
            "clinic", "ehr", "reference", name="uq_patient_replacements_clinic_ehr_reference"
        ),
    )
    named = sa.text("ehr_reference IS NOT NULL")
    op.create_index(
        "ix_responses_ehr_reference",
        "responses",
        ["clinic", "ehr_reference"],
        sqlite_where=named,
        postgresql_where=named,
    )
    op.create_index("ix_chart_entries_ehr_id", "chart_entries", ["clinic", "ehr", "ehr_id"])


def downgrade() -> None:
    """Go back to the revision before; what was parked is lost here, and still in the EHR."""
    op.drop_index("ix_chart_entries_ehr_id", "chart_entries")
    op.drop_index("ix_responses_ehr_reference", "responses")
    op.drop_table("patient_replacements")
    op.drop_table("inbound_cursors")
    op.drop_table("inbound_responses")


def _row_id() -> sa.Column[int]:
    return sa.Column("row_id", sa.Integer(), nullable=False, autoincrement=True)
