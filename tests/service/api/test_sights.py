"""What callers see of a clinic, through every route that is held to what their scopes reach."""

import pytest

from fhir_mappings import json_text
from service.api.v1.treatment_end_models import EXAMPLE_END
from service.log import Log
from tests.service.api.callers import a_caller, ada, anna, opened_to
from tests.service.api.fhir.calls import FHIR as JSON
from tests.service.api.fhir.calls import create, sent, update
from tests.service.api.v1.build import WITH_A_DIP, a_body, record_course

FHIR = "/fhir"
SURVEY = "http://terminology.hl7.org/CodeSystem/observation-category|survey"
TOTAL = "https://alliance.example/fhir/CodeSystem/alliance-measures|srs-3.total"
ZOE = {"reference": "Patient/zoe"}
KINDS = ("QuestionnaireResponse", "Observation", "DetectedIssue", "Task", "Flag", "Provenance")


@pytest.fixture
def clients(deployment, clock, log_stream):
    """Two patients of Ada and one of Bo, each with a course that dips at its end."""
    callers = {
        "ada": ada(),
        "bo": ada(name="bo", user="Practitioner/bo"),
        "both": ada(name="both", also=("Practitioner/bo",)),
        "lead": ada(name="lead", user="Practitioner/cy", supervises=True),
        "anna": anna(),
        "told": anna(name="told", patients_see_alerts=True),
        "stranger": anna(name="stranger", patient="Patient/zoe"),
        "totals": a_caller(f"system/Observation.rs?code={TOTAL}"),
        "surveys": a_caller(f"system/Observation.rs?category={SURVEY}"),
        "twice": a_caller(
            "patient/Observation.rs user/Observation.rs", patient="Patient/ben", user="Practitioner/bo"
        ),
    }
    with opened_to(deployment, Log(log_stream), **callers) as opened:
        for patient, therapist in (("anna", "ada"), ("ben", "ada"), ("carl", "bo")):
            who = {"patient": f"Patient/{patient}", "therapist": f"Practitioner/{therapist}"}
            record_course(opened["everything"], clock, WITH_A_DIP, **who)
        yield opened


def total(client, address):
    answer = client.get(f"{FHIR}/{address}")
    assert answer.status_code == 200, answer.text
    return answer.json()["total"]


