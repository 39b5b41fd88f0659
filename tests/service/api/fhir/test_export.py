"""Bulk export at the FHIR door: kick-off, status, manifest, files, cancel, expiry, limits, scopes."""

import stat
from dataclasses import replace

import pytest

from service.log import Log
from tests.service.api.callers import a_caller, opened_to
from tests.service.api.fhir.calls import FHIR, created_id, ids, issues, search, sent, session, update
from tests.service.exporting import ASYNC, a_clinic

KINDS = ("QuestionnaireResponse", "Observation", "DetectedIssue", "Task", "Flag", "Provenance")
PLAIN = {"Accept-Encoding": "identity"}
DIP = [*((number, "37.0") for number in range(4, 10)), (10, "22.0")]


@pytest.fixture
def clinic(deployment, tmp_path, log_stream):
    """Seven sessions of Anna's, the last of which opened an alert."""
    made = a_clinic(deployment, tmp_path / "exports", Log(log_stream))
    for number, total in DIP:
        created_id(made.client, session(number, total=total))
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_holds_what_the_door_serves(clinic, kind):
    manifest = clinic.manifest()
    served = search(clinic.client, kind, _count="200")

    exported = clinic.lines(manifest, kind)
    assert exported == [clinic.client.get(f"/fhir/{kind}/{one['id']}").json() for one in exported]
    assert sorted(one["id"] for one in exported) == sorted(ids(served)) != []


def test_an_export_holds_the_definitions(clinic):
    manifest = clinic.manifest("$export?_type=Questionnaire,ValueSet")

    assert {one["type"] for one in manifest["output"]} == {"Questionnaire", "ValueSet"}
    assert len(clinic.lines(manifest, "Questionnaire")) == search(clinic.client, "Questionnaire")["total"]


def test_a_manifest_says_all_that_the_guide_asks_for(clinic):
    manifest = clinic.manifest("Patient/$export?_type=Observation")

    assert manifest["transactionTime"] == "2026-03-02T12:00:00.000Z"
    assert manifest["request"] == "http://127.0.0.1:8000/fhir/Patient/$export?_type=Observation"
    assert manifest["requiresAccessToken"] is False
    assert (manifest["deleted"], manifest["error"]) == ([], [])
    assert [(one["type"], one["count"]) for one in manifest["output"]] == [("Observation", 7)]


def test_the_status_tells_how_far_it_is(clinic):
    answer = clinic.client.get(clinic.started())

    assert answer.status_code == 202
    assert answer.headers["x-progress"] == "0 of 1 patients"
    assert answer.headers["retry-after"] == "5"


def test_a_complete_export_expires_and_its_files_go(clinic, clock):
    place = clinic.started()
    clinic.work_all()
    expires = clinic.client.get(place).headers["expires"]
    clock.now = clock.now.replace(day=clock.now.day + 1)

    assert expires == "Tue, 03 Mar 2026 12:00:00 GMT"
    assert clinic.client.get(place).status_code == 404
    assert (clinic.wipe(), clinic.files()) == (1, [])


def test_a_cancelled_export_is_gone_with_its_files(clinic):
    place = clinic.started()
    clinic.work_all()

    assert clinic.client.delete(place).status_code == 202
    assert issues(clinic.client.get(place)) == [("not-found", "")]
    assert issues(clinic.client.delete(place)) == [("not-found", "")]
    assert (clinic.wipe(), clinic.files()) == (1, [])


def test_files_are_their_owners_alone(clinic):
    clinic.manifest()

    assert {stat.S_IMODE(one.stat().st_mode) for one in clinic.files()} == {0o600}
    assert {stat.S_IMODE(one.parent.stat().st_mode) for one in clinic.files()} == {0o700}


def test_since_gives_what_changed_and_what_is_withdrawn(clinic, clock):
    first = clinic.manifest()
    clock.now = clock.now.replace(hour=13)
    created_id(clinic.client, session(3, total="36.0"))
    after = clinic.manifest(f"$export?_since={first['transactionTime']}&_type=QuestionnaireResponse")

    assert [one["identifier"]["value"] for one in clinic.lines(after, "QuestionnaireResponse")] == ["s-3"]


