"""Task and Flag: what a rupture alert asks for, read, read by version, and searched."""

from datetime import timedelta

import pytest

from tests.service.api.fhir.calls import create, ids, search, session

DEVICE = "Device/alliance-service"


@pytest.fixture
def alert(client):
    """An open alert of Anna's, marked, raised at the fixed moment of the tests."""
    for number in range(4, 10):
        create(client, session(number, total="37.0"))
    create(client, session(10, total="22.0"))
    return search(client, "DetectedIssue")["entry"][0]["resource"]


@pytest.fixture
def closed(client, clock, alert):
    """The same alert a week later: the scores returned."""
    clock.now += timedelta(weeks=1)
    create(client, session(11, total="37.2"))
    return client.get(f"/fhir/DetectedIssue/{alert['id']}").json()


@pytest.mark.parametrize("kind", ["Task", "Flag"])
def test_an_alert_makes_one_under_its_own_id(client, alert, kind):
    assert ids(search(client, kind)) == [alert["id"]]
    assert client.get(f"/fhir/{kind}/{alert['id']}").headers["etag"] == 'W/"1"'


def test_a_marked_alert_asks_for_urgent_work_of_the_therapist(client, alert):
    task = client.get(f"/fhir/Task/{alert['id']}").json()

    assert (task["status"], task["priority"], task["owner"]) == (
        "requested",
        "urgent",
        {"reference": "Practitioner/ada"},
    )


def test_scores_that_return_cancel_the_task_and_end_the_flag(client, closed):
    task, flag = (client.get(f"/fhir/{kind}/{closed['id']}").json() for kind in ("Task", "Flag"))

    assert (task["status"], flag["status"]) == ("cancelled", "inactive")
    assert flag["period"]["end"] == task["lastModified"] > task["authoredOn"]


@pytest.mark.parametrize(("kind", "before"), [("Task", "requested"), ("Flag", "active")])
def test_an_earlier_version_stays_readable(client, closed, kind, before):
    assert client.get(f"/fhir/{kind}/{closed['id']}/_history/1").json()["status"] == before
    assert client.get(f"/fhir/{kind}/{closed['id']}/_history/9").status_code == 404


@pytest.mark.parametrize("kind", ["Task", "Flag"])
def test_a_historical_alert_makes_none(client, clock, kind):
    clock.now += timedelta(weeks=10)
    for number in range(4, 10):
        create(client, session(number, total="37.0"))
    create(client, session(10, total="22.0"))
    (alert_id,) = ids(search(client, "DetectedIssue"))

    assert ids(search(client, kind)) == []
    assert client.get(f"/fhir/{kind}/{alert_id}").status_code == 404


@pytest.mark.parametrize(
    ("kind", "parameter", "value"),
    [
        ("Task", "patient", "Patient/anna"),
        ("Task", "owner", "Practitioner/ada"),
        ("Task", "owner", "ada"),
        ("Task", "status", "requested,accepted"),
        ("Task", "status", "http://hl7.org/fhir/task-status|requested"),
        ("Task", "business-status", "open"),
        ("Task", "code", "review-possible-strain"),
        ("Task", "priority", "urgent"),
        ("Task", "authored-on", "2026-03-02"),
        ("Task", "modified", "ge2026-03-02"),
        ("Task", "_lastUpdated", "2026-03-02"),
        ("Task", "period", "gt2030"),
        ("Flag", "subject", "anna"),
        ("Flag", "date", "ge2026-03-05"),
        ("Flag", "author", DEVICE),
    ],
)
def test_a_search_finds_it(client, alert, kind, parameter, value):
    found = client.get(f"/fhir/{kind}", params={parameter: value}).json()

    assert ids(found) == [alert["id"]]


@pytest.mark.parametrize(
    ("kind", "parameter", "value"),
    [
        ("Task", "owner", "Practitioner/olga"),
        ("Task", "status", "cancelled"),
        ("Task", "status", "http://example.org|requested"),
        ("Task", "priority", "routine"),
        ("Task", "modified", "gt2026-03-02"),
        ("Task", "period", "2026-03"),
        ("Flag", "date", "lt2026-03-02"),
        ("Flag", "author", "Device/other"),
    ],
)
def test_a_search_for_something_else_does_not(client, alert, kind, parameter, value):
    assert ids(client.get(f"/fhir/{kind}", params={parameter: value}).json()) == []


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("2026-03", True),
        ("ge2026-03-09", True),
        ("gt2026-03-10", False),
        ("eb2026-04", True),
        ("ne2026", False),
    ],
)
def test_a_flag_that_ended_lies_in_its_period(client, closed, value, fits):
    assert ids(search(client, "Flag", date=value)) == ([closed["id"]] if fits else [])


def test_the_focus_is_the_detected_issue(client, alert):
    assert ids(search(client, "Task", focus=f"DetectedIssue/{alert['id']}")) == [alert["id"]]
    assert ids(search(client, "Task", focus="DetectedIssue/other")) == []
