"""The door of reports: what it takes, what it answers, and what it keeps to itself."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.api.v1.shown_metrics import show_metrics_as_csv
from service.app import create_app
from service.flows.deployment import Deployment
from service.flows.refresh_snapshot import refresh_snapshot
from service.flows.report_metrics import Report
from service.flows.set_disclosure import set_disclosure
from service.log import Log
from service.reporting.answers import Answered
from service.reporting.counted_by import CountedBy
from service.reporting.question import Cell, Question
from service.reporting.snapshots import SHAPE, Snapshot, SnapshotFacts
from service.store.disclosures import Disclosure
from tests.conftest import BASE_URL
from tests.service.api.callers import a_caller, opened_to
from tests.service.build import an_access
from tests.service.reporting.clinic import fill_clinic

URL = "/v1/alliance-metrics"
TEAMS = {"blue", "green", "unknown"}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    deployment = fill_clinic(tmp_path_factory.mktemp("clinic"), 36)
    set_disclosure(deployment, "Patient/c-0001", Disclosure(share=False), an_access())
    assert refresh_snapshot(deployment)
    yield deployment
    deployment.database.close()


@pytest.fixture
def reports(filled: Deployment) -> Iterator[TestClient]:
    with TestClient(create_app(filled, Log(io.StringIO())), base_url=BASE_URL) as opened:
        yield opened


def ask(reports: TestClient, **parameters: Any) -> Any:
    answer = reports.get(URL, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_without_a_snapshot_one_is_told_to_come_again(client):
    answer = client.get(URL)

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "15"
    assert answer.json()["faults"][0]["reason"] == "report-not-at-hand"


def test_every_figure_says_when_it_was_true_and_what_it_means(reports):
    answer = ask(reports, group_by="team")

    assert answer["as_of"] == "2026-03-02T12:00:00.000000Z"
    assert {one["group"]["team"] for one in answer["items"]} == TEAMS
    assert answer["definitions"].keys() == {one["figure"] for one in answer["items"]}


def test_only_the_families_asked_for_are_answered(reports):
    assert {one["figure"] for one in ask(reports, figures="counts")["items"]} == {
        "dyads",
        "sessions",
        "rated_sessions",
        "responses",
    }


def test_a_patient_whose_data_may_not_be_shared_is_left_out_and_counted(reports):
    (dyads,) = [one for one in ask(reports, figures="counts")["items"] if one["figure"] == "dyads"]

    assert dyads["value"] == 35
    assert ask(reports, figures="counts")["patients_not_shared"] is None  # fewer than the minimum


def test_groups_under_the_minimum_are_suppressed_with_their_complements(reports):
    items = ask(reports, figures="counts", group_by="approach,site")["items"]

    hidden = [one for one in items if one["suppressed"]]
    assert hidden
    assert all(one["value"] is one["n"] is one["low"] is None for one in hidden)


def test_the_n_of_a_level_does_not_tell_the_hidden_responses_of_another_instrument(reports):
    by_instrument = ask(reports, figures="counts,level", group_by="instrument")["items"]
    responses = {one["group"]["instrument"]: one for one in by_instrument if one["figure"] == "responses"}
    hidden = {name for name, one in responses.items() if one["suppressed"]}
    levels = [one for one in ask(reports, figures="level")["items"] if one["score"] == "total"]

    assert len(hidden) == 2
    assert any(one["value"] is not None for one in levels if one["instrument"] in hidden)
    assert {one["n"] for one in [*levels, *by_instrument] if one.get("instrument") in hidden} == {None}
    assert all(one["n"] for one in levels if one["instrument"] not in hidden)


def test_two_dimensions_do_not_add_up_to_what_one_of_them_hides(reports):
    def responses(group_by: str) -> list[Any]:
        items = ask(reports, figures="counts", group_by=group_by)["items"]
        return [one for one in items if one["figure"] == "responses"]

    hidden = {one["group"]["month"] for one in responses("month") if one["suppressed"]}
    shown = {one["group"]["month"] for one in responses("language,month") if not one["suppressed"]}

    assert hidden
    assert not hidden & shown


def test_figures_that_cannot_be_grouped_so_are_named(reports):
    answer = ask(reports, figures="drop-out", group_by="month")

    assert answer["items"] == []
    assert answer["not_grouped"] == ["drop_out_after_unrepaired", "drop_out_without_alert"]


@pytest.mark.parametrize(
    ("parameters", "at"),
    [
        ({"group_by": "patient"}, "group_by"),
        ({"group_by": "team,site,month"}, "group_by"),
        ({"figures": "gossip"}, "figures"),
        ({"from": "2026-01-01"}, "from"),
        ({"format": "xml"}, "format"),
    ],
)
def test_what_is_not_on_the_lists_is_refused(reports, parameters, at):
    answer = reports.get(URL, params=parameters)

    assert answer.status_code == 400
    assert answer.json()["faults"][0]["at"] == at


def test_grouping_by_therapist_needs_a_scope_of_its_own(filled):
    whole, by_therapist = "alliance/metrics.read", "alliance/therapist-metrics.read"
    callers = {"analyst": a_caller(whole), "head": a_caller(f"{whole} {by_therapist}")}
    with opened_to(filled, Log(io.StringIO()), **callers) as clients:
        answers = {name: clients[name].get(URL, params={"group_by": "therapist"}) for name in callers}

    assert {name: answer.status_code for name, answer in answers.items()} == {"analyst": 403, "head": 200}
    assert by_therapist in answers["analyst"].headers["www-authenticate"]


def test_figures_of_the_clinic_need_their_own_scope(filled):
    everything = "system/*.cruds alliance/operations.read"
    with opened_to(filled, Log(io.StringIO()), ehr=a_caller(everything)) as clients:
        assert clients["ehr"].get(URL).status_code == 403


@pytest.mark.parametrize(("parameters", "accept"), [({"format": "csv"}, "*/*"), ({}, "text/csv")])
def test_csv_holds_the_same_figures(reports, parameters, accept):
    answer = reports.get(URL, params={"group_by": "team", **parameters}, headers={"Accept": accept})
    lines = list(csv.DictReader(io.StringIO(answer.text)))

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert [(one["team"], one["figure"], one["n"]) for one in lines] == [
        (one["group"]["team"], one["figure"], "" if one["n"] is None else str(one["n"]))
        for one in ask(reports, group_by="team")["items"]
    ]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("TEXT/CSV", "text/csv"),
        ("application/json;q=0.5, text/csv", "text/csv"),
        ("application/json, text/csv;q=0.1", "application/json"),
        ("text/csv;q=0, application/json", "application/json"),
        ("text/csv-schema", "application/json"),
        ("*/*", "application/json"),
    ],
)
def test_the_kind_that_is_preferred_is_written(reports, accept, kind):
    answer = reports.get(URL, params={"figures": "counts"}, headers={"Accept": accept})

    assert answer.headers["content-type"].partition(";")[0] == kind


def test_counts_are_whole_numbers(reports):
    items = ask(reports, figures="counts")["items"]

    assert {type(one["value"]) for one in items} == {int}


@pytest.mark.parametrize("team", ["=1+1", ";=1+1", "a|@SUM(1)", " =1", "\u200b=1", "\uff1d1+1"])
def test_text_that_a_spreadsheet_would_reckon_is_quoted(filled, team):
    cell = Cell((team,), "responses", (), 12, None, None, 12, 12)
    facts = SnapshotFacts(SHAPE, "2026-03-02T12:00:00Z", "", "", 0, CountedBy())
    question = Question("default", ("counts",), ("team",), 11, CountedBy())
    report = Report(question, Snapshot(Path(), facts), Answered((cell,), ()))
    (line,) = csv.DictReader(io.StringIO(show_metrics_as_csv(report, filled)))

    assert line["team"] == f"'{team}"


def test_csv_says_in_every_line_by_what_was_counted_and_what_was_left_out(reports):
    told = ask(reports, figures="counts")
    counted_by = told["counted_by"] | {"session_bands": "1 4 9"}
    answer = reports.get(URL, params={"figures": "counts", "format": "csv"})
    lines = list(csv.DictReader(io.StringIO(answer.text)))

    assert len(lines) == len(told["items"])
    for line in lines:
        assert {name: line[name] for name in counted_by} == {
            name: str(one) for name, one in counted_by.items()
        }
        assert (line["minimum_cell"], line["patients_not_shared"]) == (str(told["minimum_cell"]), "")


def test_asking_is_audited(reports, filled):
    reports.get(URL, params={"group_by": "team"})
    with filled.database.read() as tx:
        routes = (
            tx.exec_driver_sql("SELECT route FROM audit_rows ORDER BY row_id DESC LIMIT 1").scalars().all()
        )

    assert routes == [URL]
