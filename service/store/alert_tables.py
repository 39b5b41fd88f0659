"""The tables of what people did about alerts, and of what paging systems are told of them."""

from sqlalchemy import Column, Index, Integer, String, Table, Text, UniqueConstraint, text

from service.store.columns import clinic, index_where, instant, metadata, row_id

# One row for every act, never changed. Its words are for /v1 alone: no EHR and no FHIR resource gets them.
alert_acts = Table(
    "alert_acts",
    metadata,
    row_id(),
    clinic(),
    Column("alert_id", String(64), nullable=False),
    Column("alert_version", Integer, nullable=False),  # the version that the act made
    Column("act", String(20), nullable=False),  # acknowledge, repair-steps, resolve-…, dismiss
    Column("step", String(40)),  # the code of a repair step
    Column("reason", String(20)),  # the code of a dismissal
    Column("words", Text),  # the text of a step, or the note
    Column("by_person", String(255), nullable=False),
    Column("caller", String(120), nullable=False),
    instant("at"),
    UniqueConstraint("clinic", "alert_id", "alert_version"),
)

# One row for each thing that the webhook's receiver is told, for as long as it takes.
webhook_events = Table(
    "webhook_events",
    metadata,
    row_id(),
    clinic(),
    Column("id", String(64), nullable=False),
    Column("type", String(40), nullable=False),  # alert.opened
    Column("alert_id", String(64), nullable=False),
    Column("alert_version", Integer, nullable=False),
    Column("severity", String(8), nullable=False),
    instant("occurred_at"),
    Column("state", String(12), nullable=False),  # pending | delivered | failed | stopped
    Column("tries", Integer, nullable=False, server_default=text("0")),
    instant("due_at"),
    instant("lease_until", nullable=True),
    Column(
        "endpoint", String(64), nullable=False, server_default=""
    ),  # fingerprint of the address tried last
    Column("status", Integer),  # of the last answer
    Column("reason", String(80), nullable=False, server_default=""),
    instant("updated_at"),
    UniqueConstraint("clinic", "id"),
    Index("ix_webhook_events_due", "clinic", "state", "due_at"),
    index_where("state = 'stopped'", "ix_webhook_events_stopped", "clinic", "endpoint"),
)
