"""The audit cannot be changed, and what was changed all the same is found."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from service.clock import as_instant
from service.errors import FaultsInRequest
from service.flows.deployment import Access, Deployment
from service.flows.purge_audit import purge_audit
from service.flows.seal_audit import MOST_ROWS, seal_audit
from service.flows.verify_audit import verify_audit
from service.flows.write_version import audit_row
from service.store.audit import add_audit, add_audits
from service.store.audit_seals import (
    add_seal,
    columns_of,
    last_seal,
    make_seal,
    purge_through,
    unsealed_rows,
)
from service.store.database import Database, Tx
from service.store.tables import audit_rows
from tests.databases import postgres_only
from tests.service.build import NOW, StandingClock

ACCESS = Access("default", "loopback", "/v1/responses/{response_id}", "R", "request-1")
AT = "2026-03-02T12:00:00.000000Z"


def add(tx: Tx, *subjects: str, at: str = AT) -> None:
    for subject in subjects:
        add_audit(tx, audit_row(ACCESS, at, 200, subject))


@pytest.fixture
def sealed(deployment: Deployment, clock: StandingClock) -> Deployment:
    """Three seals over two rows each."""
    for first in (1, 3, 5):
        with deployment.database.write() as tx:
            add(tx, f"r-{first}", f"r-{first + 1}")
        clock.pass_by(seconds=1)
        seal_audit(deployment)
    return deployment


def tamper(database: Database, *statements: str) -> None:
    """Do what somebody could who owns the database: take the triggers away first."""
    with database.write() as tx:
        if tx.dialect.name == "postgresql":
            for table in ("audit_rows", "audit_seals", "audit_sealed"):
                tx.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        else:
            names = tx.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars()
            for name in list(names):
                tx.exec_driver_sql(f"DROP TRIGGER {name}")
        for statement in statements:
            tx.exec_driver_sql(statement)


def fault(deployment: Deployment, head: str | None = None) -> str:
    (found,) = verify_audit(deployment.database, "default", head, clock=deployment.clock)
    return found.fault


@pytest.mark.parametrize("table", ["audit_rows", "audit_seals", "audit_sealed"])
@pytest.mark.parametrize("change", ["UPDATE {} SET clinic = 'x'", "DELETE FROM {}"])
def test_the_database_itself_refuses_changes(sealed, table, change):
    with pytest.raises(DBAPIError) as refused, sealed.database.write() as tx:
        tx.exec_driver_sql(change.format(table))

    assert "only added to" in str(refused.value.orig)


@postgres_only
@pytest.mark.parametrize("table", ["audit_rows", "audit_seals", "audit_sealed"])
def test_a_server_refuses_to_empty_a_table_at_once(sealed, table):
    with pytest.raises(DBAPIError) as refused, sealed.database.write() as tx:
        tx.exec_driver_sql(f"TRUNCATE {table} CASCADE")

    assert "only added to" in str(refused.value.orig)


def test_a_whole_chain_says_where_it_ends(sealed):
    (found,) = verify_audit(sealed.database, None, clock=sealed.clock)

    assert (found.fault, found.seals, found.rows) == ("", 3, 6)
    assert found.head is not None
    assert fault(sealed, found.head.hash) == ""


def test_a_backlog_is_sealed_whole_however_long_it_grew(sealed, clock):
    for number in range(12):  # an hour of reads, while nobody sealed
        clock.pass_by(minutes=5)
        with sealed.database.write() as tx:
            add(tx, f"late-{number}", at=as_instant(clock()))
    while seal_audit(sealed, most_rows=5) is not None:
        pass
    (found,) = verify_audit(sealed.database, "default", clock=clock)

    assert (found.fault, found.seals, found.rows) == ("", 6, 18)


def test_a_backlog_of_one_moment_is_sealed_whole(sealed):
    with sealed.database.write() as tx:
        add(tx, *(f"at-once-{number}" for number in range(12)))
    while seal_audit(sealed, most_rows=5) is not None:
        pass
    (found,) = verify_audit(sealed.database, "default", clock=sealed.clock)

    assert (found.fault, found.rows) == ("", 18)


def test_a_row_put_in_behind_a_piece_of_a_backlog_is_found(sealed, clock):
    at = clock() + timedelta(hours=1)
    with sealed.database.write() as tx:
        add(tx, *(f"late-{number}" for number in range(5)), at=as_instant(at))
    clock.pass_by(hours=2)
    seal_audit(sealed, most_rows=5)
    with sealed.database.write() as tx:
        add(tx, "forged", at=as_instant(at - timedelta(seconds=1)))

    assert fault(sealed) == "behind seal 4: 1 rows were put in that no seal covers"


def seal_first(deployment: Deployment, count: int) -> None:
    """Seal the first rows that wait as the release before did: now, whatever else was waiting."""
    with deployment.database.write() as tx:
        columns = (audit_rows.c[name] for name in columns_of(2))
        rows = tx.execute(select(*columns).order_by(audit_rows.c.row_id).limit(count)).all()
        seal = make_seal("default", rows, None, as_instant(deployment.clock()))
        add_seal(tx, seal, [row.row_id for row in rows])


@pytest.fixture
def left_behind(deployment: Deployment, clock: StandingClock) -> Deployment:
    """A backlog of which the release before sealed as much as it took at once."""
    with deployment.database.write() as tx:
        waiting = ((f"r-{number}", 0) for number in range(MOST_ROWS + 3))
        add_audits(tx, audit_row(ACCESS, as_instant(clock()), 200, ""), waiting)
    clock.pass_by(hours=1)
    seal_first(deployment, MOST_ROWS)
    with deployment.database.write() as tx:
        add(tx, "next", at=as_instant(clock()))
    seal_audit(deployment)
    return deployment


def test_rows_that_a_release_before_left_without_a_seal_are_told_apart(left_behind):
    (found,) = verify_audit(left_behind.database, "default", clock=left_behind.clock)

    assert (found.fault, found.rows, found.left) == ("", MOST_ROWS + 1, 3)


@pytest.mark.parametrize("age", [timedelta(minutes=30), timedelta(days=1)])
def test_a_row_put_in_beside_those_that_were_left_is_found(left_behind, clock, age):
    with left_behind.database.write() as tx:
        add(tx, "forged", at=as_instant(clock() - age))

    assert fault(left_behind) == "behind seal 2: 1 rows were put in that no seal covers"


def test_nothing_new_makes_no_seal(sealed):
    assert seal_audit(sealed) is None


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["UPDATE audit_rows SET caller = 'nobody' WHERE subject = 'r-3'"], "seal 2: a row that it covers"),
        (["DELETE FROM audit_rows WHERE subject = 'r-3'"], "seal 2: it covers 2 rows, and 1 are there"),
        (
            [
                "UPDATE audit_rows SET subject = 'x' WHERE subject = 'r-3'",
                "UPDATE audit_rows SET subject = 'r-3' WHERE subject = 'r-4'",
                "UPDATE audit_rows SET subject = 'r-4' WHERE subject = 'x'",
            ],
            "seal 2: a row that it covers was changed",
        ),
        (["DELETE FROM audit_seals WHERE number = 2"], "seal 3: the one before it is missing"),
        (["UPDATE audit_seals SET sealed_at = 'x' WHERE number = 2"], "seal 2: it was changed"),
        (["DELETE FROM audit_seals WHERE number = 3"], "seal 3: it is missing"),
    ],
)
def test_what_was_tampered_with_names_the_first_broken_seal(sealed, statements, said):
    tamper(sealed.database, *statements)

    assert fault(sealed).startswith(said)


def test_a_row_put_in_with_an_old_moment_is_found(sealed):
    with sealed.database.write() as tx:
        add(tx, "forged", at="2026-03-01T12:00:00.000000Z")
    seal_audit(sealed)

    assert fault(sealed) == "behind seal 3: 1 rows were put in that no seal covers"


def test_a_tail_cut_off_is_found_by_the_head_that_was_noted(sealed):
    (before,) = verify_audit(sealed.database, "default", clock=sealed.clock)
    tamper(
        sealed.database,
        "DELETE FROM audit_rows WHERE subject IN ('r-5', 'r-6')",
        "DELETE FROM audit_sealed WHERE seal = 3",
        "DELETE FROM audit_seals WHERE number = 3",
    )

    assert fault(sealed) == ""
    assert before.head is not None
    assert fault(sealed, before.head.hash).startswith("the noted head is not in the chain")


def test_a_row_that_commits_late_with_a_lower_number_is_sealed_later(deployment, clock):
    """As on PostgreSQL, where numbers are given before the commit."""
    if deployment.database.url.startswith("sqlite"):
        pytest.skip("SQLite has one writer: numbers are in the order of commits")
    with deployment.database.write() as slow:
        add(slow, "r-1")
        with deployment.database.write() as fast:
            add(fast, "r-2")
        clock.pass_by(seconds=1)
        first = seal_audit(deployment)
    clock.pass_by(seconds=1)
    second = seal_audit(deployment)

    assert first is not None
    assert second is not None
    assert second.last_row < first.first_row
    assert fault(deployment) == ""


def test_of_two_that_seal_at_once_one_does(sealed):
    with sealed.database.write() as tx:
        add(tx, "r-7")
        last = last_seal(tx, "default")
        rows = unsealed_rows(tx, "default", "", 10)
    numbers = [row.row_id for row in rows]
    seals = [make_seal("default", rows, last, f"2026-03-02T12:00:0{second}.000000Z") for second in (8, 9)]
    with sealed.database.write() as tx:
        added = [add_seal(tx, seal, numbers) for seal in seals]

    assert added == [True, False]
    assert fault(sealed) == ""


def test_a_purge_removes_whole_seals_and_stays_in_the_chain(sealed, clock):
    clock.pass_by(days=400)
    count = purge_audit(sealed, (NOW + timedelta(days=1)).date(), ACCESS)
    with sealed.database.read() as tx:
        left = tx.exec_driver_sql("SELECT count FROM audit_rows").scalars().all()

    assert count == 6
    assert left == [6]
    assert fault(sealed) == ""


def purge_by_hand(sealed: Deployment, purged_at: str) -> None:
    """Say that a purge took place, as whoever may add rows can, and remove what it names."""
    with sealed.database.write() as tx:
        last = last_seal(tx, "default")
        assert last is not None
        purge_through(tx, last, purged_at)


@pytest.mark.parametrize("purged_at", [AT, "2031-03-02T12:00:00.000000Z"])
def test_rows_that_no_purge_may_remove_are_missed(sealed, purged_at):
    purge_by_hand(sealed, purged_at)

    assert fault(sealed) == "seal 3: its rows were removed before a year was over"


def test_what_is_young_is_never_purged(sealed):
    with pytest.raises(FaultsInRequest) as refused:
        purge_audit(sealed, NOW.date(), ACCESS)

    assert refused.value.faults[0].reason == "too-late"


def seal_as_before(deployment: Deployment) -> None:
    """Seal all that is there as the release before does: its form covers neither person nor reason."""
    with deployment.database.write() as tx:
        rows = tx.execute(select(*(audit_rows.c[name] for name in columns_of(1)))).all()
        seal = make_seal("default", rows, None, AT)
        plain = replace(seal, form=1)
        add_seal(tx, replace(plain, hash=plain.true_hash), [row.row_id for row in rows])


def test_what_a_release_before_sealed_goes_on_verifying(deployment, clock):
    with deployment.database.write() as tx:
        add(tx, "r-1", "r-2")
    seal_as_before(deployment)
    with deployment.database.write() as tx:
        add(tx, "r-3")
    seal_audit(deployment)
    (found,) = verify_audit(deployment.database, "default", clock=deployment.clock)

    assert (found.fault, found.seals, found.rows, found.unproven) == ("", 2, 3, 0)


def test_a_person_under_a_seal_of_a_release_before_is_told_to_be_unproven(deployment):
    with deployment.database.write() as tx:
        add_audit(tx, replace(audit_row(ACCESS, AT, 200, "r-1"), person="Practitioner/ada"))
    seal_as_before(deployment)
    (found,) = verify_audit(deployment.database, "default", clock=deployment.clock)

    assert (found.fault, found.unproven) == ("", 1)


@pytest.mark.parametrize(
    "forged",
    [
        "UPDATE audit_rows SET person = 'bo' WHERE subject = 'r-3'",
        "UPDATE audit_rows SET reason = 'expired' WHERE subject = 'r-3'",
    ],
)
def test_who_asked_and_why_not_are_sealed(sealed, forged):
    tamper(sealed.database, forged)

    assert fault(sealed).startswith("seal 2: a row that it covers was changed")


def test_what_a_form_covers_never_changes():
    first = "action address at caller clinic count id interaction patient_row query request_id resource route"
    assert columns_of(1) == (*first.split(), "row_id", "status", "subject")
    assert set(columns_of(2)) - set(columns_of(1)) == {"person", "reason"}
