"""Writes that wait for each other share one commit: each is durable or undone by itself all the same."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import event, select

from service.errors import OutOfTime, StoreError
from service.store.database import Database, Tx
from service.store.tables import audit_rows
from service.time_limit import limited_to
from tests.databases import sqlite_only
from tests.full_disk import full_disk
from tests.service.build import a_deployment

pytestmark = sqlite_only
Write = Callable[[Tx], None]


@pytest.fixture
def database(tmp_path):
    opened = a_deployment(tmp_path).database
    yield opened
    opened.close()


def add(name: str) -> Write:
    row = dict.fromkeys(("clinic", "at", "action", "route", "caller"), "x")
    return lambda tx: tx.execute(audit_rows.insert(), row | {"status": 200, "request_id": name}) and None


def fail(tx: Tx) -> None:
    add("failed")(tx)
    raise ArithmeticError


def undo_all(tx: Tx) -> None:
    """Do as SQLite itself does on a full disk: end the transaction under everybody's feet."""
    tx.connection.driver_connection.rollback()  # type: ignore[union-attr] # there is one


def names(database: Database) -> set[str]:
    with database.read() as tx:
        return set(tx.execute(select(audit_rows.c.request_id)).scalars())


def write_together(database: Database, *writes: Write) -> list[str]:
    """Do the first write, and the others while it waits to end; return how each ended."""
    ends = ["" for _ in writes]
    inside, go_on = threading.Event(), threading.Event()

    def do(place: int, write: Write) -> None:
        try:
            with database.write() as tx:
                write(tx)
                if place == 0:
                    inside.set()
                    go_on.wait(10)
            ends[place] = "durable"
        except (ArithmeticError, StoreError) as error:
            ends[place] = type(error).__name__

    threads = [threading.Thread(target=do, args=one) for one in enumerate(writes)]
    threads[0].start()
    inside.wait(10)
    for place, thread in enumerate(threads[1:], 1):
        thread.start()
        _wait_for_waiting(database, place)
    go_on.set()
    for thread in threads:
        thread.join(10)
    return ends


def _wait_for_waiting(database: Database, count: int) -> None:
    shared = database._shared  # noqa: SLF001 - who waits is told nowhere else
    assert shared is not None
    for _ in range(1000):
        if shared._waiting >= count:  # noqa: SLF001 - the same
            return
        threading.Event().wait(0.005)
    raise AssertionError("nobody waits for the writer")


def count_commits(database: Database) -> list[Tx]:
    commits: list[Tx] = []
    event.listen(database.engine, "commit", commits.append)
    return commits


def test_those_who_wait_share_a_commit(database):
    commits = count_commits(database)

    assert write_together(database, add("a"), add("b"), add("c")) == ["durable"] * 3
    assert len(commits) == 1
    assert names(database) == {"a", "b", "c"}


def test_one_that_fails_takes_nothing_of_the_others_with_it(database):
    ends = write_together(database, add("a"), fail, add("c"))

    assert ends == ["durable", "ArithmeticError", "durable"]
    assert names(database) == {"a", "c"}


def test_a_first_one_that_fails_leaves_the_others_a_transaction_of_their_own(database):
    failing_later = database.write()
    with pytest.raises(ArithmeticError), failing_later as tx:
        fail(tx)

    assert write_together(database, add("a"), add("b")) == ["durable", "durable"]
    assert names(database) == {"a", "b"}


def test_a_commit_that_fails_is_told_to_all_who_share_it(database):
    with full_disk(database, {0}):
        ends = write_together(database, add("a"), add("b"))

    assert ends == ["StoreFull", "StoreFull"]
    assert names(database) == set()


def test_what_sqlite_undid_by_itself_is_durable_for_nobody(database):
    ends = write_together(database, add("a"), undo_all)

    assert "durable" not in ends
    assert names(database) == set()


def test_writing_goes_on_after_a_shared_commit_failed(database):
    with full_disk(database, {0}):
        write_together(database, add("a"), add("b"))

    assert write_together(database, add("c"), add("d")) == ["durable", "durable"]


def test_a_rehearsal_waits_for_those_who_share_and_shares_with_nobody(database):
    write_together(database, add("a"), add("b"))
    with database.rehearse() as tx:
        add("rehearsed")(tx)

    assert names(database) == {"a", "b"}


def test_a_write_left_to_one_that_has_no_time_any_more_is_durable(database):
    ends: list[str] = []

    def give_up() -> None:
        try:
            with limited_to(0.05), database.write():
                ends.append("written")
        except OutOfTime:
            ends.append("gave up")

    impatient = threading.Thread(target=give_up)
    with database.write() as tx:
        add("first")(tx)
        impatient.start()
        impatient.join(10)
    assert (ends, names(database)) == (["gave up"], {"first"})


def test_a_write_whose_successor_gives_up_only_then_is_durable(database, monkeypatch):
    # The race is a matter of microseconds: that somebody waits is set up by hand.
    monkeypatch.setattr(database._shared, "_waiting", 1)  # noqa: SLF001 - see above
    with database.write() as tx:
        add("first")(tx)
    assert names(database) == {"first"}
