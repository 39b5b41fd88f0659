"""The analyst's notebook runs, and tells by the tables what the API answers."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import duckdb
import pytest

from fhir_mappings.alert_states import STATES
from service.app import create_app
from service.flows.export_tables import export_tables
from service.flows.refresh_snapshot import refresh_snapshot
from service.log import Log
from tests.conftest import BASE_URL, TestClient
from tests.contract import notebook
from tests.service.build import an_access
from tests.service.reporting.clinic import fill_clinic

CLIENTS = 36


@dataclass(frozen=True, slots=True)
class Clinic:
    """A clinic's API, and the folder of its tables."""

    api: TestClient
    tables: Path

    def ask(self, query: str) -> Mapping[str, Any]:
        answer = self.api.get(f"/v1/alliance-metrics?{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def figure(self, name: str) -> Mapping[str, Any]:
        (found,) = notebook.figures_of(self.ask(""), name)
        return found


def opened(folder: Path, clients: int) -> Iterator[Clinic]:
    deployment = fill_clinic(folder, clients)
    assert refresh_snapshot(deployment)
    (folder / "tables").mkdir()
    export_tables(deployment, folder / "tables", an_access("R"))
    with TestClient(create_app(deployment, Log(io.StringIO())), base_url=BASE_URL) as api:
        yield Clinic(api, folder / "tables")
    deployment.database.close()


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    yield from opened(tmp_path_factory.mktemp("clinic"), CLIENTS)


@pytest.fixture
def new_clinic(tmp_path: Path) -> Iterator[Clinic]:
    yield from opened(tmp_path, 0)


def drawn(clinic: Clinic, folder: Path) -> dict[str, bytes]:
    notebook.draw_all(clinic.ask, clinic.tables, folder)
    return {one.name: one.read_bytes() for one in folder.iterdir()}


def test_three_pictures_are_drawn(clinic, tmp_path):
    pictures = drawn(clinic, tmp_path / "pictures")

    assert set(pictures) == {"level.png", "alerts.png", "coverage-and-congruence.png"}
    assert all(one.startswith(b"\x89PNG") for one in pictures.values())


def test_pictures_of_a_clinic_without_a_rating_are_drawn_too(new_clinic, tmp_path):
    assert len(drawn(new_clinic, tmp_path / "pictures")) == 3


def a_mean(value: float | None, low: float | None = None, month: str = "2026-03") -> dict[str, Any]:
    return {"group": {"month": month}, "value": value, "low": low}


@pytest.mark.parametrize(
    ("items", "bottom"),
    [
        ([], 32),
        ([a_mean(37.5, 36.9), a_mean(39.0)], 32),
        ([a_mean(20.0, 17.2), a_mean(None)], 14),
        ([a_mean(4.0, 0.5)], 0),
    ],
)
def test_the_axis_begins_below_every_interval_and_the_cut_off(items, bottom):
    assert notebook.lowest_shown(items) == bottom


def test_a_month_without_ratings_leaves_a_gap():
    places = [notebook.month_place(a_mean(30.0, month=one)) for one in ("2025-11", "2026-02")]

    assert places[1] - places[0] == 3


@pytest.mark.parametrize(
    ("months", "step", "count"), [(1, 1, 1), (12, 1, 12), (24, 3, 8), (60, 6, 10), (300, 36, 8)]
)
def test_months_have_twelve_labels_at_most(months, step, count):
    january = 2020 * 12
    labels = notebook.labelled(range(january, january + months))

    assert len(labels) == count
    assert all(one % step == 0 for one in labels)


def test_the_coverage_drawn_is_the_apis(clinic):
    told = clinic.figure("first_sessions_rated")
    first = [one for one in notebook.coverage_by_session(clinic.tables) if one[0] <= 3]

    assert sum(came for _, came, _ in first) == told["n"]
    assert sum(rated for _, _, rated in first) / told["n"] == pytest.approx(told["value"], abs=1e-4)


def test_the_alerts_drawn_are_those_of_the_api(clinic):
    told = clinic.figure("alerts_per_100_sessions")
    drawn_alerts = sum(notebook.alerts_by_level(clinic.tables).values())

    assert drawn_alerts / told["n"] * 100 == pytest.approx(told["value"], abs=1e-4)


def write_table(folder: Path, name: str, columns: str, *rows: str) -> None:
    query = f"SELECT * FROM (VALUES {', '.join(rows)}) AS t({columns})"  # noqa: S608 - this file's own words
    duckdb.sql(query).write_parquet(str(folder / f"{name}.parquet"))


def test_what_is_left_out_of_the_alerts_drawn_is_counted(tmp_path):
    rows = ("(true, 'open')", "(true, 'open')", "(true, 'withdrawn')", "(false, 'entered-in-error')")
    write_table(tmp_path, "alerts", "historical, status", *rows, "(false, 'open')")

    assert notebook.left_out_in_words(tmp_path) == "left out: 2 historical, 2 withdrawn or in error"


def test_of_no_alerts_none_is_left_out(new_clinic):
    told = notebook.left_out_in_words(new_clinic.tables)

    assert told == "left out: 0 historical, 0 withdrawn or in error"


@pytest.mark.parametrize(
    ("attended", "words"),
    [
        (("(1, 'attended')", "(1, 'attended')", "(2, 'attended')"), "Attendance as it was recorded."),
        (
            ("(1, 'attended')", "(2, 'missed')", "(3, 'attended')"),
            "recorded of 50% of the dyads, else inferred",
        ),
        (("(1, 'missed')",), "not recorded, but inferred from session numbers"),
    ],
)
def test_a_picture_says_how_attendance_is_known(tmp_path, attended, words):
    write_table(tmp_path, "dyads", "dyad, attended", "(1, 4)", "(2, 3)", "(3, NULL)")
    write_table(tmp_path, "attendance", "dyad, status", *attended)

    assert words in notebook.attendance_in_words(tmp_path)


def test_the_sessions_that_both_rated_are_those_of_the_api(clinic):
    assert len(notebook.both_sides(clinic.tables)) == clinic.figure("congruence_gap")["n"]


def test_every_status_of_an_alert_has_a_colour():
    coloured = {status for statuses, _ in notebook.FOLLOWED.values() for status in statuses}

    assert coloured == set(STATES) - {"withdrawn", "entered-in-error"}


def test_the_key_is_sent_as_a_bearer_token_and_never_where_it_is_redirected():
    request = notebook.request_for("http://127.0.0.1:8000/", "figures=level", "alk_some-key")

    assert request.full_url == "http://127.0.0.1:8000/v1/alliance-metrics?figures=level"
    assert request.unredirected_hdrs == {"Authorization": "Bearer alk_some-key"}
    assert request.headers == {}


def test_without_a_key_no_authorization_is_sent():
    assert notebook.request_for("http://127.0.0.1:8000", "", "").header_items() == []


def refused(status: int, body: bytes) -> HTTPError:
    return HTTPError("http://127.0.0.1:8000/v1", status, "Some reason", Message(), io.BytesIO(body))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refused(401, b'{"detail": "A credential is needed."}'), ("A credential is", "ALLIANCE_API_KEY")),
        (refused(403, b'{"detail": "No scope."}'), ("No scope.", "alliance/metrics.read")),
        (refused(503, b"<html>"), ("Some reason", "in a minute")),
        (refused(500, b"[]"), ("500", "log of the service")),
        (URLError("Connection refused"), ("Nothing answers at http://here", "Connection refused")),
    ],
)
def test_an_error_says_what_to_do(error, words):
    told = notebook.what_to_do(error, "http://here")

    assert [one for one in words if one not in told] == []


def test_who_gets_no_figures_reads_a_sentence_and_no_traceback(tmp_path, monkeypatch):
    def refuse(_):
        raise refused(401, b"{}")

    monkeypatch.setattr(notebook, "urlopen", refuse)
    with pytest.raises(SystemExit) as left:
        notebook.main("http://here", tmp_path, tmp_path, "")

    assert str(left.value).startswith("401 from http://here: Some reason\nSet ALLIANCE_API_KEY")
