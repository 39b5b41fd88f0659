"""Histories that come by HTTP: the report, what is read of it later, and the limits."""

from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from threading import Event, Semaphore, Thread
from typing import Any

import pytest
from starlette.testclient import TestClient

from fhir_mappings import json_text
from service.api.v1.imports import MOST_AT_ONCE
from service.app import create_app
from service.flows.deployment import Deployment
from service.log import Log
from service.settings import Settings
from tests.conftest import BASE_URL
from tests.service.api.callers import ada, anna, opened_to
from tests.service.importing import HEADER, a_file, a_row

PATH = "/v1/imports"
BODY = {
    "instrument": "srs-3",
    "patient": "Patient/anna",
    "authored": "2026-03-02T10:50:00+01:00",
    "identifier": "urn:clinic:north|r-7",
    "answers": {"item-1": 9.2, "item-2": 9.0, "item-3": 8.7, "item-4": 9.4},
}


def send(client: TestClient, file: bytes, media_type: str = "text/csv", query: str = "") -> Any:
    return client.post(f"{PATH}{query}", content=file, headers={"Content-Type": media_type})


def test_the_report_counts_and_names_every_refused_row(client: TestClient) -> None:
    wrong = a_row(2, session_number="twelve").replace("9.2", "11.7")
    report = send(client, a_file([a_row(1), wrong])).json()

    assert (report["recorded"], report["refused"], report["state"]) == (1, 1, "done")
    assert {(one["line"], one["at"], one["reason"]) for one in report["refusals"]} == {
        (3, "session_number", "wrong-type"),
    }


def test_every_fault_of_a_row_is_named_by_its_column(client: TestClient) -> None:
    row = "urn:a|1,srs-3,Practitioner/x,Practitioner/ada,7,2026-03-02,9.25,11.7,many,"
    report = send(client, a_file([row])).json()

    assert [(one["at"], one["reason"]) for one in report["refusals"]] == [
        ("patient", "wrong-reference"),
        ("authored", "no-time-zone"),
        ("item-1", "wrong-step"),
        ("item-2", "above-maximum"),
        ("item-3", "not-a-number"),
    ]
    assert not any(value in str(report["refusals"]) for value in ("11.7", "many", "9.25"))


def test_bodies_line_by_line_are_the_other_form(client: TestClient) -> None:
    lines = [json_text.dumps(BODY), b"{", b"", json_text.dumps(BODY | {"instrument": "srs-9"})]
    report = send(client, b"\n".join(lines), "application/x-ndjson").json()

    told = [(one["line"], one["at"], one["reason"]) for one in report["refusals"]]
    assert report["recorded"] == 1
    assert told == [(2, "", "not-json"), (4, "instrument", "unknown-instrument")]


def test_how_far_it_came_is_read_again(client: TestClient) -> None:
    answer = send(client, a_file([a_row(1)]))
    report = answer.json()

    assert client.get(answer.headers["Location"]).json() == report
    assert client.get(PATH).json()["items"] == [
        {key: value for key, value in report.items() if key != "refusals"}
    ]


def test_refusals_come_in_pages_and_as_a_file(client: TestClient) -> None:
    where = send(client, a_file(["x"] * 3)).headers["Location"]

    page = client.get(f"{where}/refusals?_count=2").json()
    rest = client.get(f"{where}/refusals?_count=2&after={page['next']}").json()
    whole = client.get(f"{where}/refusals.csv").text.splitlines()
    assert [one["line"] for one in page["items"] + rest["items"]] == [2, 3, 4]
    assert (rest["next"], whole[0], len(whole)) == (None, "line,at,reason,message", 4)


def test_a_dry_run_keeps_nothing(client: TestClient) -> None:
    assert send(client, a_file([a_row(1)]), query="?dry_run=true").json()["recorded"] == 1
    assert send(client, a_file([a_row(1)])).json()["recorded"] == 1


@pytest.mark.parametrize("path", ["", "/refusals", "/refusals.csv"])
def test_an_unknown_import_is_not_found(client: TestClient, path: str) -> None:
    assert client.get(f"{PATH}/none{path}").status_code == 404