def test_what_a_later_part_of_the_told_millisecond_wrote_is_of_the_next_export(clinic, clock):
    clock.now = clock.now.replace(hour=13, microsecond=123_400)
    new = created_id(clinic.client, session(3, total="37.0"))
    clock.now = clock.now.replace(microsecond=123_900)
    first = clinic.manifest("$export?_type=QuestionnaireResponse")
    clock.now = clock.now.replace(hour=14)
    after = clinic.manifest(f"$export?_since={first['transactionTime']}&_type=QuestionnaireResponse")

    assert first["transactionTime"] == "2026-03-02T13:00:00.123Z"
    assert new not in [one["id"] for one in clinic.lines(first, "QuestionnaireResponse")]
    assert [one["id"] for one in clinic.lines(after, "QuestionnaireResponse")] == [new]


def test_an_observation_that_a_correction_took_away_is_exported_as_in_error(clinic, clock):
    whole = sent(subject={"reference": "Patient/bo"}, source=None)
    response_id = created_id(clinic.client, whole)
    first = clinic.manifest()
    clock.now = clock.now.replace(hour=13)
    total = session(7, subject={"reference": "Patient/bo"}, source=None)["item"]
    assert update(clinic.client, response_id, whole | {"item": total}).status_code == 200
    after = clinic.manifest(f"$export?_since={first['transactionTime']}&_type=Observation")
    status = {one["id"].partition(".")[2]: one["status"] for one in clinic.lines(after, "Observation")}

    assert status == {"total": "amended"} | dict.fromkeys(
        ("item-1", "item-2", "item-3", "item-4", "panel"), "entered-in-error"
    )


def test_who_is_not_to_be_shared_is_in_no_export_and_gone_from_those_before(clinic, clock):
    place, first = clinic.started(), clinic.manifest()
    clock.now = clock.now.replace(hour=13)
    word = {"push": True, "share": False, "since": None}
    clinic.client.put("/v1/patients/anna/disclosure", json=word)
    clinic.work_all()
    after = clinic.manifest(f"$export?_since={first['transactionTime']}&_type=Observation")
    deleted = [
        one["request"]["url"] for line in clinic.lines(after, "Bundle", "deleted") for one in line["entry"]
    ]

    assert clinic.client.get(place).status_code == 404
    assert [one for one in after["output"] if one["type"] in KINDS] == []
    assert len(deleted) == 7
    assert {one.partition("/")[0] for one in deleted} == {"Observation"}


def of_bea():
    """Return a session of Bo's with Bea."""
    found = session(4, subject={"reference": "Patient/bo"}, source=None)
    found["identifier"] = {"system": "urn:clinic:north", "value": "bo-4"}
    found["extension"][1]["valueReference"]["reference"] = "Practitioner/bea"
    return found


def test_a_group_is_the_caseload_of_a_therapist(clinic):
    created_id(clinic.client, of_bea())
    lines = clinic.lines(clinic.manifest("Group/bea/$export"), "QuestionnaireResponse")

    assert {one["subject"]["reference"] for one in lines} == {"Patient/bo"}
    assert issues(clinic.ask("Group/nobody/$export")) == [("not-found", "")]


def test_definitions_come_again_once_they_changed(clinic, clock):
    first = clinic.manifest("$export?_type=Questionnaire")
    since = f"$export?_since={first['transactionTime']}&_type=Questionnaire"
    clock.now = clock.now.replace(hour=13)
    unchanged = clinic.manifest(since)
    known = dict(clinic.deployment.instruments)
    known["srs-3"] = replace(known["srs-3"], version="9.9.9")
    clinic.deployment = replace(clinic.deployment, instruments=known)
    changed = clinic.manifest(since)

    assert unchanged["output"] == []
    assert [one["id"] for one in clinic.lines(changed, "Questionnaire")] == ["srs-3-9.9.9"]


