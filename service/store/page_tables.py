"""The table of sign-ins at the clinician's page."""

from sqlalchemy import Boolean, Column, String, Table, Text, UniqueConstraint, false

from service.store.columns import clinic, instant, metadata, row_id

# Never the cookie itself: its hash finds the row. No token of the identity provider is kept.
page_sign_ins = Table(
    "page_sign_ins",
    metadata,
    row_id(),
    clinic(),
    Column("hash", String(64), nullable=False),
    Column("caller", String(120), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("practitioner", String(255)),
    Column("supervises", Boolean, nullable=False, server_default=false()),
    instant("created_at"),
    instant("seen_at"),  # to the minute
    instant("expires_at"),
    UniqueConstraint("clinic", "hash"),
)
