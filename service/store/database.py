"""The database: one engine, read and write transactions, migrations.

SQLite in WAL with ``synchronous=FULL``: a commit that returned survives a power cut. A write transaction
begins with BEGIN IMMEDIATE, so that what it read first cannot change under it.

PostgreSQL: a read sees one moment (REPEATABLE READ). A write is READ COMMITTED: it locks the rows that it
decides by (aliases, dyads, responses, deliveries) and reads after it has them, and the unique indexes stand
behind that. Where two still meet, the loser is undone whole and raises ``LostRace``: see ``lost_races.py``.

What works for a request keeps to its time (``service/time_limit.py``): SQLite asks every so many steps
whether to go on, PostgreSQL is told with the transaction how long a statement may take.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from copy import copy
from pathlib import Path
from typing import Any

from alembic import command
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, ExceptionContext, bindparam, create_engine, event, text
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from service.errors import LostRace, OutOfTime, SettingsRefused, StoreAway, StoreFull
from service.store.revisions import alembic_config, can_work_on, is_too_new
from service.store.row_security import guard_tables, narrow_to, passes_by_policies
from service.store.server import connect_arguments, url_for_driver
from service.store.shared_commits import SharedCommits
from service.time_limit import is_over, seconds_left

Tx = Connection

_BUSY_MILLISECONDS = 30_000
_CANNOT_OPEN = (
    "ALLIANCE_DATABASE_URL: the database cannot be opened or written; does its folder exist, may this user"
    " write there, and is the file a database of this service? On PostgreSQL: does the server answer, do name"
    " and password fit, and may this user make tables?"
)
_TOO_NEW = (
    "ALLIANCE_DATABASE_URL: the database was migrated by a newer release, and this one cannot work on it:"
    " start that release again, or restore the backup that was made before it"
)
_POSTGRESQL = "postgresql"
# serialization_failure, deadlock_detected, unique_violation (postgresql.org/docs/15/errcodes-appendix.html).
_RACES = frozenset({"40001", "40P01", "23505"})
# read_only_sql_transaction: a standby, or a server that was told to write nothing. undefined_table: a restore
# is under way. Both are no error of ours, and not the driver's OperationalError.
_READ_ONLY, _NO_TABLE = "25006", "42P01"
# SQLITE_FULL (sqlite.org/rescode.html) and disk_full.
_SQLITE_FULL, _POSTGRESQL_FULL = 13, "53100"
# SQLITE_INTERRUPT and query_canceled.
_SQLITE_INTERRUPTED, _POSTGRESQL_CANCELED = 9, "57014"
# Some milliseconds of work; asked more often, a look at the clock would be felt.
_STEPS_BETWEEN_LOOKS = 10_000
# What a thousand imported rows change of a large file, with some to spare; usually SQLite keeps 2 MB. With
# less each page is written and read again several times before the commit. Negative: in KiB
# (sqlite.org/pragma.html#pragma_cache_size).
_MANY_PAGES = -65_536
# The log is brought into the file once it has so many pages, in place of a thousand, which each commit of an
# import exceeds: what comes again in the next one is then written once (sqlite.org/wal.html#ckpt).
_PAGES_IN_LOG = 16_384
_STATEMENT_TIMEOUT = text("SELECT set_config('statement_timeout', :milliseconds, true)")
_IS_READ_ONLY = text("SHOW transaction_read_only")
# A synchronous standby that is lost makes every COMMIT wait for ever: no timeout of ours or the server's ends
# that (postgresql.org/docs/15/warm-standby.html, "Synchronous Replication").
_COMMITS_WAIT = text(
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event = 'SyncRep' AND state_change < clock_timestamp() - interval '10 seconds')"
)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))").bindparams(bindparam("name"))


class Database:
    """One database. Thread-safe; ``close`` it at the end.

    As it is opened it reaches the rows of all clinics: for migrations, and what spans them. ``of`` gives what
    reaches one clinic's rows alone, which is all that a deployment ever has.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._clinic: str | None = None
        pool = {"pool_size": 16, "max_overflow": 16, "pool_timeout": 30, "hide_parameters": True}
        if url.startswith(_POSTGRESQL):
            for_driver = url_for_driver(url)
            self._engine = create_engine(
                for_driver,
                **pool,
                pool_pre_ping=True,
                isolation_level="READ COMMITTED",
                connect_args=connect_arguments(for_driver),
            )
            event.listen(self._engine, "handle_error", _leave_what_cannot_write)
            self._reading = self._engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        else:
            # The connection given back last comes first: so few of them hold much of the file.
            self._engine = create_engine(url, **pool, pool_use_lifo=True)
            event.listen(self._engine, "connect", _prepare_connection)
            event.listen(self._engine, "begin", _begin)
            self._reading = self._engine.execution_options()
        self._writing = self._engine.execution_options(writes=True)
        # SQLite has one writer at a time, and one that finds it busy sleeps for milliseconds and asks again.
        # Our own threads queue here instead, are woken at once, and share what the disk takes long for.
        # PostgreSQL does both itself.
        self._shared = None if url.startswith(_POSTGRESQL) else SharedCommits(self._writing)

    def of(self, clinic: str) -> "Database":
        """Return the same database, on the same connections, for one clinic alone."""
        return self._for(clinic)

    def across_clinics(self) -> "Database":
        """Return the same database for all clinics. CAUTION: for sums that tell of no clinic."""
        return self._for(None)

    def _for(self, clinic: str | None) -> "Database":
        view = copy(self)
        view._clinic = clinic  # noqa: SLF001 - it is one of ours
        return view

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Give a transaction that sees one moment and changes nothing.

        Raises ``StoreAway``, and ``OutOfTime`` where it works for a request whose time is over.
        """
        with _told_apart(), self._reading.connect() as tx, tx.begin():
            narrow_to(tx, self._clinic)
            _limit(tx)
            yield tx

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """Give a transaction that is committed durably at the end, or rolled back whole on an error.

        Raises ``LostRace`` where another write came between, ``StoreAway``, ``StoreFull``, and ``OutOfTime``
        where it works for a request whose time is over.
        """
        shared = self._shared
        with _told_apart(), shared.write() if shared else self._writing.begin() as tx:
            narrow_to(tx, self._clinic)
            _limit(tx)
            yield tx

    @contextmanager
    def write_many(self) -> Iterator[Tx]:
        """Give a transaction as ``write`` does, for changes all over the file: SQLite holds more of it.

        Its log grows to 64 MB before it is brought into the file. It holds the memory until ``many_writes``
        ends: given back and taken again with each transaction, it falls into pieces and grows all the time.
        """
        with self.write() as tx:
            if tx.dialect.name != _POSTGRESQL:
                tx.exec_driver_sql(f"PRAGMA cache_size={_MANY_PAGES}")
                tx.exec_driver_sql(f"PRAGMA wal_autocheckpoint={_PAGES_IN_LOG}")
            yield tx

    @contextmanager
    def many_writes(self) -> Iterator[None]:
        """Give back at the end what ``write_many`` holds, on SQLite alone; others' transactions go on."""
        try:
            yield
        finally:
            if not self.is_postgresql:
                self._engine.dispose()

    @contextmanager
    def rehearse(self) -> Iterator[Tx]:
        """Give a write transaction that is rolled back whole at the end."""
        alone = self._shared.alone() if self._shared else nullcontext()
        with alone, _told_apart(), self._writing.connect() as tx, tx.begin() as begun:
            narrow_to(tx, self._clinic)
            _limit(tx)
            yield tx
            begun.rollback()

    def migrate(self) -> None:
        """Bring the schema to the newest revision; does nothing where it is there, or at a newer that fits.

        Of several processes that start at once one migrates, and the others wait for it. Raises
        ``SettingsRefused`` where the database cannot be opened or written, or is too new for this release.
        """
        if not self.url.startswith(_POSTGRESQL):
            _keep_to_ourselves(self._engine.url.database or "")
        try:
            with self._writing.connect() as tx, tx.begin():
                lock_name(tx, "alliance migrations")
                narrow_to(tx, None)
                found = MigrationContext.configure(tx).get_current_revision()
                if is_too_new(found):
                    raise SettingsRefused([_TOO_NEW])
                if not can_work_on(found):
                    config = alembic_config()
                    config.attributes["connection"] = tx
                    command.upgrade(config, "head")
                    guard_tables(tx)
        except DatabaseError as error:
            raise SettingsRefused([_CANNOT_OPEN]) from error

    def is_current(self) -> bool:
        """Tell whether the database answers and is at the newest revision, or at a newer one that fits.

        Raises ``StoreAway``, also where the server takes no writes, as a standby does, or ends none, since it
        waits for a standby that is lost.
        """
        with _told_apart(), self._engine.connect() as tx:
            if self.is_postgresql:
                if tx.execute(_IS_READ_ONLY).scalar_one() == "on":
                    tx.invalidate()
                    raise StoreAway
                if tx.execute(_COMMITS_WAIT).scalar_one():
                    raise StoreAway
            return can_work_on(MigrationContext.configure(tx).get_current_revision())

    def passes_by_row_security(self) -> bool:
        """Tell whether the user is one whom no policy holds to one clinic's rows, as a superuser is.

        False on SQLite, which has none. Raises ``StoreError``.
        """
        with self.read() as tx:
            return passes_by_policies(tx)

    def scrub(self) -> bool:
        """Leave nothing in a SQLite file of rows that were deleted; tell whether nothing is left.

        It writes the file anew, during which others wait to write. False on PostgreSQL, whose VACUUM gives
        the space free without overwriting it, and where a reader kept the log of SQLite from being emptied.
        Raises ``StoreError``.
        """
        if self._shared is None:
            return False
        with self._shared.alone(), _told_apart():
            connection = self._engine.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute("VACUUM")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                busy, _, _ = cursor.fetchone() or (1, 0, 0)
                return not busy
            finally:
                connection.close()

    @property
    def is_postgresql(self) -> bool:
        """Whether it is on a server, not in a file."""
        return self._engine.dialect.name == _POSTGRESQL

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @property
    def engine(self) -> Engine:
        """The engine, for migrations and tests."""
        return self._engine


