"""The table of how fast an EHR is asked: what one process books, no other sends."""

from sqlalchemy import Column, String, Table, UniqueConstraint

from service.store.columns import clinic, instant, metadata, row_id

ehr_pace = Table(
    "ehr_pace",
    metadata,
    row_id(),
    clinic(),
    Column("ehr", String(40), nullable=False),
    instant("booked_until"),
    UniqueConstraint("clinic", "ehr"),
)
