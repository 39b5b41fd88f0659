from base64 import urlsafe_b64encode

import pytest

from fhir_mappings.codes import OBSERVATION_CATEGORY
from tests.builders import NAMES
from tests.service.api.fhir.calls import (
    SRS_FORM,
    SYSTEM,
    create,
    created_id,
    ids,
    issues,
    link,
    search,
    sent,
    session,
    values,
)

KIND = "QuestionnaireResponse"
BOB = {"reference": "Patient/bob"}


@pytest.fixture
def three(client):
    """Sessions 8, 9 and 10 of Anna's: 2026-02-16, 2026-02-23 and 2026-03-02, each at 09:50 UTC."""
    return [created_id(client, session(number)) for number in (8, 9, 10)]


def test_a_patient_sees_only_their_own_newest_first(client, three):
    create(client, session(8, subject=BOB, source=BOB, identifier={"system": SYSTEM, "value": "bob"}))

    found = search(client, KIND, patient="Patient/anna")

    assert values(found) == ["s-10", "s-9", "s-8"]
    assert found["total"] == 3


@pytest.mark.parametrize("patient", ["anna", "Patient/anna", "Patient/carl,Patient/anna"])
@pytest.mark.parametrize("name", ["patient", "subject"])
def test_a_patient_is_found_by_id_and_by_reference(client, three, name, patient):
    assert len(ids(search(client, KIND, **{name: patient}))) == 3


@pytest.mark.parametrize("patient", ["carl", "Practitioner/anna", "https://other.example/fhir/Patient/anna"])
def test_another_patient_finds_nothing(client, three, patient):
    found = search(client, KIND, patient=patient)

    assert found["total"] == 0
    assert "entry" not in found


@pytest.mark.parametrize(
    ("authored", "expected"),
    [
        ("2026-02-23", ["s-9"]),
        ("eq2026-02", ["s-9", "s-8"]),
        ("ne2026-02-23", ["s-10", "s-8"]),
        ("gt2026-02-23", ["s-10"]),
        ("gt2026-02-22", ["s-10", "s-9"]),
        ("ge2026-02-23", ["s-10", "s-9"]),
        ("lt2026-02-23", ["s-8"]),
        ("le2026-02-23", ["s-9", "s-8"]),
        ("sa2026-02-23", ["s-10"]),
        ("eb2026-02-23", ["s-8"]),
        ("2026-02-23T09:50", ["s-9"]),
        ("2026-02-23T09:50:00Z", ["s-9"]),
        ("2026-02-23T10:50:00+01:00", ["s-9"]),
        ("2026-02-23T10:50:00+02:00", []),
        ("2026", ["s-10", "s-9", "s-8"]),
        ("2026-02-16,2026-03-02", ["s-10", "s-8"]),
    ],
)
def test_dates_are_ranges(client, three, authored, expected):
    assert values(search(client, KIND, authored=authored)) == expected


def test_a_plus_that_was_not_escaped_still_means_an_offset(client, three):
    found = client.get("/fhir/QuestionnaireResponse?authored=2026-02-23T10:50:00+01:00").json()

    assert values(found) == ["s-9"]


def test_repeated_parameters_must_all_hold(client, three):
    found = search(client, KIND, authored=["ge2026-02-20", "lt2026-03-01"])

    assert values(found) == ["s-9"]


@pytest.mark.parametrize(
    ("parameters", "count"),
    [
        ({"questionnaire": SRS_FORM}, 3),
        ({"questionnaire": f"{SRS_FORM}|1.0.0"}, 3),
        ({"questionnaire": f"{SRS_FORM}|2.0.0"}, 0),
        ({"questionnaire": NAMES.questionnaire("wai-sr-client")}, 0),
        ({"questionnaire": "https://other.example/q"}, 0),
        ({"identifier": f"{SYSTEM}|s-8"}, 1),
        ({"identifier": "s-8,s-9"}, 2),
        ({"identifier": f"{SYSTEM}|"}, 3),
        ({"identifier": "|s-8"}, 0),
        ({"status": "completed"}, 3),
        ({"status": "amended,entered-in-error"}, 0),
        ({"encounter": "Encounter/e-1"}, 0),
    ],
)
def test_responses_are_found_by_what_they_carry(client, three, parameters, count):
    found = search(client, KIND, **parameters)

    assert found["total"] == len(ids(found)) == count


