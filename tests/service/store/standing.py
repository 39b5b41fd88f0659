"""Databases that another release migrated."""

from service.store.database import Database


def stand_at(database: Database, revision: str) -> None:
    """Make a database say that it was brought to this revision."""
    with database.write() as tx:
        tx.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")  # noqa: S608 - a test's own
