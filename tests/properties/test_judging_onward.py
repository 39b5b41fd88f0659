"""However ratings and acts come in, what is kept of a dyad, and its alerts, are those of judging it whole."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from fhir_mappings.alert_states import Act
from fhir_mappings.filled import Identifier
from service.alliance.rules import ALERT_RULES
from service.errors import Duplicate, WrongState
from service.flows.act_on_alert import PersonsAct, act_on_alert
from service.flows.alert_versions import settlements_of
from service.flows.correct_response import correct_response, withdraw_response
from service.flows.deployment import Deployment
from service.flows.dyad_state import state_of, write_state
from service.flows.judge_dyad import judge_dyad
from service.flows.read_standards import read_standards
from service.flows.record_response import record_response
from service.store.alerts import AlertQuery, AlertRow, alerts_of_dyad, list_alerts
from service.store.responses import dyad_ratings, find_current
from service.store.tables import dyads
from tests.service.build import (
    StandingClock,
    a_check_in,
    a_checklist,
    a_deployment,
    a_report,
    a_response,
    an_access,
)

TOTALS = ("20.0", "29.0", "33.0", "36.4", "36.8", "37.0", "37.2", "40.0")
total = st.sampled_from(TOTALS)
# What is reported: nothing, or a strain, how strong and how far resolved; a check-in's answer; signs seen.
said = st.sampled_from(("no", "3-1", "5-2", "2-4", "on-track", "off-track", "sign", "no-sign"))
# Mostly the next session; some are late, some correct or withdraw what is there. Reports come as ratings do.
step = st.one_of(
    *[st.tuples(st.just("next"), st.integers(0, 0), total)] * 6,
    *[st.tuples(st.sampled_from(("next", "same")), st.integers(0, 0), said)] * 3,
    st.tuples(st.just("late"), st.integers(1, 30), total | said),
    st.tuples(st.just("correct"), st.integers(0, 30), total),
    st.tuples(st.just("withdraw"), st.integers(0, 30), total),
    st.tuples(st.sampled_from(("acknowledge", "resolve-repaired", "dismiss")), st.integers(0, 2), total),
)
_ARRIVING = ("next", "same", "late")
histories = st.tuples(st.sampled_from(ALERT_RULES), st.lists(step, min_size=8, max_size=30))


class Clinic:
    """A clinic that is told a history; ``whole``: what was kept is forgotten before every step."""

    def __init__(self, deployment: Deployment, *, whole: bool) -> None:
        self.deployment = deployment
        self._whole = whole
        self._ids: list[tuple[str, int]] = []
        self._last = 30

    def take(self, kind: str, which: int, value: str) -> None:
        if self._whole:
            with self.deployment.database.write() as tx:
                tx.execute(update(dyads).values(judged=None))
        if kind in _ARRIVING:
            self._last += kind == "next"
            self._record(which if kind == "late" else self._last, value)
        elif kind not in ("correct", "withdraw"):
            self._act(kind, which)
        elif self._ids:
            response, session = self._ids[which % len(self._ids)]
            if kind == "correct":
                self._correct(response, session, value)
            else:
                withdraw_response(self.deployment, response, None, "typed twice", an_access("U"))
                self._ids.remove((response, session))

    def _correct(self, response: str, session: int, value: str) -> None:
        """Give a rating another total; let a report say that there was a strong strain."""
        with self.deployment.database.read() as tx:
            form = find_current(tx, "default", response).instrument
        other = {
            "rupture-report-client": "5-1",
            "session-check-in-client": "off-track",
            "rupture-markers-observer": "sign",
        }
        new = _a_form(session, other.get(form, value))
        correct_response(self.deployment, response, None, new, an_access("U"))

    def _record(self, session: int, value: str) -> None:
        new = replace(
            _a_form(session, value), identifier=Identifier("urn:try", f"{session}-{len(self._ids)}")
        )
        try:
            recorded = record_response(self.deployment, new, an_access())
        except Duplicate:
            return
        self._ids.append((recorded.filled.id, session))

    def _act(self, act: Act, which: int) -> None:
        rows = sorted(self._rows(), key=lambda row: (row.session_date, row.session_number))
        if rows:
            row = rows[which % len(rows)]
            done = PersonsAct(act, "Practitioner/ada", reason="other" if act == "dismiss" else None)
            with suppress(WrongState):
                act_on_alert(self.deployment, row.id, None, done, an_access("U"))

    def _rows(self) -> list[AlertRow]:
        with self.deployment.database.read() as tx:
            return list_alerts(tx, "default", AlertQuery(include_historical=True))

    def kept(self) -> tuple[str | None, str | None]:
        """Return what is kept of the dyad, and what judging it whole would keep: nothing after an act."""
        with self.deployment.database.read() as tx:
            kept = tx.execute(dyads.select()).first()
            ratings = dyad_ratings(tx, "default", kept.row_id)
            standards = read_standards(tx, self.deployment, "default")
            alerts = alerts_of_dyad(tx, "default", kept.row_id)
        judged = judge_dyad(ratings, self.deployment, standards, settlements_of(alerts))
        if any(row.touched_by for row in alerts):
            return kept.judged, None
        return kept.judged, write_state(state_of(judged, ratings, self.deployment.parameters))

    def alerts(self) -> list[tuple[object, ...]]:
        return sorted(
            (
                one.status,
                one.score_course,
                one.severity,
                one.session_number or 0,
                one.live,
                one.type,
                one.version,
            )
            for one in self._rows()
        )


def _a_form(session: int, value: str):
    """Return a rating of this total, or a report of what was said."""
    if value in ("on-track", "off-track"):
        return replace(a_check_in(session, "yes" if value == "on-track" else "no"), identifier=None)
    if value in ("sign", "no-sign"):
        mark = 4 if value == "sign" else 1
        return replace(a_checklist(session, withdrawal_denial=mark, overall_resolution=4), identifier=None)
    if value == "no":
        return replace(a_report(session, happened=False), identifier=None)
    if "-" in value:
        intensity, resolution = map(int, value.split("-"))
        return replace(a_report(session, intensity=intensity, resolution=resolution), identifier=None)
    return replace(a_response(session, value), identifier=None)


@contextmanager
def _a_clinic(rule: str, *, whole: bool) -> Iterator[Clinic]:
    folder = Path(tempfile.mkdtemp())
    deployment = a_deployment(folder, StandingClock(), alert_rule=rule)
    try:
        yield Clinic(deployment, whole=whole)
    finally:
        deployment.database.close()
        shutil.rmtree(folder)


@settings(max_examples=10, deadline=None)
@given(histories)
def test_judging_onward_is_judging_whole(history):
    rule, steps = history
    with _a_clinic(rule, whole=False) as onward, _a_clinic(rule, whole=True) as whole:
        for one in steps:
            onward.take(*one)
            whole.take(*one)
        if any(kind in _ARRIVING for kind, _, _ in steps):
            kept, expected = onward.kept()
            assert kept == expected
        assert onward.alerts() == whole.alerts()


def _told(course: list[tuple[int, str]]) -> tuple[dict[tuple[object, ...], object], list[tuple[object, ...]]]:
    """Tell a clinic a course; return its judgements by session and form, and the alerts that it supports."""
    with _a_clinic("own-baseline", whole=False) as clinic:
        for session, value in course:
            clinic.take("late", session, value)
        with clinic.deployment.database.read() as tx:
            ratings = dyad_ratings(tx, "default", 1)
            standards = read_standards(tx, clinic.deployment, "default")
        judged = judge_dyad(ratings, clinic.deployment, standards)
        by_session = {(row.session_number, row.instrument): judged.judgements.get(row.id) for row in ratings}
        return by_session, [one[:-1] for one in clinic.alerts() if one[0] != "withdrawn"]


course = st.dictionaries(
    st.tuples(st.integers(1, 14), st.sampled_from(("srs", "report"))),
    st.tuples(total, said),
    min_size=4,
    max_size=20,
).map(lambda found: [(at, one[form == "report"]) for (at, form), one in sorted(found.items())])


@settings(max_examples=10, deadline=None)
@given(st.tuples(course, st.randoms(use_true_random=False)))
def test_order_of_arrival_changes_neither_judgements_nor_alerts(told):
    in_order, random = told
    shuffled = random.sample(in_order, len(in_order))
    assert _told(shuffled) == _told(in_order)