def first(clients, address):
    return clients["everything"].get(f"{FHIR}/{address}").json()["entry"][0]["resource"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_therapist_sees_the_own_dyads_and_no_others(clients, kind):
    all_of_them = total(clients["everything"], kind)

    assert total(clients["lead"], kind) == all_of_them
    assert total(clients["ada"], kind) + total(clients["bo"], kind) == all_of_them
    assert total(clients["bo"], f"{kind}?patient=anna") == 0 < total(clients["ada"], f"{kind}?patient=anna")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_in_sight_cannot_be_read_by_id_nor_version_nor_history(clients, kind):
    one = first(clients, f"{kind}?patient=carl")
    below = f"{FHIR}/{kind}/{one['id']}"
    addresses = [below, f"{below}/_history/{one['meta']['versionId']}"]
    if kind in KINDS[:3]:
        addresses.append(f"{below}/_history")

    for address in addresses:
        assert clients["ada"].get(address).status_code == 404, address
        assert clients["bo"].get(address).status_code == 200, address


@pytest.mark.parametrize("kind", ["DetectedIssue", "Task", "Flag"])
def test_a_patient_sees_no_alerts_unless_the_clinic_allows(clients, kind):
    refused = clients["anna"].get(f"{FHIR}/{kind}")

    assert refused.status_code == 403
    assert f'scope="patient/{kind}.s"' in refused.headers["www-authenticate"]
    assert refused.json()["resourceType"] == "OperationOutcome"
    assert total(clients["told"], kind) == 1


def test_a_patient_is_not_told_why_treatment_ended_unless_the_clinic_allows(clients):
    end, trend = "/v1/patients/anna/treatment-end", "/v1/patients/anna/alliance-trend"
    assert clients["everything"].put(end, json=EXAMPLE_END | {"reason": "client-left"}).status_code == 200

    assert clients["anna"].get(trend).json()["treatment_ends"] == []
    assert [clients["anna"].get(end).status_code, clients["anna"].put(end, json=EXAMPLE_END).status_code] == [
        403,
        403,
    ]
    assert [one["reason"] for one in clients["told"].get(trend).json()["treatment_ends"]] == ["client-left"]


def test_a_patient_sees_the_own_forms_only(clients):
    own = total(clients["everything"], "QuestionnaireResponse?patient=anna")

    assert total(clients["anna"], "QuestionnaireResponse") == own
    assert total(clients["stranger"], "QuestionnaireResponse") == 0


def test_a_patient_sees_no_therapists_forms_unless_the_clinic_allows(deployment, clock, log_stream):
    callers = {"anna": anna(), "open": anna(name="open", patients_see_therapist_forms=True)}
    form = a_body(instrument="haq-2-therapist", answers={f"item-{n}": 4 for n in range(1, 20)})
    with opened_to(deployment, Log(log_stream), **callers) as opened:
        assert opened["everything"].post("/v1/responses", json=form).status_code == 201
        assert total(opened["anna"], "QuestionnaireResponse") == 0
        assert total(opened["anna"], "Observation") == 0
        assert opened["anna"].get("/v1/patients/anna/alliance-trend").status_code == 404
        assert total(opened["open"], "QuestionnaireResponse") == 1


def test_a_granular_scope_filters_silently(clients):
    filled = clients["everything"].post("/v1/responses", json=a_body(patient="Patient/dora")).json()["id"]
    totals = total(clients["everything"], f"Observation?code={TOTAL}")

    assert total(clients["totals"], "Observation") == totals < total(clients["everything"], "Observation")
    assert total(clients["surveys"], "Observation") == total(clients["everything"], "Observation")
    assert clients["totals"].get(f"{FHIR}/Observation/{filled}.item-1").status_code == 404
    assert clients["totals"].get(f"{FHIR}/Observation/{filled}.total").status_code == 200


FORM, VALUE = "system/QuestionnaireResponse.r", "system/Observation.r"


@pytest.mark.parametrize(
    ("scopes", "status"),
    [
        (f"{FORM} {VALUE}", 200),
        (f"{FORM}?status=completed {VALUE}", 200),
        (f"{FORM}?status=amended {VALUE}", 404),
        (f"{FORM} {VALUE}?category=survey", 200),
        (f"{FORM} {VALUE}?status=final", 403),
        (f"{FORM} {VALUE}?code=srs-3.total", 403),
        (f"{FORM} {VALUE}?value-quantity=gt1", 403),
    ],
)
def test_what_is_made_of_two_types_asks_each_granular_scope_of_its_own(
    deployment, log_stream, scopes, status
):
    with opened_to(deployment, Log(log_stream), app=a_caller(scopes)) as opened:
        stored = opened["everything"].post("/v1/responses", json=a_body()).json()["id"]
        answer = opened["app"].get(f"{FHIR}/QuestionnaireResponse/{stored}/$extract")

    assert answer.status_code == status
    assert (f'scope="{VALUE}"' in answer.headers.get("www-authenticate", "")) is (status == 403)


def test_scopes_add_up(clients):
    assert total(clients["twice"], f"Observation?code={TOTAL}") == 2 * len(WITH_A_DIP)


def test_pages_hold_what_is_in_sight_and_a_cursor_is_no_use_to_others(clients):
    page = clients["ada"].get(f"{FHIR}/QuestionnaireResponse?_count=10").json()
    following = next(link["url"] for link in page["link"] if link["relation"] == "next")
    rest = clients["ada"].get(following).json()

    assert len(page["entry"]) + len(rest["entry"]) == page["total"] == 2 * len(WITH_A_DIP)
    assert clients["bo"].get(following).status_code == 400


def test_nothing_out_of_sight_comes_along(clients):
    with_forms = f"Observation?code={TOTAL}&_include=Observation:derived-from&_revinclude=Provenance:target"
    kinds = {
        entry["resource"]["resourceType"]
        for entry in clients["totals"].get(f"{FHIR}/{with_forms}").json()["entry"]
    }

    assert kinds == {"Observation"}


def test_the_last_values_are_those_in_sight(clients):
    asked = f"Observation/$lastn?patient=carl&code={TOTAL}"

    assert total(clients["ada"], asked) == 0
    assert total(clients["bo"], asked) == 1


@pytest.mark.parametrize("operation", ["$extract", "$validate"])
def test_operations_on_what_is_not_in_sight_find_nothing(clients, operation):
    one = first(clients, "QuestionnaireResponse?patient=carl")

    assert clients["ada"].get(f"{FHIR}/QuestionnaireResponse/{one['id']}/{operation}").status_code == 404
    assert clients["bo"].get(f"{FHIR}/QuestionnaireResponse/{one['id']}/{operation}").status_code == 200


def test_each_entry_of_a_batch_has_its_own_right(clients):
    mine = first(clients, "QuestionnaireResponse?patient=anna")["id"]
    other = first(clients, "QuestionnaireResponse?patient=carl")["id"]
    asked = [f"QuestionnaireResponse/{mine}", f"QuestionnaireResponse/{other}", "Task"]
    entries = [{"request": {"method": "GET", "url": url}} for url in asked]
    batch = {"resourceType": "Bundle", "type": "batch", "entry": entries}

    answered = clients["anna"].post(FHIR, json=batch).json()["entry"]

    assert [one["response"]["status"][:3] for one in answered] == ["200", "404", "403"]


def test_each_entry_of_a_transaction_has_its_own_right(clients):
    form = {"method": "POST", "url": "QuestionnaireResponse"}
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"request": form, "resource": sent(subject=ZOE, source=ZOE)}],
    }

    body = json_text.dumps(bundle)

    assert clients["anna"].post(FHIR, content=body, headers=JSON).status_code == 403
    assert clients["totals"].post(FHIR, content=body, headers=JSON).status_code == 403


