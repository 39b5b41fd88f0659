"""The second lock on PostgreSQL: a transaction sees and writes rows of the one clinic that it was begun for.

The first lock is that each query names the clinic. Policies hold for the owner of the tables too, not for a
superuser. Source: postgresql.org/docs/15/ddl-rowsecurity.html.
"""

from sqlalchemy import Connection, text

_POSTGRESQL = "postgresql"
_CLINIC, _ALL = "alliance.clinic", "alliance.all"
POLICY = "of_clinic"
# Whatever migration made a table: no later one can forget it.
_GUARD = text(f"""
DO $$
DECLARE
    unguarded text;
BEGIN
    FOR unguarded IN
        SELECT c.table_name FROM information_schema.columns c
        JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
        WHERE c.table_schema = current_schema() AND c.column_name = 'clinic' AND t.table_type = 'BASE TABLE'
        AND NOT EXISTS (
            SELECT 1 FROM pg_policies p WHERE p.schemaname = c.table_schema AND p.tablename = c.table_name
        )
    LOOP
        EXECUTE format(
            'CREATE POLICY {POLICY} ON %I USING (clinic = current_setting(''{_CLINIC}'', true)'
            ' OR current_setting(''{_ALL}'', true) = ''on'')', unguarded
        );
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', unguarded);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', unguarded);
    END LOOP;
END $$
""")  # noqa: S608 - our own words alone are put in
# For the transaction alone: the next user of the connection finds nothing of it.
_FOR_CLINIC = text(f"SELECT set_config('{_CLINIC}', :clinic, true)")
_PASSES_BY = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
_FOR_ALL = text(f"SELECT set_config('{_ALL}', 'on', true)")


def guard_tables(tx: Connection) -> None:
    """Put the policy on every table that has a clinic; SQLite knows no such thing."""
    if tx.dialect.name == _POSTGRESQL:
        tx.execute(_GUARD)


def narrow_to(tx: Connection, clinic: str | None) -> None:
    """Let a transaction that has just begun see this clinic's rows alone; None: those of all clinics."""
    if tx.dialect.name != _POSTGRESQL:
        return
    if clinic is None:
        tx.execute(_FOR_ALL)
    else:
        tx.execute(_FOR_CLINIC, {"clinic": clinic})


def passes_by_policies(tx: Connection) -> bool:
    """Tell whether this user sees all clinics' rows whatever the policies say."""
    return tx.dialect.name == _POSTGRESQL and bool(tx.execute(_PASSES_BY).scalar_one())
