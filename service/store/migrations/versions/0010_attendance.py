"""Attendance: whether a client came to each appointment.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "attendance",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("alias_row", sa.Integer(), nullable=False),
        sa.Column("patient", sa.String(255), nullable=False),
        sa.Column("therapist", sa.String(255), nullable=False, server_default=""),
        sa.Column("session_date", sa.String(10), nullable=False),
        sa.Column("session_number", sa.Integer()),
        sa.Column("encounter", sa.String(255)),
        sa.Column("identifier_system", sa.String(255), nullable=False),
        sa.Column("identifier_value", sa.String(255), nullable=False),
        sa.Column("received_at", sa.String(27), nullable=False),
        sa.Column("believed_from", sa.String(27), nullable=False),
        sa.Column("believed_until", sa.String(27)),
        sa.CheckConstraint("version >= 1", name=op.f("ck_attendance_version")),
        sa.ForeignKeyConstraint(
            ["alias_row"], ["patient_aliases.row_id"], name=op.f("fk_attendance_alias_row")
        ),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_attendance")),
        sa.UniqueConstraint("clinic", "id", "version", name=op.f("uq_attendance_clinic_id_version")),
    )
    current = sa.text("believed_until IS NULL")
    for name, columns in (
        ("uq_attendance_current", ["clinic", "id"]),
        ("uq_attendance_identifier", ["clinic", "identifier_system", "identifier_value"]),
    ):
        op.create_index(
            name, "attendance", columns, unique=True, sqlite_where=current, postgresql_where=current
        )
    op.create_index("ix_attendance_patient", "attendance", ["clinic", "alias_row", "session_date"])


def downgrade() -> None:
    """Go back to the revision before; what was recorded of attendance is lost."""
    op.drop_table("attendance")
