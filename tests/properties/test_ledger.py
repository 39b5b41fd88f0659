"""Whatever the EHR and our own process do: never two copies, and nothing is lost.

The real delivery flow on a real database, against an EHR in memory that loses answers, commits late, hides
fresh rows from searches, refuses and is busy, write by write; our side is killed at any crash point.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from service.http import Http
from service.store.database import Database
from service.store.deliveries import DeliveryRow
from service.store.delivery_acts import discard
from tests.service.ehr.fake_ehr import HOST, PLAIN, Fault, Surface
from tests.service.flows.delivering import SETTLE_SECONDS, Bench, Crash, CrashPlan, a_bench

RETRY = (("Retry-After", "3"),)
# A late commit and a lagging search together stay below the settling time: that is what it stands for.
LAG_SECONDS = SETTLE_SECONDS / 2 - 5
SURFACES = [
    Surface(),
    PLAIN,
    Surface(transaction=False),
    Surface(transaction=False, conditional=False),
    Surface(conditional=False, update_create=False),
]

lost = st.builds(Fault, performs=st.booleans(), delay_seconds=st.sampled_from([0.0, 5.0, LAG_SECONDS]))
failed = st.builds(Fault, status=st.sampled_from([500, 502]), performs=st.booleans())
busy = st.builds(Fault, status=st.just(503), headers=st.just(RETRY), performs=st.booleans())
throttled = st.just(Fault(429, headers=RETRY))
refused = st.builds(Fault, status=st.sampled_from([403, 405, 409, 422]))
unreachable = st.just(Fault(refuses=True))
faults = st.lists(st.none() | lost | failed | busy | throttled | refused | unreachable, max_size=12)
crashes = st.sets(st.integers(min_value=0, max_value=40), max_size=5)


@pytest.fixture(scope="module")
def http() -> Iterator[Http]:
    opened = Http(frozenset({HOST}), 5.0)
    yield opened
    opened.close()


@contextmanager
def a_bench_at(http: Http, surface: Surface) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as folder, a_bench(Path(folder), http, surface=surface) as bench:
        yield bench


def believable(fault: Fault | None, surface: Surface, hides_seconds: float) -> Fault | None:
    """Leave out what an EHR must not do: say "busy" of what it performed, and not see it in its conditions.

    Retry-After is an EHR's word that nothing happened, and a condition its word that nothing is doubled.
    """
    lies_twice = fault and fault.status == 503 and surface.conditional and hides_seconds
    return replace(fault, performs=False) if fault and lies_twice else fault


def run_to_the_end(bench: Bench, crash_plan: CrashPlan) -> None:
    """Go round, kill and restart, until every delivery is in the EHR or waits for a person."""
    bench.crash_point = crash_plan
    bench.restart()
    for _ in range(400):
        try:
            while bench.deliver():
                pass
        except Crash:
            bench.restart()
        if all(one.state == "confirmed" or one.parked for one in bench.deliveries()):
            break
        bench.clock.pass_by(seconds=5)
    bench.clock.pass_by(seconds=SETTLE_SECONDS)
    bench.ehr.commit_late()


def copies(bench: Bench) -> Counter[str]:
    """How often each of our resources is in the EHR, by identifier, or by id where it has none."""
    found: Counter[str] = Counter()
    for row in bench.ehr.rows:
        held = row.resource.get("identifier", {"value": row.id})
        found[f"{row.type}/{(held[0] if isinstance(held, list) else held)['value']}"] += 1
    return found


@settings(deadline=None, max_examples=25, phases=[Phase.generate])
@given(
    surface=st.sampled_from(SURFACES),
    misfortunes=faults,
    crash_at=crashes,
    hides_seconds=st.sampled_from([0.0, 3.0, LAG_SECONDS]),
)
def test_never_two_copies_and_nothing_lost(
    http: Http,
    surface: Surface,
    misfortunes: list[Fault | None],
    crash_at: set[int],
    hides_seconds: float,
) -> None:
    with a_bench_at(http, surface) as bench:
        first = bench.record(6)
        bench.correct(first.filled.id, session=6, total="30.0")
        bench.record(7)
        bench.ehr.faults = [believable(fault, surface, hides_seconds) for fault in misfortunes]
        bench.ehr.hides_seconds = hides_seconds
        run_to_the_end(bench, CrashPlan(crash_at))

        assert max(copies(bench).values(), default=0) <= 1
        assert all(is_settled(delivery, bench) for delivery in bench.deliveries())
        # After a 405 a type counts as not offered for a while, and deliveries go without it.
        if not any(fault and fault.status == 405 for fault in misfortunes):
            assert all(copies(bench)[f"Observation/{name}.total"] == 1 for name in confirmed(bench))


@settings(deadline=None, max_examples=10, phases=[Phase.generate])
@given(
    surface=st.sampled_from(SURFACES),
    misfortunes=faults,
    hides_seconds=st.sampled_from([0.0, 3.0, LAG_SECONDS]),
    seconds=st.sampled_from([0.0, 5.0, 2 * SETTLE_SECONDS]),
    withdrawn=st.booleans(),
)
def test_what_was_given_up_is_doubled_by_no_later_version(
    http: Http,
    *,
    surface: Surface,
    misfortunes: list[Fault | None],
    hides_seconds: float,
    seconds: float,
    withdrawn: bool,
) -> None:
    with a_bench_at(http, surface) as bench:
        response = bench.record(6).filled.id
        bench.ehr.faults = [believable(fault, surface, hides_seconds) for fault in misfortunes]
        bench.ehr.hides_seconds = hides_seconds
        bench.deliver_all(seconds)
        give_up(bench)
        if withdrawn:
            bench.withdraw(response)
        else:
            bench.correct(response, session=6, total="30.0")
        run_to_the_end(bench, CrashPlan())

        assert max(copies(bench).values(), default=0) <= 1
        if bench.deliveries()[-1].state == "confirmed":
            assert standing(bench) <= ({"entered-in-error"} if withdrawn else {"amended"})


def give_up(bench: Bench) -> None:
    """Give up what is not in the EHR, whatever became of it."""
    with bench.deployment.database.write() as tx:
        for one in bench.deliveries():
            if one.state != "confirmed":
                discard(tx, "default", one.id, "gave up", bench.now())


def standing(bench: Bench) -> set[str]:
    """The statuses of the response and its scores in the EHR."""
    kinds = ("QuestionnaireResponse", "Observation")
    return {one["status"] for kind in kinds for one in bench.ehr.found(kind)}


def is_settled(delivery: DeliveryRow, bench: Bench) -> bool:
    """Whether it is in the EHR, waits for a person, or waits for a version of itself that does."""
    same_subject = [one for one in bench.deliveries() if one.subject_id == delivery.subject_id]
    return delivery.state == "confirmed" or any(one.parked for one in same_subject)


def confirmed(bench: Bench) -> set[str]:
    return {one.subject_id for one in bench.deliveries() if one.state == "confirmed"}


def test_the_template_database_is_at_the_newest_revision(database: Database) -> None:
    assert database.is_current()
