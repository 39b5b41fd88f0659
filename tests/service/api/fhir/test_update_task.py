"""A Task update moves the alert behind it; nothing else of a Task can be changed."""

import pytest

from fhir_mappings import json_text
from tests.builders import NAMES
from tests.service.api.fhir.calls import FHIR, create, issues, search, session

STATUSES = NAMES.vocabulary("alert-statuses")
REPAIRED = {
    "type": {"text": "outcome"},
    "valueCodeableConcept": {"coding": [{"system": STATUSES, "code": "repaired"}]},
}
NOTE = {"authorReference": {"reference": "Practitioner/sue"}, "text": "We spoke."}


def step(code):
    coding = {"system": NAMES.vocabulary("repair-steps"), "code": code}
    return {"type": {"text": "step"}, "valueCodeableConcept": {"coding": [coding]}}


def reason(code):
    return {"coding": [{"system": NAMES.vocabulary("alert-dismissal-reasons"), "code": code}]}


@pytest.fixture
def task_id(client):
    for number in range(4, 10):
        create(client, session(number, total="37.0"))
    create(client, session(10, total="22.0"))
    return search(client, "Task")["entry"][0]["resource"]["id"]


def put(client, task_id, headers=None, **changes):
    """Put the Task as it was read, with changes; a change to None leaves that element out."""
    read = json_text.loads(client.get(f"/fhir/Task/{task_id}").content)
    sent = {key: value for key, value in (read | changes).items() if value is not None}
    return client.put(f"/fhir/Task/{task_id}", content=json_text.dumps(sent), headers=FHIR | (headers or {}))


def shown(client, task_id):
    return client.get(f"/v1/rupture-alerts/{task_id}").json()


def test_accepting_acknowledges(client, task_id):
    answer = put(client, task_id, status="accepted", owner={"reference": "Practitioner/sue"})

    assert (answer.status_code, answer.json()["status"], answer.headers["etag"]) == (200, "accepted", 'W/"2"')
    alert = shown(client, task_id)
    assert (alert["status"], alert["owner"]) == ("acknowledged", "Practitioner/sue")


def test_a_whole_repair(client, task_id):
    put(client, task_id, status="accepted")
    put(client, task_id, status="in-progress", output=[step("validated")])
    put(client, task_id, status="in-progress", note=[NOTE])
    answer = put(client, task_id, status="completed", output=[REPAIRED])

    assert answer.json()["status"] == "completed"
    acts = [(one["act"], one["step"], one["text"], one["by"]) for one in shown(client, task_id)["acts"]]
    assert acts[1:3] == [
        ("repair-steps", "validated", None, "Practitioner/ada"),
        ("repair-steps", None, "We spoke.", "Practitioner/sue"),
    ]
    assert "note" not in answer.json()


def test_failing_resolves_as_unresolved(client, task_id):
    put(client, task_id, status="accepted")
    put(client, task_id, status="in-progress", note=[NOTE])

    assert put(client, task_id, status="failed").json()["businessStatus"]["text"] == "Unresolved"


def test_rejecting_dismisses_with_its_reason(client, task_id):
    put(client, task_id, status="rejected", statusReason=reason("known-cause"))

    assert shown(client, task_id)["dismissal"] == "known-cause"


def test_the_same_again_is_no_new_version(client, task_id):
    put(client, task_id, status="accepted")
    answer = put(client, task_id)

    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')


@pytest.mark.parametrize("status", ["in-progress", "completed", "failed"])
def test_a_forbidden_step_is_a_conflict(client, task_id, status):
    output = {"completed": [REPAIRED], "in-progress": [step("noticed")]}.get(status)
    answer = put(client, task_id, status=status, output=output)

    assert (answer.status_code, issues(answer)[0][0]) == (409, "conflict")
    assert "The alert is open" in answer.text


@pytest.mark.parametrize("status", ["cancelled", "on-hold", "entered-in-error", "requested"])
def test_what_nobodys_act_leads_to_is_a_conflict(client, task_id, status):
    put(client, task_id, status="accepted")
    answer = put(client, task_id, status=status)

    assert (answer.status_code, issues(answer)) == (409, [("conflict", "Task.status")])


def test_a_stale_version_is_refused(client, task_id):
    answer = put(client, task_id, {"If-Match": 'W/"9"'}, status="accepted")

    assert (answer.status_code, issues(answer)[0][0]) == (412, "conflict")


@pytest.mark.parametrize(
    ("changes", "place", "code"),
    [
        ({"for": {"reference": "Patient/bob"}}, "Task.for", "business-rule"),
        ({"focus": {"reference": "DetectedIssue/other"}}, "Task.focus", "business-rule"),
        ({"code": {"text": "other"}}, "Task.code", "business-rule"),
        ({"priority": "stat"}, "Task.priority", "business-rule"),
        ({"description": None}, "Task.description", "business-rule"),
        ({"location": {"reference": "Location/1"}}, "Task.location", "business-rule"),
        ({"owner": None}, "Task.owner", "required"),
        ({"owner": {"reference": "Patient/anna"}}, "Task.owner", "required"),
        ({"businessStatus": {"text": "other"}}, "Task.businessStatus", "value"),
        ({"statusReason": {"text": "why"}}, "Task.statusReason", "business-rule"),
        ({"output": [step("noticed")]}, "Task.output", "business-rule"),
        ({"note": [{"text": "x" * 4001}]}, "Task.note", "too-long"),
    ],
)
def test_whatever_else_is_changed_is_refused_by_name(client, task_id, changes, place, code):
    answer = put(client, task_id, **({"status": "accepted"} | changes))

    assert (answer.status_code, issues(answer)) == (422, [(code, place)])
    assert shown(client, task_id)["version"] == 1


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"status": "rejected"}, "Task.statusReason"),
        ({"status": "rejected", "statusReason": reason("unkind")}, "Task.statusReason"),
        ({"status": "completed"}, "Task.output"),
        ({"status": "in-progress"}, "Task.output"),
    ],
)
def test_what_a_step_needs_is_required(client, task_id, changes, place):
    put(client, task_id, status="accepted")
    answer = put(client, task_id, **changes)

    assert (answer.status_code, issues(answer)) == (422, [("required", place)])


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"status": "done"}, "value"), ({"id": "other"}, "value"), ({"intent": 7}, "structure")],
)
def test_what_is_no_task_is_a_bad_request(client, task_id, changes, code):
    answer = put(client, task_id, **changes)

    assert (answer.status_code, issues(answer)[0][0]) == (400, code)


def test_every_fault_is_told_at_once(client, task_id):
    answer = put(client, task_id, status="rejected", priority="stat", owner=None)

    places = {place for _, place in issues(answer)}
    assert places == {"Task.priority", "Task.owner", "Task.statusReason"}


def test_an_id_that_was_not_given_here_is_refused(client, task_id):
    body = json_text.dumps({"resourceType": "Task", "id": "mine"})

    assert client.put("/fhir/Task/mine", content=body, headers=FHIR).status_code == 405


@pytest.mark.parametrize(("preferred", "kind"), [("minimal", None), ("OperationOutcome", "OperationOutcome")])
def test_the_body_of_the_answer_is_as_preferred(client, task_id, preferred, kind):
    answer = put(client, task_id, {"Prefer": f"return={preferred}"}, status="accepted")

    assert answer.headers["location"].endswith(f"/fhir/Task/{task_id}/_history/2")
    assert (answer.json()["resourceType"] if answer.content else None) == kind