def test_trend_and_brief_are_of_the_own_dyads(clients):
    for address in ("alliance-trend", "alliance-trend.svg", "session-brief"):
        assert clients["ada"].get(f"/v1/patients/anna/{address}").status_code == 200
        assert clients["bo"].get(f"/v1/patients/anna/{address}").status_code == 404


def test_a_patients_trend_has_no_tier_prompt_or_alert(clients):
    trend = clients["anna"].get("/v1/patients/anna/alliance-trend").json()
    told = clients["told"].get("/v1/patients/anna/alliance-trend").json()

    assert {point["tier"] for point in trend["series"][0]["points"]} == {None}
    assert [trend["alerts"], [p["check_in_prompts"] for p in trend["series"][0]["points"]]] == [
        [],
        [[]] * len(WITH_A_DIP),
    ]
    assert told["alerts"]
    assert clients["anna"].get("/v1/patients/ben/alliance-trend").status_code == 404


def test_a_patient_recording_is_told_no_prompt(clients):
    receipt = (
        clients["anna"]
        .post(
            "/v1/responses",
            json=a_body(
                session_number=9, identifier="urn:x|9", answers={f"item-{n}": 1.0 for n in range(1, 5)}
            ),
        )
        .json()
    )
    as_a_system = clients["everything"].get(f"/v1/responses/{receipt['id']}").json()

    assert receipt["check_in_prompts"] == [] != as_a_system["check_in_prompts"]


@pytest.mark.parametrize(
    ("who", "changes"),
    [
        ("anna", {"patient": "Patient/ben"}),
        ("ada", {"therapist": "Practitioner/bo"}),
        ("ada", {"therapist": None}),
        ("stranger", {}),
    ],
)
def test_nobody_writes_about_others(clients, who, changes):
    refused = clients[who].post(
        "/v1/responses", json=a_body(session_number=20, identifier="urn:x|20", **changes)
    )

    assert refused.status_code == 403
    assert total(clients["everything"], "QuestionnaireResponse?identifier=urn:x|20") == 0