def test_other_media_types_are_refused(client: TestClient) -> None:
    assert send(client, b"{}", "application/json").status_code == 415


BAD_HEADERS = {
    "": "no-header",
    "identifier,patient,authored": "missing-column",
    f"{HEADER},colour": "unknown-column",
    f"{HEADER},patient": "repeated-column",
}


@pytest.mark.parametrize(("header", "reason"), BAD_HEADERS.items())
def test_a_header_with_faults_changes_nothing(client: TestClient, header: str, reason: str) -> None:
    answer = send(client, a_file([a_row(1)] if header else [], header))

    assert (answer.status_code, answer.json()["faults"][0]["reason"]) == (422, reason)
    assert client.get(PATH).json()["items"] == []


OTHER_FORMS = {
    "utf-16 of Windows": (a_file([a_row(1)]).decode().encode("utf-16"), "utf-16", "save it as CSV UTF-8"),
    "utf-16 of others": (b"\xfe\xff" + a_file([]).decode().encode("utf-16-be"), "utf-16", "UTF-8"),
    "an old Mac's": (a_file([a_row(1)]).replace(b"\n", b"\r"), "no-line-feed", "save it with LF"),
    "with tabs": (a_file([a_row(1)]).replace(b",", b"\t"), "other-delimiter", "tabs"),
    "with semicolons": (a_file([a_row(1)]).replace(b",", b";"), "other-delimiter", 'delimiter = ";"'),
}


@pytest.mark.parametrize(("file", "reason", "advice"), OTHER_FORMS.values(), ids=OTHER_FORMS)
def test_a_file_of_another_form_is_told_what_it_is(
    client: TestClient, file: bytes, reason: str, advice: str
) -> None:
    (fault,) = send(client, file).json()["faults"]

    assert (fault["reason"], advice in fault["message"]) == (reason, True)


def test_bodies_in_utf_16_are_told_so(client: TestClient) -> None:
    file = json_text.dumps(BODY).decode().encode("utf-16")
    (fault,) = send(client, file, "application/x-ndjson").json()["faults"]

    assert fault["reason"] == "utf-16"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_excel_says_of_the_delimiter_is_heeded(client: TestClient, delimiter: str) -> None:
    file = f"sep={delimiter}\r\n".encode() + a_file([a_row(1)]).replace(b",", delimiter.encode())

    assert send(client, file).json()["recorded"] == 1


@pytest.mark.parametrize("blank", [",,,,", "," * 9, "   ", "\t", " , ,"])
def test_a_line_that_says_nothing_is_no_row(client: TestClient, blank: str) -> None:
    report = send(client, a_file([a_row(1), blank, a_row(2), blank])).json()

    assert (report["recorded"], report["refused"], report["state"]) == (2, 0, "done")


BAD_ROWS = {
    "a,b": "wrong-columns",
    a_row(1).replace("anna", "ann\xe9"): "not-utf-8",
    a_row(1).replace("srs-3", '"srs"-3'): "not-csv",
}


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS.items())
def test_a_row_that_cannot_be_read_leaves_the_others(client: TestClient, row: str, reason: str) -> None:
    file = "\n".join([HEADER, row, a_row(2)]).encode("latin-1")
    report = send(client, file).json()

    assert (report["recorded"], report["refused"]) == (1, 1)
    assert (report["refusals"][0]["line"], report["refusals"][0]["reason"]) == (2, reason)


def spoilt(rows: list[str], opens: int, closes: int | None = None) -> bytes:
    """Return a file in which the instrument of a row opens a quote, and that of a later one closes it."""
    rows[opens - 2] = rows[opens - 2].replace("srs-3", '"srs-3')
    if closes is not None:
        rows[closes - 2] = rows[closes - 2].replace("srs-3", 'srs-3"')
    return a_file(rows)


@pytest.mark.parametrize(("closes", "refused"), [(None, {6}), (20, {6, 20}), (7, {6, 7})])
def test_a_quote_that_is_not_closed_swallows_no_row(
    client: TestClient, closes: int | None, refused: set[int]
) -> None:
    report = send(client, spoilt([a_row(n) for n in range(1, 31)], 6, closes)).json()

    assert (report["recorded"], report["refused"]) == (30 - len(refused), len(refused))
    assert {one["line"] for one in report["refusals"]} == refused


