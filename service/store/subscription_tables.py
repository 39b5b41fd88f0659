"""The tables of topic-based Subscriptions: who is told of what, what happened, and its number for each."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint, false, text

from service.store.columns import clinic, index_where, instant, metadata, row_id

# Who is told of what. What its caller may see stands with it: scopes, and whom they are held to.
subscriptions = Table(
    "subscriptions",
    metadata,
    row_id(),
    clinic(),
    Column("id", String(36), nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", String(12), nullable=False),  # requested | active | error | off
    Column("topic", String(20), nullable=False),
    Column("filters", Text, nullable=False),  # JSON: a list of texts as they were sent
    Column("about", String(255)),  # the one patient that a filter names
    Column("reason", String(255), nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("content", String(16), nullable=False),
    Column("heartbeat_seconds", Integer),
    Column("timeout_seconds", Integer),
    Column("most_events", Integer),
    Column("header_names", Text, nullable=False),  # JSON: a list; their values stand in subscription_secrets
    instant("end_at"),
    Column("base", String(255), nullable=False),  # the address of our door, as its caller used it
    Column("caller", String(120), nullable=False),
    Column("credential", String(24), nullable=False),  # key <id> | token | loopback
    Column("scopes", Text, nullable=False),
    Column("person", String(255)),
    Column("patient", String(255)),
    Column("supervises", Boolean, nullable=False, server_default=false()),
    Column("events", Integer, nullable=False, server_default=text("0")),  # the highest number given
    Column("delivered", Integer, nullable=False, server_default=text("0")),  # the highest number taken
    Column("failures", Integer, nullable=False, server_default=text("0")),  # in a row
    Column("fault", String(120), nullable=False, server_default=""),
    instant("due_at"),
    instant("heartbeat_at", nullable=True),
    Column("claims", Integer, nullable=False, server_default=text("0")),
    instant("lease_until", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    UniqueConstraint("clinic", "id"),
    Index("ix_subscriptions_due", "clinic", "status", "due_at"),
)

# The headers' values, sent with every notice. Nothing that shows, exports or audits reads this table.
subscription_secrets = Table(
    "subscription_secrets",
    metadata,
    row_id(),
    clinic(),
    Column("subscription_id", String(36), nullable=False),
    Column("headers", Text, nullable=False),  # JSON: a list of [name, value]
    UniqueConstraint("clinic", "subscription_id"),
)

# One row for each thing that happened, in the transaction of what made it. Known by its id: SQLite gives the
# number of a row that is gone again.
topic_events = Table(
    "topic_events",
    metadata,
    row_id(),
    clinic(),
    Column("id", String(36), nullable=False),
    Column("topic", String(20), nullable=False),
    Column("subject_id", String(64), nullable=False),  # of a response or an alert
    Column("subject_version", Integer, nullable=False),
    Column("alias_row", Integer, nullable=False),
    instant("at"),
    instant("spread_at", nullable=True),
    UniqueConstraint("clinic", "id"),
    index_where("spread_at IS NULL", "ix_topic_events_new", "clinic"),
    Index("ix_topic_events_subject", "clinic", "subject_id"),
)

# The number that an event has for one subscription: none is left out or given twice. It tells of nobody, so
# that the numbers stay when the event is erased with its patient.
notices = Table(
    "notices",
    metadata,
    row_id(),
    clinic(),
    Column("subscription_id", String(36), nullable=False),
    Column("number", Integer, nullable=False),
    Column("event_id", String(36), nullable=False),
    instant("at"),
    UniqueConstraint("clinic", "subscription_id", "number"),
    Index("ix_notices_event", "clinic", "event_id"),
    Index("ix_notices_at", "clinic", "at"),
)
