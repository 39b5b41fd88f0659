"""The tables of cards that an EHR was given (CDS Hooks), and of its tokens, which count once."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from service.store.columns import clinic, instant, metadata, row_id

# What feedback is found by: it names a card, and neither a patient nor who read it.
cards = Table(
    "cards",
    metadata,
    row_id(),
    clinic(),
    Column("id", String(36), nullable=False),
    Column("alias_row", ForeignKey("patient_aliases.row_id"), nullable=False),
    Column("person", String(255), nullable=False),
    Column("alert_id", String(36)),  # none: a measure that is due
    Column("alert_version", Integer),
    instant("shown_at"),
    Column("outcome", String(10)),
    instant("settled_at", nullable=True),
    UniqueConstraint("clinic", "id"),
    Index("ix_cards_alias", "clinic", "alias_row"),
)

# Hashes of a token's issuer and `jti`: a row goes once the token has expired.
used_tokens = Table(
    "used_tokens",
    metadata,
    row_id(),
    clinic(),
    Column("hash", String(64), nullable=False),
    instant("expires_at"),
    UniqueConstraint("clinic", "hash"),
    Index("ix_used_tokens_expires", "clinic", "expires_at"),
)