@pytest.mark.parametrize(("whose", "count"), [("ada", 7), ("bea", 0)])
def test_a_group_tells_what_is_gone_of_its_caseload_alone(clinic, clock, whose, count):
    created_id(clinic.client, of_bea())
    first = clinic.manifest()
    clock.now = clock.now.replace(hour=13)
    clinic.client.put("/v1/patients/anna/disclosure", json={"push": True, "share": False, "since": None})
    query = f"_since={first['transactionTime']}&_type=QuestionnaireResponse"
    after = clinic.manifest(f"Group/{whose}/$export?{query}")

    assert sum(len(line["entry"]) for line in clinic.lines(after, "Bundle", "deleted")) == count


def test_parameters_may_come_in_a_body(clinic):
    asked = {
        "resourceType": "Parameters",
        "parameter": [{"name": "_type", "valueString": one} for one in ("Task", "Flag")],
    }
    answer = clinic.client.post("/fhir/$export", json=asked, headers=FHIR | ASYNC)
    clinic.work_all()

    manifest = clinic.told(answer.headers["content-location"])
    assert {one["type"] for one in manifest["output"]} == {"Task", "Flag"}


BAD = [
    ("$export?_since=yesterday", ("value", "http._since")),
    ("$export?_since=2999-01-01T00:00:00Z", ("value", "http._since")),
    ("$export?_type=Encounter", ("value", "http._type")),
    ("$export?_outputFormat=text/csv", ("value", "http._outputFormat")),
    ("$export?_typeFilter=Observation", ("not-supported", "http._typeFilter")),
]


@pytest.mark.parametrize(("address", "issue"), BAD)
def test_what_cannot_be_exported_is_refused(clinic, address, issue):
    answer = clinic.ask(address)

    assert answer.status_code == 400
    assert issue in issues(answer)


def test_an_export_needs_the_preference(clinic):
    assert issues(clinic.client.get("/fhir/$export")) == [("required", "http.Prefer")]


def test_lenient_handling_leaves_out_what_is_not_offered_and_says_so(clinic):
    lenient = {"Prefer": "respond-async, handling=lenient"}
    answer = clinic.ask("$export?_type=Observation,Encounter&_elements=id", **lenient)
    clinic.work_all()
    manifest = clinic.told(answer.headers["content-location"])

    notes = [
        one["issue"][0]["details"]["text"] for one in clinic.lines(manifest, "OperationOutcome", "error")
    ]
    assert [one.partition(":")[0] for one in notes] == ["_elements", "_type"]
    assert [one["type"] for one in manifest["output"]] == ["Observation"]


def test_more_exports_than_a_caller_may_have_under_way_are_refused(clinic):
    clinic.started(), clinic.started()
    answer = clinic.ask()

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")


def test_an_export_is_in_the_audit_of_the_patient(clinic):
    clinic.manifest()
    found = search(clinic.client, "AuditEvent", patient="anna", subtype="operation")

    assert found["total"] == 1


def test_exports_are_offered_where_there_is_a_place_for_them(clinic, client):
    stated, silent = (one.get("/fhir/metadata").json()["rest"][0] for one in (clinic.client, client))

    assert [one["name"] for one in stated["operation"]] == ["export"]
    assert "operation" not in silent
    assert client.get("/fhir/$export", headers=ASYNC).status_code == 501


def test_only_who_asked_sees_an_export_and_only_with_the_scope_of_each_type(deployment, clinic, log_stream):
    callers = {
        "one": a_caller("system/Observation.read", name="one"),
        "two": a_caller("system/*.read", name="two"),
        "late": a_caller("system/Task.r", name="one"),
        "ada": a_caller("user/*.read", name="ada", user="Practitioner/ada"),
    }
    with opened_to(clinic.deployment, Log(log_stream), **callers) as clients:
        refused = clients["one"].get("/fhir/$export?_type=Task", headers=ASYNC)
        begun = clients["one"].get("/fhir/$export", headers=ASYNC)
        place = begun.headers["content-location"]
        clinic.work_all()
        manifest = clients["one"].get(place).json()
        (file,) = manifest["output"]
        statuses = {
            "refused": refused.status_code,
            "another": clients["two"].get(place).status_code,
            "anothers file": clients["two"].get(file["url"]).status_code,
            "own file": clients["one"].get(file["url"]).status_code,
            "scope gone": clients["late"].get(file["url"]).status_code,
            "own dyads only": clients["ada"].get("/fhir/$export", headers=ASYNC).status_code,
        }

    assert manifest["requiresAccessToken"] is True
    assert file["type"] == "Observation"
    assert statuses == {
        "refused": 403,
        "another": 404,
        "anothers file": 404,
        "own file": 200,
        "scope gone": 403,
        "own dyads only": 403,
    }


