"""The tables of exports: the jobs, what their clients must forget, and the keys of who gets pseudonyms."""

from sqlalchemy import Column, Index, Integer, String, Table, Text, UniqueConstraint, text

from service.store.columns import clinic, index_where, instant, metadata, row_id

# One row for each export until its files are gone; how far it is, is committed with each piece of it.
exports = Table(
    "exports",
    metadata,
    row_id(),
    clinic(),
    Column("id", String(36), nullable=False),
    Column("caller", String(120), nullable=False),  # who asked, and alone may fetch it
    Column("request", Text, nullable=False),  # the address that was asked for
    Column("request_id", String(64), nullable=False),
    Column("route", String(120), nullable=False),
    Column("types", Text, nullable=False),  # separated by commas
    instant("since", nullable=True),
    Column("therapist", String(255)),  # whose caseload it is; NULL: all patients
    Column("notes", Text, nullable=False, server_default="[]"),  # JSON: what was left out of account
    Column("state", String(12), nullable=False),  # accepted | running | complete | failed | cancelled
    instant("created_at"),  # the moment whose rows it holds
    instant("expires_at", nullable=True),
    # Each taking over writes files of its own: who was thought dead may write on in its own.
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("lease_owner", String(64)),
    instant("lease_until", nullable=True),
    Column("after_row", Integer, nullable=False, server_default=text("-1")),  # the last alias that is in
    Column("patients_done", Integer, nullable=False, server_default=text("0")),
    Column("patients_total", Integer, nullable=False, server_default=text("0")),
    Column("files", Text, nullable=False, server_default="[]"),  # JSON: name, type, bytes, lines
    UniqueConstraint("clinic", "id"),
    Index("ix_exports_state", "clinic", "state"),
)

# Our own ids of what was erased, or is not to be shared any more: an export since then says that it is gone.
gone_resources = Table(
    "gone_resources",
    metadata,
    row_id(),
    clinic(),
    Column("reference", String(160), nullable=False),  # Observation/<response id>.total
    # In whose caseload it was, '' where unknown; NULL where in several, or nobody kept it.
    Column("therapist", String(255)),
    instant("gone_at"),
    UniqueConstraint("clinic", "reference"),
    Index("ix_gone_resources_gone_at", "clinic", "gone_at"),
)

# The secret that makes one recipient's pseudonyms. A revoked one is empty: nobody can make them again.
export_keys = Table(
    "export_keys",
    metadata,
    row_id(),
    clinic(),
    Column("id", String(16), nullable=False),
    Column("recipient", String(80), nullable=False),
    Column("secret", String(64), nullable=False),
    instant("created_at"),
    instant("revoked_at", nullable=True),
    UniqueConstraint("clinic", "id"),
    index_where("revoked_at IS NULL", "uq_export_keys_recipient", "clinic", "recipient", unique=True),
)
