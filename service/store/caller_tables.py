"""The table of API keys, and one that only the release before writes."""

from sqlalchemy import Boolean, Column, Integer, String, Table, Text, UniqueConstraint, false

from service.store.columns import clinic, instant, metadata, row_id

# Never the key itself: its hash finds it, its beginning lets people tell keys apart.
api_keys = Table(
    "api_keys",
    metadata,
    row_id(),
    clinic(),
    Column("id", String(16), nullable=False),
    Column("name", String(80), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("beginning", String(80), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("practitioner", String(255)),
    Column("patient", String(255)),
    Column("supervises", Boolean, nullable=False, server_default=false()),
    instant("created_at"),
    instant("expires_at"),
    instant("revoked_at", nullable=True),
    instant("last_used_at", nullable=True),  # to the hour
    UniqueConstraint("clinic", "id"),
    UniqueConstraint("clinic", "hash"),
)

# Written by the release before, while it runs beside this one; nothing reads it. The audit counts refusals
# (api/refused_audit.py). The next generation of the schema drops it.
refusal_counts = Table(
    "refusal_counts",
    metadata,
    row_id(),
    clinic(),
    instant("minute"),
    Column("source", String(64), nullable=False),
    Column("cause", String(32), nullable=False),
    Column("count", Integer, nullable=False),
    UniqueConstraint("clinic", "minute", "source", "cause"),
)
