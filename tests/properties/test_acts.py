"""However acts are interleaved with late, corrected and withdrawn responses, no act is ever lost."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mappings import json_text
from fhir_mappings.alert_states import UNDER_WAY, Act, after
from service.errors import Duplicate, FaultsInRequest, WrongState
from service.flows.act_on_alert import PersonsAct, act_on_alert
from service.flows.correct_response import correct_response, withdraw_response
from service.flows.deployment import Deployment, Write
from service.flows.record_response import record_response
from service.flows.review_alliance import review_dyad
from service.store.alert_acts import acts_of_alert
from service.store.alerts import AlertRow, alerts_of_dyad
from service.store.patients import lock_dyad
from service.store.responses import dyad_ratings
from tests.service.build import a_deployment, a_report, a_response, an_access

# Mostly high, some deep falls: alerts need a series that was good before.
TOTALS = ("21.0", "26.0", "30.0", "36.4", "36.8", "37.0", "37.2", "37.4")
ACTS: tuple[Act, ...] = (
    *("acknowledge", "repair-steps", "resolve-repaired", "resolve-unresolved", "dismiss"),
)
which = st.integers(0, 20)
rating = st.tuples(st.just("rate"), st.integers(1, 24), st.sampled_from(TOTALS))
acting = st.tuples(st.just("act"), which, st.sampled_from(ACTS))
correcting = st.tuples(st.just("correct"), which, st.sampled_from(TOTALS))
withdrawing = st.tuples(st.just("withdraw"), which)
# First a therapy with a fall, then anything in any order; acts are twice as likely.
reporting = st.tuples(
    st.just("report"), st.integers(1, 24), st.booleans(), st.integers(1, 5), st.integers(1, 5)
)
steps = st.lists(rating | reporting | acting | acting | correcting | withdrawing, min_size=10, max_size=30)
BEGINNING = [("rate", session, "37.0") for session in range(1, 6)] + [("rate", 12, "24.0")]


@dataclass
class Therapy:
    """One dyad, and what should still be there of every act: by alert, the last state a person gave it."""

    deployment: Deployment
    responses: list[tuple[str, int]] = field(default_factory=list)  # id and session
    reports: list[str] = field(default_factory=list)
    done: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def take(self, step: tuple) -> None:
        with suppress(Duplicate, FaultsInRequest, WrongState):  # refused: nothing changed
            getattr(self, step[0])(*step[1:])

    def rate(self, session: int, total: str) -> None:
        made = record_response(self.deployment, a_response(session, total), an_access())
        self.responses.append((made.filled.id, session))

    def report(self, session: int, happened: bool, intensity: int, resolution: int) -> None:  # noqa: FBT001
        new = a_report(session, happened=happened, intensity=intensity, resolution=resolution)
        made = record_response(self.deployment, new, an_access())
        self.reports.append(made.filled.id)

    def correct(self, place: int, total: str) -> None:
        response_id, session = self.responses[place % len(self.responses)]
        new = a_response(session, total)
        correct_response(self.deployment, response_id, None, new, an_access("U"))

    def withdraw(self, place: int) -> None:
        response_id, _ = self.responses[place % len(self.responses)]
        withdraw_response(self.deployment, response_id, None, "wrong", an_access("U"))

    def act(self, place: int, act: Act) -> None:
        rows = self.alerts()
        if rows:
            row = rows[place % len(rows)]
            step = "validated" if act == "repair-steps" else None
            reason = "other" if act == "dismiss" else None
            done = PersonsAct(act, "Practitioner/ada", step=step, reason=reason)
            made = act_on_alert(self.deployment, row.id, row.version, done, an_access("U"))
            if made.alert.version != row.version:
                self.done.setdefault(row.id, []).append((act, made.alert.status))

    def alerts(self) -> list[AlertRow]:
        with self.deployment.database.read() as tx:
            return alerts_of_dyad(tx, "default", 1)

    def review_again(self) -> int:
        """Judge the dyad once more and return how many alerts changed by it."""
        with self.deployment.database.write() as tx:
            write = Write(tx, self.deployment, an_access(), self.deployment.clock())
            before = {row.id: row.version for row in alerts_of_dyad(tx, "default", 1)}
            review_dyad(write, lock_dyad(tx, 1), dyad_ratings(tx, "default", 1))
            now = {row.id: row.version for row in alerts_of_dyad(tx, "default", 1)}
        return len(now.items() - before.items())


def check(therapy: Therapy) -> None:
    rows = {row.id: row for row in therapy.alerts()}
    assert sum(row.live for row in rows.values()) <= 1
    for alert_id, done in therapy.done.items():
        row = rows[alert_id]
        assert row.status == done[-1][1] == after(done[-1][0])
        assert row.live <= (row.status in UNDER_WAY)
        with therapy.deployment.database.read() as tx:
            kept = [one.act for one in acts_of_alert(tx, "default", alert_id)]
        assert kept == [act for act, _ in done]
        steps_taken = [act for act, _ in done if act in ("repair-steps", "resolve-repaired")]
        assert len(json_text.loads(row.mitigations)) == len(steps_taken)
        assert row.supported or "then" in row.text
    untouched = {row.status for row in rows.values() if row.id not in therapy.done}
    assert untouched <= {"open", "closed-by-scores", "withdrawn"}


@contextmanager
def a_therapy() -> Iterator[Therapy]:
    with tempfile.TemporaryDirectory() as folder:
        therapy = Therapy(a_deployment(Path(folder)))
        for step in BEGINNING:
            therapy.take(step)
        yield therapy
        therapy.deployment.database.close()


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(steps=steps)
def test_no_act_is_lost_and_nothing_is_done_twice(steps: list[tuple]) -> None:
    with a_therapy() as therapy:
        for step in steps:
            therapy.take(step)
            check(therapy)
        assert therapy.review_again() == 0
