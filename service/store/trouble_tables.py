"""The table of an EHR's troubles: what one process sees of it, all others can tell."""

from sqlalchemy import Column, String, Table, UniqueConstraint

from service.store.columns import clinic, instant, metadata, row_id

ehr_troubles = Table(
    "ehr_troubles",
    metadata,
    row_id(),
    clinic(),
    Column("ehr", String(40), nullable=False),
    instant("since", nullable=True),  # NULL: it answers
    UniqueConstraint("clinic", "ehr"),
)
