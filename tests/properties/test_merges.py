"""However patients are merged and parted, a series is what it would be had all come to one patient."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mappings.filled import Identifier
from service.errors import Duplicate, FaultsInRequest, NotFound, SessionsClash, WrongState
from service.flows.deployment import Deployment
from service.flows.merge_patients import merge_patients, undo_merge
from service.flows.record_response import record_response
from service.flows.show_trend import TrendQuery, show_trend
from service.store.alerts import AlertQuery, list_alerts
from service.store.patients import alias_rows
from tests.service.build import a_deployment, a_response, an_access

NAMES = ("anna", "bert", "carla")
# Mostly the same one, and mostly high: alerts need a series that was good before.
THERAPISTS = (*["Practitioner/ada"] * 5, "Practitioner/bo")
TOTALS = ("20.0", "29.0", "36.4", "36.8", "37.0", "37.2")

name = st.sampled_from(NAMES)
rating = st.tuples(
    st.just("rate"), name, st.sampled_from(THERAPISTS), st.integers(1, 40), st.sampled_from(TOTALS)
)
merging = st.tuples(st.just("merge"), name, name)
# Which of the links that hold is undone, counted round.
undoing = st.tuples(st.just("undo"), st.integers(0, 5))
steps = st.tuples(
    st.lists(rating, min_size=10, max_size=20), st.lists(rating | merging | undoing, min_size=5, max_size=20)
).map(lambda both: both[0] + both[1])


@dataclass
class Rated:
    """A response that was taken: who, by whom, which session, how much."""

    patient: str
    therapist: str
    session: int
    total: str


@dataclass
class World:
    """What a service was told, and the links that should hold."""

    deployment: Deployment
    rated: list[Rated] = field(default_factory=list)
    links: set[tuple[str, str]] = field(default_factory=set)

    def take(self, step: tuple) -> None:
        try:
            if step[0] == "rate":
                record(self.deployment, *step[1:], number=len(self.rated))
                self.rated.append(Rated(*step[1:]))
            elif step[0] == "merge":
                merge_patients(self.deployment, *references(step[1:]), "x", an_access())
                self.links.add((step[1], step[2]))
            elif self.links:
                link = sorted(self.links)[step[1] % len(self.links)]
                undo_merge(self.deployment, *references(link), "x", an_access())
                self.links.discard(link)
        except (Duplicate, FaultsInRequest, NotFound, SessionsClash, WrongState):
            pass  # refused, so nothing changed

    def group(self, one: str) -> frozenset[str]:
        found = {one}
        while more := {b for a, b in self.links | {(b, a) for a, b in self.links} if a in found} - found:
            found |= more
        return frozenset(found)


def references(names: tuple[str, str]) -> tuple[str, str]:
    return f"Patient/{names[0]}", f"Patient/{names[1]}"


def record(
    deployment: Deployment, patient: str, therapist: str, session: int, total: str, *, number: int
) -> None:
    reference = f"Patient/{patient}"
    new = a_response(
        session,
        total,
        patient=reference,
        source=reference,
        therapist=therapist,
        identifier=Identifier("urn:x", f"{number}"),
    )
    record_response(deployment, new, an_access())


def series(deployment: Deployment, patient: str) -> list[tuple]:
    """Return every point of a patient with its judgement."""
    try:
        trend = show_trend(deployment, TrendQuery([f"Patient/{patient}"]), "default")
    except NotFound:
        return []
    return sorted(
        (one.therapist, point.rating.session_date, point.rating.scores["total"], point.judgement.tier or "")
        for one in trend.series
        for point in one.points
        if point.judgement
    )


def standing_alerts(deployment: Deployment, patient: str) -> list[tuple]:
    """Return the alerts of a patient that were not withdrawn, by the session that opened them."""
    with deployment.database.read() as tx:
        rows = alias_rows(tx, "default", [f"Patient/{patient}"])
        found = list_alerts(tx, "default", AlertQuery(alias_rows=rows, include_historical=True, limit=100))
    kept = [one for one in found if one.status != "withdrawn"]
    return sorted((one.therapist, one.session_number, one.status, one.severity, one.live) for one in kept)


@contextmanager
def a_service() -> Iterator[Deployment]:
    with tempfile.TemporaryDirectory() as folder:
        deployment = a_deployment(Path(folder))
        yield deployment
        deployment.database.close()


@settings(max_examples=15, deadline=None, derandomize=True, database=None)
@given(steps=steps)
def test_a_series_is_what_it_would_be_from_scratch(steps: list[tuple]) -> None:
    with a_service() as lived, a_service() as fresh:
        world = World(lived)
        for step in steps:
            world.take(step)
        for number, one in enumerate(world.rated):
            record(
                fresh,
                min(world.group(one.patient)),
                one.therapist,
                one.session,
                one.total,
                number=number,
            )
        for patient in NAMES:
            same = min(world.group(patient))
            assert series(lived, patient) == series(fresh, same)
            assert standing_alerts(lived, patient) == standing_alerts(fresh, same)