def test_a_response_is_found_by_its_encounter(client):
    create(client, sent())

    assert values(search(client, KIND, encounter="session-7")) == ["r-7"]


def test_a_response_is_found_by_its_id(client, three):
    assert ids(search(client, KIND, _id=three[1])) == [three[1]]


def test_the_oldest_come_first_when_asked_so(client, three):
    assert values(search(client, KIND, _sort="authored")) == ["s-8", "s-9", "s-10"]


def test_a_form_finds_the_same_as_a_query(client, three):
    form = {"patient": "anna", "authored": "ge2026-02-20"}

    by_form = client.post("/fhir/QuestionnaireResponse/_search", data=form)

    assert by_form.status_code == 200
    assert by_form.json() == search(client, KIND, **form)


@pytest.mark.parametrize("sort", ["authored", "-authored"])
def test_pages_hold_everything_once(client, three, sort):
    page, seen = search(client, KIND, patient="anna", _count="1", _sort=sort), []
    while page:
        seen += values(page)
        following = link(page, "next")
        page = client.get(following).json() if following else None

    assert sorted(seen) == ["s-10", "s-8", "s-9"]


def test_a_page_does_not_move_when_a_newer_response_arrives(client, three):
    first = search(client, KIND, patient="anna", _count="2")
    create(client, session(11, authored="2026-03-02T12:00:00+00:00"))

    second = client.get(link(first, "next")).json()

    assert values(first) + values(second) == ["s-10", "s-9", "s-8"]


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url[:-1],
        lambda url: url.replace("patient=anna", "patient=bob"),
        lambda url: url.replace("_cursor=", "_cursor=AAAA"),
        lambda url: url.partition("_cursor=")[0] + "_cursor=%C3%A4",
    ],
)
def test_a_cursor_that_was_changed_is_refused(client, three, change):
    first = search(client, KIND, patient="anna", _count="1")

    answer = client.get(change(link(first, "next")))

    assert answer.status_code == 400
    assert issues(answer) == [("value", "http._cursor")]


def test_links_and_addresses_are_absolute(client, three):
    found = search(client, KIND, patient="anna", nonsense="1")

    assert link(found, "self") == "http://127.0.0.1:8000/fhir/QuestionnaireResponse?patient=anna"
    assert found["entry"][0]["fullUrl"] == f"http://127.0.0.1:8000/fhir/QuestionnaireResponse/{three[2]}"
    assert found["entry"][0]["search"] == {"mode": "match"}


def test_the_total_is_left_out_when_asked_so(client, three):
    assert "total" not in search(client, KIND, _total="none")


def test_a_count_of_zero_only_counts(client, three):
    found = search(client, KIND, _count="0")

    assert found["total"] == 3
    assert "entry" not in found
    assert link(found, "next") is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authored", "yesterday"),
        ("authored", "xx2026-01-01"),
        ("authored", ",".join(["2026"] * 101)),
        ("authored:missing", "perhaps"),
        ("authored:not", "2026"),
        ("patient.identifier", "urn:mrn|"),
        ("_summary", "some"),
        ("_elements", "item.answer"),
        ("_include", "*"),
        ("_include", "Observation:subject"),
        ("_include:iterate", "QuestionnaireResponse:questionnaire"),
        ("_revinclude", "Task:focus"),
        ("_has:Observation:derived-from:code", "srs-3.total"),
        ("_sort", "authored,_lastUpdated"),
        ("authored", "2026-02-30"),
        ("authored", "0000"),
        ("authored", "9999-12-32"),
        ("authored", ""),
        ("patient", ""),
        ("identifier", "|"),
        ("status", ","),
        ("_count", "many"),
        ("_sort", "patient"),
        ("_total", "perhaps"),
        ("patient:Practitioner", "anna"),
        ("patient.name", "anna"),
    ],
)
def test_a_bad_value_is_refused_naming_its_parameter(client, name, value):
    answer = client.get("/fhir/QuestionnaireResponse", params={name: value})

    assert answer.status_code == 400
    assert issues(answer) == [("value", f"http.{name}")]


def test_every_bad_parameter_is_named_at_once(client):
    answer = client.get("/fhir/Observation", params={"date": "x", "_count": "y", "_sort": "z"})

    assert [place for _, place in issues(answer)] == ["http.date", "http._sort", "http._count"]


def test_an_unknown_parameter_is_left_out(client, three):
    assert search(client, KIND, colour="red")["total"] == 3


