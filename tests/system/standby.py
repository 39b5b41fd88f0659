"""A PostgreSQL server and its standby, to which every commit is copied before it is acknowledged."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from tests.system.database_wire import DatabaseWire
from tests.system.postgres import (
    OWNER,
    copy_cluster,
    folder_of,
    new_database,
    new_folder,
    promote_server,
    run_sql,
    running_postgres,
    start_server,
    stop_server,
)
from tests.system.waiting import wait_until

_NAME = "alliance"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two servers, each behind a wire of its own; ``url`` names both, and asks for the one that may write."""

    primary: str
    standby: str
    wires: tuple[DatabaseWire, DatabaseWire]

    @property
    def url(self) -> str:
        """The database's URL as an operator writes it."""
        places = ",".join(wire.place for wire in self.wires)
        return f"postgresql://{OWNER}@{places}/{_NAME}?target_session_attrs=read-write"

    def kill_primary(self) -> None:
        """End the primary as a crash would."""
        stop_server(self.primary)

    def promote(self) -> None:
        """Let the standby be the primary."""
        promote_server(self.standby)


@contextmanager
def running_pair() -> Iterator[Pair]:
    """Give both, with an empty database on them."""
    with running_postgres() as primary, new_folder() as folder:
        new_database(primary, _NAME)
        standby = primary.replace(folder_of(primary), str(folder))
        copy_cluster(primary, standby)
        start_server(standby)
        try:
            run_sql(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'")
            run_sql(primary, "SELECT pg_reload_conf()")
            wait_until(lambda: _is_copied(primary), seconds=30, what="the standby to be in step")
            with DatabaseWire(folder_of(primary)) as one, DatabaseWire(str(folder)) as two:
                yield Pair(primary, standby, (one, two))
        finally:
            stop_server(standby)


def _is_copied(primary: str) -> bool:
    with psycopg.connect(primary) as connection:
        found = connection.execute("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")
        return found.fetchone() == (1,)
