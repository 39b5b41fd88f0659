"""The tables of what was erased: the certificates, and our ids that are never to be used again."""

from sqlalchemy import Column, String, Table, Text, UniqueConstraint

from service.store.columns import clinic, instant, metadata, row_id

# One row for each erasure. It names nobody: counts, our own keys, and the ids that the EHR gave.
erasures = Table(
    "erasures",
    metadata,
    row_id(),
    clinic(),
    Column("id", String(36), nullable=False),
    instant("erased_at"),
    Column("erased_by", String(255), nullable=False),
    Column("reason", Text, nullable=False),
    Column("certificate", Text, nullable=False),  # JSON
    UniqueConstraint("clinic", "id"),
)

# Ids of what was erased: what is sent again under one of them is refused.
erased_ids = Table(
    "erased_ids",
    metadata,
    row_id(),
    clinic(),
    Column("erased_id", String(64), nullable=False),
    UniqueConstraint("clinic", "erased_id"),
)
