"""Whom figures count, and when, where a clinic's story is not the usual one."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fhir_mappings.filled import Identifier
from service.flows.act_on_alert import PersonsAct, act_on_alert
from service.flows.deployment import Deployment
from service.flows.record_attendance import NewAttendance, record_attendance
from service.flows.record_response import record_response
from service.flows.refresh_snapshot import refresh_snapshot, snapshots_of
from service.reporting.answers import answer_question
from service.reporting.question import Cell, Question
from service.reporting.reading import reading
from tests.service.build import StandingClock, a_deployment, a_response, an_access
from tests.service.importing import a_file, a_row, alerts_in, bring


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def clinic(tmp_path: Path, clock: StandingClock) -> Iterator[Deployment]:
    made = a_deployment(tmp_path, clock, snapshot_dir=str(tmp_path / "snapshots"))
    yield made
    made.database.close()


def cells(clinic: Deployment, figure: str, *group_by: str) -> list[Cell]:
    refresh_snapshot(clinic)
    snapshots = snapshots_of(clinic)
    snapshot = snapshots and snapshots.newest()
    assert snapshot
    families = ("alerts", "drop-out")
    question = Question("default", families, group_by, 1, snapshot.facts.counted_by)
    with reading(snapshot.folder, 20) as reader:
        return [one for one in answer_question(reader, question).cells if one.figure == figure]


def raise_alert(clinic: Deployment) -> None:
    for number, total in enumerate(["37.0"] * 6 + ["22.0"], 1):
        record_response(clinic, a_response(number, total), an_access())


@pytest.fixture
def made_live(clinic: Deployment, clock: StandingClock) -> Deployment:
    """A fall in an imported history of December, that a rating of March made news; acted on a day later."""
    clock.moment = datetime(2026, 1, 10, tzinfo=UTC)
    totals = enumerate(["37.0"] * 6 + ["33.0"], 1)
    rows = [a_row(n, total, authored=f"2025-12-{n:02d}T10:00:00+00:00") for n, total in totals]
    bring(clinic, a_file(rows))
    clock.moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    march = {"session_date": "2026-03-01", "authored": "2026-03-01T10:00:00+00:00", "session_number": 20}
    record_response(clinic, replace(a_response(20, "20.0"), **march), an_access())
    clock.moment = datetime(2026, 3, 2, 12, tzinfo=UTC)
    (alert,) = alerts_in(clinic)
    act_on_alert(clinic, alert.id, None, PersonsAct("acknowledge", "Practitioner/ada"), an_access())
    clock.moment = datetime(2026, 3, 20, 12, tzinfo=UTC)
    return clinic


def test_a_historical_alert_that_became_news_is_in_time_from_then_on(made_live):
    assert [(one.value, one.n) for one in cells(made_live, "acknowledged_in_time")] == [(1.0, 1)]


def test_a_historical_alert_that_became_news_is_of_the_session_that_made_it_so(made_live):
    assert [one.group for one in cells(made_live, "acknowledged_in_time", "month")] == [(202603,)]
    assert [one.value for one in cells(made_live, "alerts_per_100_sessions", "month")] == [100.0]


def test_who_never_came_did_not_drop_out(clinic):
    record_response(clinic, a_response(1), an_access())
    missed = NewAttendance(
        "missed", "Patient/ben", "Practitioner/ada", "2025-11-01", 1, None, Identifier("urn:a", "m")
    )
    record_attendance(clinic, missed, an_access())

    assert [one.n for one in cells(clinic, "drop_out_without_alert")] == [1]


def test_a_dismissed_alert_was_one(clinic):
    raise_alert(clinic)
    (alert,) = alerts_in(clinic)
    dismissed = PersonsAct("dismiss", "Practitioner/ada", reason="not-a-strain")
    act_on_alert(clinic, alert.id, None, dismissed, an_access())

    assert cells(clinic, "drop_out_without_alert") == cells(clinic, "drop_out_after_unrepaired") == []


def test_an_alert_in_an_imported_history_was_one(clinic, clock):
    clock.moment = datetime(2026, 3, 2, tzinfo=UTC)
    totals = enumerate(["37.0"] * 6 + ["22.0"], 1)
    bring(clinic, a_file([a_row(n, t, authored=f"2025-12-{n:02d}T10:00:00+00:00") for n, t in totals]))

    assert cells(clinic, "drop_out_without_alert") == []
