"""On PostgreSQL: the store and its flows, starts at the same time, races, merges against writes."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy import func, insert, select

from service.ehr.rate_limit import allowance_of
from service.errors import Duplicate, RequestRefused, StaleVersion, StoreAway
from service.flows.book_request import book_request
from service.flows.check_readiness import check_readiness
from service.flows.correct_response import correct_response, withdraw_response
from service.flows.deployment import Deployment
from service.flows.merge_patients import merge_patients, undo_merge
from service.flows.new_response import NewResponse
from service.flows.record_response import record_response
from service.flows.record_together import Create, record_together
from service.flows.start_export import AskedExport, start_export
from service.flows.work_on_export import Exporting, take_next
from service.store.alerts import alerts_of_dyad
from service.store.chart import put_fact
from service.store.database import Database
from service.store.tables import alerts, deliveries, dyads, kept_facts, patient_aliases, responses
from tests.demo_clinic.processes import ROOT
from tests.service.build import a_deployment, a_response, an_access
from tests.system.postgres import new_database, run_sql
from tests.system.waiting import wait_until

pytestmark = pytest.mark.postgres
Given = TypeVar("Given")
RACERS = 8


@pytest.fixture
def deployment(postgres: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Deployment]:
    name = f"race_{abs(hash(request.node.name)):x}"
    made = a_deployment(tmp_path, database=Database(new_database(postgres, name)))
    made.database.migrate()
    yield made
    made.database.close()


def race(*acts: Callable[[], Given]) -> list[Given | RequestRefused]:
    """Do all acts at the same moment and return what each gave, or why it was refused."""
    start = Barrier(len(acts))

    def run(act: Callable[[], Given]) -> Given | RequestRefused:
        start.wait()
        try:
            return act()
        except RequestRefused as refused:
            return refused

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def count(deployment: Deployment, table) -> int:
    with deployment.database.read() as tx:
        return tx.execute(select(func.count()).select_from(table)).scalar_one()


FLOWS = [
    f"tests/service/flows/test_{name}.py"
    for name in (
        *("record_response", "correct_response", "act_on_alert", "erase_patient", "erase_expired"),
        *("export_patient", "after_restore", "import_history", "work_on_export", "seal_audit", "deliver"),
    )
]
DOORS = [f"tests/service/api/test_{name}.py" for name in ("clinics", "identify", "limits", "refused_audit")]
# What knows no database is left out.
ALL = ("tests/service", "tests/contract", "tests/properties", "--ignore=tests/service/alliance")


@pytest.mark.parametrize(
    "tests",
    [
        ("tests/service/store", "tests/service/commands", "tests/service/reporting", *FLOWS, *DOORS),
        pytest.param(ALL, marks=pytest.mark.soak, id="all"),
    ],
)
def test_what_holds_on_sqlite_holds_there_too(postgres, tests):
    environment = os.environ | {"TEST_DATABASE_URL": postgres}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "2", "-p", "no:cacheprovider", *tests]
    # Our own command line, without a shell.
    done = subprocess.run(  # noqa: S603
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout[-4000:]


def test_processes_that_start_at_once_migrate_once(postgres):
    url = new_database(postgres, "starting")
    databases = [Database(url) for _ in range(4)]
    race(*(one.migrate for one in databases))

    assert all(one.is_current() for one in databases)
    for one in databases:
        one.close()


def test_a_server_that_takes_no_writes_is_left_and_not_ready(postgres):
    """As where an address moved to a standby, to which connections are open."""
    url = new_database(postgres, "read_only")
    database = Database(url)
    database.migrate()
    run_sql(postgres, "ALTER DATABASE read_only SET default_transaction_read_only = on")
    database.close()
    with pytest.raises(StoreAway), database.write() as tx:
        tx.execute(insert(kept_facts), {"clinic": "x", "name": "x", "value": "x"})
    with pytest.raises(StoreAway):
        database.is_current()
    run_sql(postgres, "ALTER DATABASE read_only SET default_transaction_read_only = off")

    assert database.is_current()
    database.close()


def test_a_server_whose_commits_wait_for_a_lost_standby_is_not_ready(postgres, deployment):
    def write() -> None:
        with deployment.database.write() as tx:
            put_fact(tx, "default", "base", "x")

    with ThreadPoolExecutor() as threads:
        try:
            set_standbys(postgres, "nobody")
            waiting = threads.submit(write)
            wait_until(lambda: not is_ready(deployment), seconds=30, what="the server to be not ready")
        finally:
            set_standbys(postgres, "")
        waiting.result(30)
    assert is_ready(deployment)


def set_standbys(server: str, names: str) -> None:
    """Let a server wait for these standbys with each commit."""
    run_sql(server, f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
    run_sql(server, "SELECT pg_reload_conf()")


def is_ready(deployment: Deployment) -> bool:
    return check_readiness(deployment).ready


def test_of_racing_callers_one_creates_and_all_hear_of_it(deployment):
    given = race(*(lambda: record_response(deployment, a_response(), an_access()) for _ in range(RACERS)))

    assert sorted(one.created for one in given) == [False] * (RACERS - 1) + [True]
    assert {one.filled.id for one in given} == {given[0].filled.id}
    assert [count(deployment, table) for table in (responses, dyads, patient_aliases, deliveries)] == [1] * 4


def test_if_none_exist_creates_one_whatever_the_bodies(deployment):
    condition = (("urn:clinic:north", "r-7"),)
    steps = [Create(a_response(total=f"{30 + racer}.0"), condition) for racer in range(RACERS)]
    given = race(*(lambda step=step: record_together(deployment, [step], an_access())[0] for step in steps))

    assert sorted(one.status for one in given) == [200] * (RACERS - 1) + [201]
    assert count(deployment, responses) == 1


@pytest.mark.parametrize("session", [{}, {"session_number": None}], ids=["by-number", "by-date"])
def test_of_one_session_one_response_is_taken(deployment, session):
    new = [
        a_response(**session, identifier=None, total=f"{30 + racer}.0", session_date="2026-02-16")
        for racer in range(RACERS)
    ]
    given = race(*(lambda one=one: record_response(deployment, one, an_access()) for one in new))

    assert sum(isinstance(one, Duplicate) for one in given) == RACERS - 1
    assert count(deployment, responses) == 1


def test_of_racing_corrections_one_wins(deployment):
    stored = record_response(deployment, a_response(), an_access()).filled.id
    given = race(
        *(
            lambda total=total: correct_response(
                deployment, stored, 1, a_response(total=f"{total}.0"), an_access("U")
            )
            for total in range(20, 20 + RACERS)
        )
    )

    assert sum(isinstance(one, StaleVersion) for one in given) == RACERS - 1
    assert count(deployment, responses) == 2


def test_ratings_that_arrive_together_are_judged_together(deployment):
    """Whatever came last has seen all others: the alert rests on the whole series."""
    sessions = [*((number, "37.0") for number in range(1, 8)), (8, "22.0")]
    acts = [
        lambda number=number, total=total: record_response(
            deployment, a_response(number, total, session_date=f"2026-02-{number:02}"), an_access()
        )
        for number, total in sessions
    ]
    race(*acts)

    with deployment.database.read() as tx:
        (alert,) = alerts_of_dyad(tx, "default", tx.execute(select(dyads.c.row_id)).scalar_one())
    assert (alert.live, alert.session_number) == (True, 8)


def asked_export(deployment: Deployment) -> str:
    return start_export(deployment, AskedExport(("Observation",), "x"), an_access("E"))


def test_an_export_waits_for_writes_that_began_before_it(deployment, tmp_path):
    work = Exporting(deployment, str(tmp_path), "worker-1")
    with deployment.database.write() as tx:
        tx.execute(select(func.count()).select_from(responses))
        asked = asked_export(deployment)
        assert take_next(work) is None

    assert take_next(work).id == asked


def test_of_racing_workers_one_takes_an_export(deployment, tmp_path):
    asked = asked_export(deployment)
    workers = [Exporting(deployment, str(tmp_path), f"worker-{number}") for number in range(RACERS)]
    given = race(*(lambda work=work: take_next(work) for work in workers))
    if not any(given):  # each saw that another had a transaction open: all came back with nothing
        given = [take_next(workers[0])]

    assert [one.id for one in given if one] == [asked]


def as_other(number: int, patient: str) -> NewResponse:
    reference = f"Patient/{patient}"
    return a_response(number, patient=reference, source=reference, identifier=None)


def dyads_of_current(deployment: Deployment) -> dict[str, set[str]]:
    """Return the patient keys under which each patient's current responses count, and that of the alias."""
    query = (
        select(responses.c.patient, dyads.c.patient_key, patient_aliases.c.patient_key)
        .join(dyads, dyads.c.row_id == responses.c.dyad_row)
        .join(patient_aliases, patient_aliases.c.row_id == responses.c.alias_row)
    )
    found: dict[str, set[str]] = {}
    with deployment.database.read() as tx:
        for patient, counts_for, named in tx.execute(query):
            found.setdefault(patient, set()).update((counts_for, named))
    return found