def test_a_download_that_ended_goes_on_where_it_was(clinic):
    (file,) = clinic.manifest("$export?_type=Observation")["output"]
    whole = clinic.client.get(file["url"], headers=PLAIN)
    rest = clinic.client.get(file["url"], headers={"Range": "bytes=700-", "If-Range": whole.headers["etag"]})

    assert whole.headers["accept-ranges"] == "bytes"
    assert (rest.status_code, rest.content) == (206, whole.content[700:])
    assert rest.headers["content-range"] == f"bytes 700-{len(whole.content) - 1}/{len(whole.content)}"
    assert rest.headers["content-length"] == str(len(rest.content))


def test_a_download_of_another_file_begins_anew(clinic):
    (file,) = clinic.manifest("$export?_type=Observation")["output"]
    answer = clinic.client.get(file["url"], headers=PLAIN | {"Range": "bytes=700-", "If-Range": '"another"'})

    assert (answer.status_code, int(answer.headers["content-length"])) == (200, len(answer.content))


def test_a_packed_download_is_not_taken_for_the_plain_one(clinic):
    (file,) = clinic.manifest("$export?_type=Observation")["output"]
    packed = clinic.client.get(file["url"], headers={"Accept-Encoding": "gzip"})
    again = {"Range": "bytes=700-", "If-Range": packed.headers["etag"]}

    assert (packed.headers["content-encoding"], packed.headers["etag"][:2]) == ("gzip", "W/")
    assert clinic.client.get(file["url"], headers=PLAIN | again).status_code == 200


def test_a_file_that_is_here_already_is_not_sent_again(clinic):
    (file,) = clinic.manifest("$export?_type=Observation")["output"]
    etag = clinic.client.get(file["url"], headers=PLAIN).headers["etag"]
    answer = clinic.client.get(file["url"], headers={"If-None-Match": f'"x", {etag}'})

    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("named", ["W/{}", "*"])
def test_a_packed_file_that_is_here_already_is_not_sent_again(clinic, named):
    (file,) = clinic.manifest("$export?_type=Observation")["output"]
    etag = clinic.client.get(file["url"], headers=PLAIN).headers["etag"]
    known = {"If-None-Match": named.format(etag), "Range": "bytes=99999999-"}

    assert clinic.client.get(file["url"], headers=known).status_code == 304


def test_a_range_is_of_get_alone(clinic):
    (file,) = clinic.manifest("$export?_type=Observation")["output"]
    headed = clinic.client.head(file["url"], headers=PLAIN | {"Range": "bytes=700-"})

    assert (headed.status_code, "content-range" in headed.headers) == (200, False)


def test_bytes_behind_the_end_are_refused_telling_the_size(clinic):
    (file,) = clinic.manifest("$export?_type=Observation")["output"]
    size = len(clinic.client.get(file["url"]).content)
    answer = clinic.client.get(file["url"], headers={"Range": f"bytes={size}-"})

    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{size}")
    assert issues(answer)[0][0] == "invalid"


def test_a_parameter_of_the_guide_that_is_not_offered_is_told_whatever_its_type(clinic):
    patient = {"name": "patient", "valueReference": {"reference": "Patient/anna"}}
    body = {"resourceType": "Parameters", "parameter": [patient]}
    refused = clinic.client.post("/fhir/Patient/$export", json=body, headers=ASYNC | FHIR)

    assert (refused.status_code, issues(refused)) == (400, [("not-supported", "http.patient")])


def test_who_asks_for_one_patient_gets_no_others_by_lenient_handling(clinic):
    lenient = {"Prefer": "respond-async, handling=lenient"}

    assert clinic.ask("Patient/$export?patient=Patient/anna", **lenient).status_code == 400
