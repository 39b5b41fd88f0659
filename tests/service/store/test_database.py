from contextlib import ExitStack
from importlib import import_module

import pytest
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import select, text

from service.errors import SettingsRefused
from service.flows.record_response import record_response
from service.store.columns import metadata
from service.store.database import Database
from service.store.tables import audit_rows, responses
from tests.databases import sqlite_only, unguard, unmigrated_database
from tests.service.build import a_deployment, a_response, an_access


@pytest.fixture
def empty(tmp_path):
    opened = unmigrated_database(tmp_path)
    yield opened
    opened.close()


def test_migrations_end_in_the_schema_of_the_tables(empty):
    empty.migrate()
    with empty.engine.connect() as tx:
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []


def test_migrating_twice_changes_nothing(empty):
    empty.migrate()
    empty.migrate()
    assert empty.is_current()


def test_a_database_that_is_not_migrated_is_not_current(empty):
    assert not empty.is_current()


@sqlite_only
@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)]
)
def test_a_commit_survives_a_power_cut(empty, pragma, value):
    with empty.read() as tx:
        assert tx.execute(text(f"PRAGMA {pragma}")).scalar() == value


@sqlite_only
def test_writing_much_fills_the_memory_of_one_connection_alone(empty):
    sizes_held(empty)
    for _ in range(3):
        with empty.write_many():
            pass
    assert sorted(sizes_held(empty)) == [-65_536, -2_000, -2_000]


def test_a_server_keeps_its_connections_after_many_writes():
    database = Database("postgresql://nobody@127.0.0.1:1/nowhere")
    pool = database.engine.pool
    with database.many_writes():
        pass
    assert database.engine.pool is pool


def sizes_held(database):
    """Return how much of the file each of three connections at a time may hold."""
    with ExitStack() as opened:
        at_once = [opened.enter_context(database.read()) for _ in range(3)]
        return [tx.execute(text("PRAGMA cache_size")).scalar() for tx in at_once]


def test_what_fails_halfway_leaves_nothing(empty):
    empty.migrate()
    row = dict.fromkeys(("clinic", "at", "action", "route", "caller", "request_id"), "x")

    def fail_halfway():
        with empty.write() as tx:
            tx.execute(audit_rows.insert(), row | {"status": 200})
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        fail_halfway()
    with empty.read() as tx:
        assert tx.execute(select(audit_rows)).all() == []


def test_a_folder_that_is_not_there_stops_the_start_naming_the_setting(tmp_path):
    with pytest.raises(SettingsRefused) as refusal:
        Database(f"sqlite:///{tmp_path / 'nowhere' / 'x.db'}").migrate()
    assert refusal.value.faults[0].startswith("ALLIANCE_DATABASE_URL")


def test_a_file_that_is_no_database_stops_the_start(tmp_path):
    (tmp_path / "x.db").write_text("this is a letter, long enough to be read as a file header of its own" * 9)
    with pytest.raises(SettingsRefused):
        Database(f"sqlite:///{tmp_path / 'x.db'}").migrate()


def test_responses_of_before_are_to_our_own_descriptors(tmp_path):
    deployment = a_deployment(tmp_path)
    record_response(deployment, a_response(), an_access())
    step = import_module("service.store.migrations.versions.0004_responses_name_their_form")
    with deployment.database.write() as tx:
        unguard(tx)
        with Operations.context(MigrationContext.configure(tx)):
            step.downgrade()
            step.upgrade()
        found = tx.execute(select(responses.c.form, responses.c.form_version)).one()
    deployment.database.close()
    assert tuple(found) == ("srs-3", "1.0.0")
