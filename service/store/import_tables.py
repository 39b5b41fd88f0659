"""The tables of imports: one row for each, the rows that were refused, and the dyads left to be judged."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from service.store.columns import clinic, instant, metadata, row_id

# One file that was, or is being, imported. It names nobody.
imports = Table(
    "imports",
    metadata,
    row_id(),
    clinic(),
    Column("id", String(36), nullable=False),
    Column("state", String(12), nullable=False),  # recording | judging | done
    Column("dry_run", Boolean, nullable=False),
    Column("queue_deliveries", Boolean, nullable=False),
    Column("caller", String(120), nullable=False),
    Column("line", Integer, nullable=False),  # the last line that is settled
    Column("digest", String(64), nullable=False),  # of the file up to that line
    Column("recorded", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("deliveries", Integer, nullable=False),
    instant("started_at"),
    instant("updated_at"),
    UniqueConstraint("clinic", "id"),
)

# One fault of one refused row: where it stands and why, never what stood there.
import_refusals = Table(
    "import_refusals",
    metadata,
    row_id(),
    clinic(),
    Column("import_id", String(36), nullable=False),
    Column("line", Integer, nullable=False),
    Column("at", String(255), nullable=False),  # the column; '' for the row as a whole
    Column("reason", String(64), nullable=False),
    Column("message", Text, nullable=False),
    Index("ix_import_refusals_import", "clinic", "import_id", "row_id"),
)

# Dyads with imported ratings that no review has seen yet.
unjudged_dyads = Table(
    "unjudged_dyads",
    metadata,
    row_id(),
    clinic(),
    Column("dyad_row", ForeignKey("dyads.row_id"), nullable=False),
    UniqueConstraint("clinic", "dyad_row"),
)
