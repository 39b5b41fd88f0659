"""The tables that let the audit be checked. Triggers refuse every change to them (migration 0021).

A seal is one link of a clinic's hash chain. Which rows it covers stands in a table of its own, since numbers
of rows are no order of commits on PostgreSQL: a row with a lower number may come after a seal.
"""

from sqlalchemy import Column, Index, Integer, String, Table, UniqueConstraint, text

from service.store.columns import clinic, instant, metadata, row_id

audit_seals = Table(
    "audit_seals",
    metadata,
    row_id(),
    clinic(),
    Column("number", Integer, nullable=False),  # 1, 2, 3, … for each clinic
    Column("first_row", Integer, nullable=False),
    Column("last_row", Integer, nullable=False),
    Column("count", Integer, nullable=False),
    instant("sealed_at"),
    Column("previous", String(64), nullable=False),  # the hash of the seal before; '' for the first
    Column("rows_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    # Which columns of its rows it covers (audit_seals.py); 1 is what the releases before made.
    Column("form", Integer, nullable=False, server_default=text("1")),
    UniqueConstraint("clinic", "number"),
)

audit_sealed = Table(
    "audit_sealed",
    metadata,
    Column("audit_row", Integer, primary_key=True, autoincrement=False),
    clinic(),
    Column("seal", Integer, nullable=False),
    Index("ix_audit_sealed_seal", "clinic", "seal"),
)

# The rows of the seals up to one were removed when they had been kept long enough; the seals stay.
audit_purges = Table(
    "audit_purges",
    metadata,
    row_id(),
    clinic(),
    Column("through_seal", Integer, nullable=False),
    Column("hash", String(64), nullable=False),  # of that seal
    Column("count", Integer, nullable=False),
    instant("purged_at"),
    Index("ix_audit_purges_clinic", "clinic"),
)