def test_racing_workers_book_one_request_after_the_other(deployment):
    allowance = allowance_of(60)
    waits = race(*(lambda: book_request(deployment, allowance) for _ in range(3 * allowance.at_once)))
    assert sum(wait == 0 for wait in waits) == allowance.at_once
    assert max(waits) > (2 * allowance.at_once - 1) / allowance.per_second


def test_what_arrives_while_two_are_merged_counts_for_the_one(deployment):
    record_response(deployment, as_other(1, "anna"), an_access())
    record_response(deployment, as_other(2, "ann"), an_access())
    late = [record_response(deployment, as_other(20 + n, "ann"), an_access()).filled.id for n in range(3)]
    race(
        lambda: merge_patients(deployment, "Patient/ann", "Patient/anna", "me", an_access("E")),
        *(lambda n=n: record_response(deployment, as_other(10 + n, "ann"), an_access()) for n in range(4)),
        *(lambda one=one: withdraw_response(deployment, one, 1, "wrong", an_access("U")) for one in late),
    )

    keys = dyads_of_current(deployment)
    assert keys["Patient/ann"] == keys["Patient/anna"]
    assert len(keys["Patient/ann"]) == 1


def test_merges_that_meet_leave_one_patient_and_undoing_parts_them(deployment):
    for number, patient in enumerate(("anna", "ann", "anne"), 1):
        record_response(deployment, as_other(number, patient), an_access())
    race(
        lambda: merge_patients(deployment, "Patient/ann", "Patient/anna", "me", an_access("E")),
        lambda: merge_patients(deployment, "Patient/anna", "Patient/ann", "me", an_access("E")),
        lambda: merge_patients(deployment, "Patient/anne", "Patient/anna", "me", an_access("E")),
    )
    joined = dyads_of_current(deployment)
    race(
        lambda: undo_merge(deployment, "Patient/anne", "Patient/anna", "me", an_access("E")),
        lambda: record_response(deployment, as_other(9, "anne"), an_access()),
    )

    assert len(set.union(*joined.values())) == 1
    parted = dyads_of_current(deployment)
    assert len(parted["Patient/anne"]) == 1
    assert parted["Patient/anne"] != parted["Patient/anna"]
    assert count(deployment, alerts) == 0
