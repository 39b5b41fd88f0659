"""The tables of a clinic's own norms, of who put them into force, and of the rule that raises alerts."""

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text, UniqueConstraint

from service.store.columns import clinic, instant, metadata, row_id

# A version, once fitted, is never overwritten.
norms = Table(
    "norms",
    metadata,
    row_id(),
    clinic(),
    Column("norm_id", String(120), nullable=False),
    Column("version", String(40), nullable=False),
    Column("text", Text, nullable=False),  # the norm file, JSON
    instant("created_at"),
    UniqueConstraint("clinic", "norm_id", "version"),
)

norm_approvals = Table(
    "norm_approvals",
    metadata,
    row_id(),
    clinic(),
    Column("norm_row", ForeignKey("norms.row_id"), nullable=False),
    Column("approved_by", String(255), nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("shown", Text, nullable=False),  # JSON: how the alert rate would have changed, as they saw it
    instant("in_force_from"),
    Index("ix_norm_approvals_clinic", "clinic", "in_force_from"),
)

# Which rule raised alerts from when on; '' is: from the beginning.
alert_rules = Table(
    "alert_rules",
    metadata,
    row_id(),
    clinic(),
    Column("rule", String(40), nullable=False),
    instant("in_force_from"),
    UniqueConstraint("clinic", "in_force_from"),
)