def test_an_unknown_parameter_is_refused_when_handling_is_strict(client):
    answer = client.get(
        "/fhir/QuestionnaireResponse", params={"colour": "red"}, headers={"Prefer": "handling=strict"}
    )

    assert answer.status_code == 400
    assert issues(answer) == [("value", "http.colour")]


@pytest.mark.parametrize(
    ("parameters", "count"),
    [
        ({"patient": "anna"}, 6),
        ({"subject": "Patient/anna"}, 6),
        ({"patient": "bob"}, 0),
        ({"code": "srs-3.total"}, 1),
        ({"code": f"{NAMES.measures}|srs-3.total"}, 1),
        ({"code": f"{NAMES.measures}|srs-3.total,{NAMES.measures}|srs-3.item-1"}, 2),
        ({"code": f"{NAMES.measures}|"}, 6),
        ({"code": "http://loinc.org|srs-3.total"}, 0),
        ({"code": "|srs-3.total"}, 0),
        ({"category": "survey"}, 6),
        ({"category": f"{OBSERVATION_CATEGORY}|survey"}, 6),
        ({"category": "vital-signs"}, 0),
        ({"date": "2026-03-02"}, 6),
        ({"date": "lt2026-03-02"}, 0),
        ({"status": "final"}, 6),
        ({"status": "amended"}, 0),
        ({"derived-from": "nobody"}, 0),
        ({"derived-from": "https://other.example/QuestionnaireResponse/r-7"}, 0),
    ],
)
def test_observations_are_found_by_what_they_are(client, parameters, count):
    create(client, sent())

    found = search(client, "Observation", **parameters)

    assert found["total"] == len(ids(found)) == count


def test_observations_are_found_by_their_response(client):
    create(client, session(8))
    response_id = created_id(client, sent())

    for reference in (response_id, f"QuestionnaireResponse/{response_id}"):
        found = search(client, "Observation", derived_from=reference)
        assert {one.partition(".")[0] for one in ids(found)} == {response_id}


def test_an_observation_is_found_by_id_and_identifier(client):
    wanted = f"{created_id(client, sent())}.total"

    assert ids(search(client, "Observation", _id=wanted)) == [wanted]
    assert ids(search(client, "Observation", identifier=f"{NAMES.identifier('score')}|{wanted}")) == [wanted]


def test_an_alert_is_found_by_patient_score_and_identifier(client):
    for number in range(4, 10):
        create(client, session(number, total="37.0"))
    dip = created_id(client, session(10, total="22.0"))
    alert = ids(search(client, "DetectedIssue", patient="Patient/anna"))

    assert len(alert) == 1
    assert ids(search(client, "DetectedIssue", implicated=f"Observation/{dip}.total")) == alert
    assert ids(search(client, "DetectedIssue", identifier=f"{NAMES.identifier('alert')}|{alert[0]}")) == alert
    assert ids(search(client, "DetectedIssue", _id=alert[0], identified="2026-03-02")) == alert
    assert ids(search(client, "DetectedIssue", implicated=f"Observation/{dip}.item-1")) == []
    assert ids(search(client, "DetectedIssue", patient="bob")) == []


@pytest.mark.parametrize(
    "place",
    [
        *("[]", "[1]", '"abc"', '["a","b","c"]', "[{},{},{}]", "[null,null,null]", "nope"),
        f'["2026-03-02T09:50:00.000000Z", {"9" * 30}, 1]',
        '["", 1e400, 1]',
    ],
)
def test_a_cursor_that_somebody_made_up_is_refused(client, three, place):
    made_up = urlsafe_b64encode(place.encode()).decode().rstrip("=")
    answer = client.get("/fhir/QuestionnaireResponse", params={"_cursor": made_up})

    assert (answer.status_code, issues(answer)) == (400, [("value", "http._cursor")])


@pytest.mark.parametrize("query", ["patient=%00", "_id=a%00b", "identifier=%00"])
def test_a_character_that_no_database_takes_is_refused(client, query):
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    assert client.get(f"/fhir/QuestionnaireResponse?{query}").status_code == 400
    posted = client.post("/fhir/QuestionnaireResponse/_search", content=query, headers=form)
    assert posted.status_code == 400


def test_a_search_by_post_needs_no_body(client, three):
    answer = client.post("/fhir/QuestionnaireResponse/_search?patient=anna&_count=1")

    assert (answer.status_code, answer.json()["total"]) == (200, 3)
