"""The table of attendance. As everywhere, a correction is a new row, believed from then on."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from service.store.columns import CURRENT, believed, clinic, index_where, instant, metadata, row_id

# Whether a client came to one appointment. The dyad is that of alias and therapist: after a merge it follows
# the alias by itself.
attendance = Table(
    "attendance",
    metadata,
    row_id(),
    clinic(),
    Column("id", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", String(20), nullable=False),  # attended, missed, late-cancelled or entered-in-error
    Column("alias_row", ForeignKey("patient_aliases.row_id"), nullable=False),
    Column("patient", String(255), nullable=False),  # as sent
    Column("therapist", String(255), nullable=False, server_default=""),  # as kept here; '' where unknown
    Column("session_date", String(10), nullable=False),
    Column("session_number", Integer),
    Column("encounter", String(255)),
    Column("identifier_system", String(255), nullable=False),
    Column("identifier_value", String(255), nullable=False),
    instant("received_at"),  # when version 1 arrived
    *believed(),
    UniqueConstraint("clinic", "id", "version"),
    CheckConstraint("version >= 1", name="version"),
    index_where(CURRENT, "uq_attendance_current", "clinic", "id", unique=True),
    index_where(
        CURRENT, "uq_attendance_identifier", "clinic", "identifier_system", "identifier_value", unique=True
    ),
    Index("ix_attendance_patient", "clinic", "alias_row", "session_date"),
)