def test_what_is_not_in_sight_is_not_changed(clients):
    one = first(clients, "QuestionnaireResponse?patient=carl")
    match = {"If-Match": 'W/"1"'}

    put = clients["ada"].put(f"/v1/responses/{one['id']}", json=a_body(), headers=match)
    withdrawn = clients["ada"].post(
        f"/v1/responses/{one['id']}/withdraw", json={"reason": "x"}, headers=match
    )
    fhir = update(clients["ada"], one["id"], one)

    assert [put.status_code, withdrawn.status_code, fhir.status_code] == [404, 404, 405]


def test_an_identifier_of_others_is_not_shown_by_a_condition(clients):
    condition = {"If_None_Exist": "identifier=urn:clinic:north|Patient/carl-1"}
    form = sent(identifier={"system": "urn:clinic:north", "value": "Patient/carl-1"})

    refused = create(clients["anna"], form, **condition)

    assert refused.status_code == 409
    assert "belongs" not in refused.text


def test_alerts_are_those_of_the_own_dyads(clients):
    listed = clients["ada"].get("/v1/rupture-alerts?include=watch").json()["items"]
    other = clients["bo"].get("/v1/rupture-alerts").json()["items"][0]["id"]
    act = {"json": {"by": "Practitioner/ada"}, "headers": {"If-Match": 'W/"1"'}}

    assert {one["therapist"] for one in listed} == {"Practitioner/ada"}
    assert clients["ada"].get(f"/v1/rupture-alerts/{other}").status_code == 404
    assert clients["ada"].post(f"/v1/rupture-alerts/{other}/acknowledge", **act).status_code == 404
    assert clients["anna"].get("/v1/rupture-alerts").status_code == 403


def test_a_person_acts_in_the_own_name_alone(clients):
    mine = clients["ada"].get("/v1/rupture-alerts").json()["items"][0]["id"]
    act, match = f"/v1/rupture-alerts/{mine}/acknowledge", {"If-Match": 'W/"1"'}

    as_bo = clients["ada"].post(act, json={"by": "Practitioner/bo"}, headers=match)
    unsaid = clients["ada"].post(act, json={}, headers=match)

    assert [fault["reason"] for fault in as_bo.json()["faults"]] == ["another-person"]
    assert unsaid.json()["acts"][0]["by"] == "Practitioner/ada"
    assert clients["everything"].post(act, json={}, headers=match).status_code == 422


def test_the_digest_is_of_the_therapist_who_asks(clients):
    digest = "/v1/therapists/{}/supervision-digest".format

    assert clients["ada"].get(digest("ada")).status_code == 200
    assert clients["ada"].get(digest("bo")).status_code == 404
    assert clients["lead"].get(digest("bo")).status_code == 200
    assert clients["told"].get(digest("ada")).status_code == 404


def test_appointments_are_those_of_the_own_dyads(clients):
    body = {
        "status": "missed",
        "patient": "Patient/carl",
        "therapist": "Practitioner/bo",
        "session_date": "2026-02-27",
        "identifier": "urn:x|missed",
    }
    assert clients["ada"].post("/v1/attendance", json=body).status_code == 403
    made = clients["bo"].post("/v1/attendance", json=body).json()["id"]

    assert clients["bo"].get("/v1/attendance?patient=carl").json()["items"]
    assert not clients["ada"].get("/v1/attendance?patient=carl").json()["items"]
    assert clients["ada"].get(f"/v1/attendance/{made}").status_code == 404


def test_who_asked_is_found_in_the_audit(clients):
    clients["ada"].get(f"{FHIR}/Observation")

    assert total(clients["everything"], "AuditEvent?agent=Practitioner/ada") > 0
    assert total(clients["everything"], "AuditEvent?agent=Practitioner/cy") == 0


def test_a_therapist_sees_the_dyads_of_all_their_roles(clients):
    as_both = total(clients["both"], "DetectedIssue")

    assert as_both == total(clients["ada"], "DetectedIssue") + total(clients["bo"], "DetectedIssue")
    act = {"by": "Practitioner/bo"}
    alert = first(clients, "DetectedIssue?patient=carl")["id"]
    done = clients["both"].post(
        f"/v1/rupture-alerts/{alert}/acknowledge", json=act, headers={"If-Match": '"1"'}
    )
    assert done.status_code == 200, done.text
