"""An audit that can be searched and checked: what an access was, whose record, and seals.

Revision ID: 0021
Revises: 0019

CAUTION: a later migration that makes ``audit_rows`` anew (batch operations do, on SQLite) loses its triggers
and must make them again, as ``guard`` does here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("interaction", sa.String(20), "operation"),
    ("resource", sa.String(40), ""),
    ("address", sa.String(45), ""),
    ("query", sa.String(255), ""),
    ("id", sa.String(40), ""),
)
_TABLES = ("audit_rows", "audit_seals", "audit_sealed", "audit_purges")
# What was purged, by a row that stays, may go: see service/audit.md.
_PURGED = """EXISTS (SELECT 1 FROM audit_sealed s JOIN audit_purges p
 ON p.clinic = s.clinic AND s.seal <= p.through_seal WHERE s.audit_row = OLD.row_id)"""
_GOES = {"audit_rows": _PURGED}


def upgrade() -> None:
    """Add the columns, the seals, and the triggers."""
    for name, kind, default in _COLUMNS:
        op.add_column("audit_rows", sa.Column(name, kind, nullable=False, server_default=default))
    op.add_column("audit_rows", sa.Column("patient_row", sa.Integer()))
    op.add_column("audit_rows", sa.Column("count", sa.Integer(), nullable=False, server_default="1"))
    # Rows from before say what they can: their action, and no patient.
    op.execute(
        "UPDATE audit_rows SET id = 'row-' || CAST(row_id AS VARCHAR(20)), interaction = CASE action"
        " WHEN 'C' THEN 'create' WHEN 'R' THEN 'read' WHEN 'U' THEN 'update' WHEN 'D' THEN 'delete'"
        " ELSE 'operation' END"
    )
    # The release before writes rows without an id while it is still running beside this one.
    named = sa.text("id <> ''")
    op.create_index(
        "uq_audit_rows_clinic_id",
        "audit_rows",
        ["clinic", "id"],
        unique=True,
        sqlite_where=named,
        postgresql_where=named,
    )
    op.create_index("ix_audit_rows_at", "audit_rows", ["clinic", "at", "row_id"])
    _index_where("ix_audit_rows_patient", ["clinic", "patient_row", "at"], "patient_row IS NOT NULL")
    _index_where("ix_audit_rows_subject", ["clinic", "subject"], "subject <> ''")
    _add_seals()
    for table in _TABLES:
        guard(table)


def downgrade() -> None:
    """Go back to the revision before; seals and what they prove are lost."""
    for table in _TABLES:
        _unguard(table)
    for table in ("audit_purges", "audit_sealed", "audit_seals"):
        op.drop_table(table)
    for name in ("subject", "patient", "at"):
        op.drop_index(f"ix_audit_rows_{name}", "audit_rows")
    op.drop_index("uq_audit_rows_clinic_id", "audit_rows")
    for name in ("count", "patient_row", *(name for name, _, _ in reversed(_COLUMNS))):
        op.drop_column("audit_rows", name)


def _index_where(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "audit_rows", columns, sqlite_where=where, postgresql_where=where)


def _add_seals() -> None:
    op.create_table(
        "audit_seals",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first_row", sa.Integer(), nullable=False),
        sa.Column("last_row", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("sealed_at", sa.String(27), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("rows_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name="pk_audit_seals"),
        sa.UniqueConstraint("clinic", "number", name="uq_audit_seals_clinic_number"),
    )
    op.create_table(
        "audit_sealed",
        sa.Column("audit_row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("seal", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("audit_row", name="pk_audit_sealed"),
    )
    op.create_index("ix_audit_sealed_seal", "audit_sealed", ["clinic", "seal"])
    op.create_table(
        "audit_purges",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("through_seal", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("purged_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name="pk_audit_purges"),
    )
    op.create_index("ix_audit_purges_clinic", "audit_purges", ["clinic"])


def guard(table: str) -> None:
    """Let a table only be added to; of audit rows those go that a purge names."""
    goes = _GOES.get(table)
    if op.get_bind().dialect.name != "postgresql":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END"
        unless = f"WHEN NOT {goes} " if goes else ""
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {unless}{refuse}")
        return
    unless = f"IF TG_OP = 'DELETE' AND {goes} THEN RETURN OLD; END IF; " if goes else ""
    op.execute(
        f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF TG_LEVEL = 'ROW' THEN {unless}NULL; END IF;"
        f" RAISE EXCEPTION '{table} is only added to'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {table}_refuse()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()"
    )


def _unguard(table: str) -> None:
    if op.get_bind().dialect.name != "postgresql":
        op.execute(f"DROP TRIGGER {table}_no_update")
        op.execute(f"DROP TRIGGER {table}_no_delete")
        return
    op.execute(f"DROP FUNCTION {table}_refuse() CASCADE")