def _keep_to_ourselves(file: str) -> None:
    """Take a database's files away from other users: one that others made readable, or a former release.

    What is made new takes its mode from the process's umask, and the journals theirs from the database.
    """
    for path in (Path(f"{file}{suffix}") for suffix in ("", "-wal", "-shm")):
        with suppress(OSError):  # it is not there, or not ours
            path.chmod(0o600)


def lock_name(tx: Tx, name: str) -> None:
    """Hold a lock of this name until the transaction ends; SQLite, with its one writer, needs none."""
    if tx.dialect.name == _POSTGRESQL:
        tx.execute(_LOCK, {"name": name})


@contextmanager
def _told_apart() -> Iterator[None]:
    """Turn what the driver raises into a lost race or a store that is away; all else is an error of ours."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _RACES:
            raise LostRace from error
        if _is_full(error):
            raise StoreFull from error
        if _is_out_of_time(error):
            raise OutOfTime from error
        if isinstance(error, OperationalError | InterfaceError) or _is_unfit(error):
            raise StoreAway from error
        raise
    except NoConnection as error:  # all of the pool are in use
        raise StoreAway from error


def _limit(tx: Tx) -> None:
    """Let no statement of a transaction take longer than its request may; SQLite watches by itself."""
    left = seconds_left()
    if left is not None and tx.dialect.name == _POSTGRESQL:
        # 0 would mean for ever.
        tx.execute(_STATEMENT_TIMEOUT, {"milliseconds": str(max(1, int(left * 1000)))})


def _is_out_of_time(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return code == _SQLITE_INTERRUPTED or getattr(error.orig, "sqlstate", None) == _POSTGRESQL_CANCELED


def _is_unfit(error: DBAPIError) -> bool:
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) == _NO_TABLE


def _is_full(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return code == _SQLITE_FULL or getattr(error.orig, "sqlstate", None) == _POSTGRESQL_FULL


def _leave_what_cannot_write(failure: ExceptionContext) -> None:
    """Let go of every connection where a server takes no writes: the next one may reach another server.

    A write in what we ourselves began as a read is an error of ours.
    """
    asked = failure.connection.get_execution_options() if failure.connection else {}
    if getattr(failure.original_exception, "sqlstate", None) == _READ_ONLY:
        failure.is_disconnect = not asked.get("postgresql_readonly")


def _prepare_connection(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own connection
    # The driver must not begin transactions by itself: _begin does, in the right mode.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_MILLISECONDS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    connection.set_progress_handler(is_over, _STEPS_BETWEEN_LOOKS)


def _begin(tx: Connection) -> None:
    writes = tx.get_execution_options().get("writes", False)
    tx.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
