"""The links by which clients fill a form: a row for each, with hashes of what opens it."""

from sqlalchemy import Column, Index, Integer, String, Table, Text, UniqueConstraint

from service.store.columns import clinic, instant, metadata, row_id

form_links = Table(
    "form_links",
    metadata,
    row_id(),
    clinic(),
    Column("id", String(36), nullable=False),
    # SHA-256 of the token in the address, of the code typed at a kiosk, of the token that a code gave.
    Column("token_hash", String(64), nullable=False),
    Column("code_hash", String(64), nullable=False),
    Column("kiosk_hash", String(64), nullable=False, server_default=""),
    Column("alias_row", Integer, nullable=False),
    Column("facts", Text, nullable=False),  # JSON: of whom, of which session, which forms, how shown
    Column("state", String(8), nullable=False),  # open | used | revoked
    Column("content_hash", String(64), nullable=False, server_default=""),  # of what came; '': nothing yet
    Column("outcome", Text, nullable=False, server_default="{}"),  # JSON: what each form came to
    Column("created_by", String(120), nullable=False),
    instant("created_at"),
    instant("expires_at"),
    instant("code_until"),
    instant("closed_at", nullable=True),
    UniqueConstraint("clinic", "id"),
    UniqueConstraint("clinic", "token_hash"),
    UniqueConstraint("clinic", "code_hash"),
    Index("ix_form_links_kiosk", "clinic", "kiosk_hash"),
    Index("ix_form_links_alias", "clinic", "alias_row"),
)