@pytest.fixture
def small(deployment: Any, log_stream: Any) -> TestClient:
    """A service that takes bodies of 1 KiB, and imports of 4."""
    settings = Settings(database_url=deployment.database.url, max_body_bytes=1024, max_import_bytes=4096)
    return TestClient(create_app(replace(deployment, settings=settings), Log(log_stream)), base_url=BASE_URL)


def test_an_import_may_be_larger_than_other_bodies(small: TestClient) -> None:
    file = a_file([a_row(n) for n in range(1, 21)])
    assert 1024 < len(file) < 4096
    assert send(small, file).json()["recorded"] == 20
    assert send(small, file * 2).status_code == 413


def test_only_who_reaches_the_whole_clinic_imports(deployment: Any, log_stream: Any) -> None:
    with opened_to(deployment, Log(log_stream), ada=ada(), anna=anna()) as clients:
        answers = [
            clients[name].request(
                method, PATH, content=a_file([a_row(1)]), headers={"Content-Type": "text/csv"}
            )
            for name in ("ada", "anna")
            for method in ("POST", "GET")
        ]

    assert {one.status_code for one in answers} == {403}


def test_a_key_that_is_a_name_is_no_place_in_the_report(client: TestClient) -> None:
    lines = json_text.dumps(BODY | {"answers": {"anna-smith": 9.2}, "bob-smith": 1})
    report = send(client, lines, "application/x-ndjson").json()

    assert report["refused"] == 1
    assert "smith" not in str(report["refusals"])


@pytest.mark.parametrize("row", [a_row(2) + "9" * 1024, '"' + a_row(2) + "9" * 1024, "9" * 1024])
def test_a_line_that_is_too_long_is_refused_and_the_others_are_recorded(small: TestClient, row: str) -> None:
    report = send(small, a_file([a_row(1), row, a_row(3)])).json()

    assert (report["recorded"], report["state"], report["line"]) == (2, "done", 4)
    assert [(one["line"], one["reason"]) for one in report["refusals"]] == [(3, "too-long")]


def test_a_row_whose_cell_goes_on_in_a_line_that_is_too_long_ends_before_it(small: TestClient) -> None:
    begun = a_row(2).replace("srs-3", '"srs-3')
    report = send(small, a_file([a_row(1), begun, "9" * 1024 + '"', a_row(3)])).json()

    assert report["recorded"] == 2
    assert [(one["line"], one["reason"]) for one in report["refusals"]] == [(3, "not-csv"), (4, "too-long")]


def test_a_body_that_is_too_long_is_refused_and_the_others_are_recorded(small: TestClient) -> None:
    lines = b"\n".join([b" " * 1500, b"{" * 1500, json_text.dumps(BODY)])
    report = send(small, lines, "application/x-ndjson").json()

    assert report["recorded"] == 1
    assert [(one["line"], one["reason"]) for one in report["refusals"]] == [(1, "too-long"), (2, "too-long")]


def test_more_imports_at_once_than_a_clinic_may_have_are_refused(deployment: Deployment) -> None:
    app, begun, ends, told = create_app(deployment, Log(StringIO())), Semaphore(0), Event(), []

    def dripping() -> Iterator[bytes]:
        begun.release()
        ends.wait(20)
        yield a_file([a_row(1)])

    def bring() -> None:
        # A client for each: those of one share a loop, which what drips would hold up here.
        csv = {"Content-Type": "text/csv"}
        told.append(TestClient(app, BASE_URL).post(PATH, content=dripping(), headers=csv).status_code)

    threads = [Thread(target=bring) for _ in range(MOST_AT_ONCE)]
    for thread in threads:
        thread.start()
        assert begun.acquire(timeout=20)
    refused = send(TestClient(app, BASE_URL), a_file([a_row(1)]))
    ends.set()
    for thread in threads:
        thread.join(20)

    assert (refused.status_code, told) == (429, MOST_AT_ONCE * [200])
    assert int(refused.headers["Retry-After"]) > 0
    assert send(TestClient(app, BASE_URL), a_file([a_row(1)])).status_code == 200
