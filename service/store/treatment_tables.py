"""The table of ends of treatment: a row for every word said about it, the current one without an end."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Table

from service.store.columns import CURRENT, believed, clinic, index_where, metadata, row_id

# The dyad is that of alias and therapist: after a merge it follows the alias by itself.
treatment_ends = Table(
    "treatment_ends",
    metadata,
    row_id(),
    clinic(),
    Column("alias_row", ForeignKey("patient_aliases.row_id"), nullable=False),
    Column("therapist", String(255), nullable=False, server_default=""),  # as kept here; '' where unknown
    Column("ended_on", String(10), nullable=False),
    Column("reason", String(12), nullable=False),  # planned, transferred, client-left, other or unknown
    Column("source", String(8), nullable=False),  # caller, import or ehr
    Column("told_by", String(255)),  # the person, where a caller told it
    Column("episode", String(128)),  # the EHR's EpisodeOfCare that says it
    Column("withdrawn", Boolean, nullable=False),
    *believed(),
    index_where(CURRENT, "uq_treatment_ends_current", "clinic", "alias_row", "therapist", unique=True),
    Index("ix_treatment_ends_alias", "clinic", "alias_row"),
    Index("ix_treatment_ends_episode", "clinic", "episode"),
)
