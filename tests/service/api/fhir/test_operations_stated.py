"""Operations and Bundles work as the CapabilityStatement lists them, and nothing else is answered."""

from dataclasses import replace
from pathlib import Path

import pytest

from fhir_mappings import json_text
from tests.service.api.fhir.bundles import posted, send
from tests.service.api.fhir.calls import CREATE, FHIR, created_id, issues, sent
from tests.service.api.fhir.subscribing import HOST, a_subscription

# Every search parameter of R4 by type, names alone; from search-parameters.json of hl7.org/fhir/R4 (4.0.1).
R4 = json_text.loads(Path(__file__).with_name("r4_search_parameters.json").read_bytes())
OF_EVERY_TYPE = ("Resource", "DomainResource")
TYPES = sorted(R4.keys() - set(OF_EVERY_TYPE))
OPERATIONS = ("$meta", "$expand", "$validate-code", "$lookup", "$stats", "$everything", "$graphql", "$export")


@pytest.fixture
def deployment(deployment):
    hosts = {"subscription_hosts": (HOST,)}
    return replace(deployment, settings=deployment.settings.model_copy(update=hosts))


@pytest.fixture
def rest(client):
    return client.get("/fhir/metadata").json()["rest"][0]


@pytest.fixture
def stated(rest):
    """What is listed, as (type, operation)."""
    return {(one["type"], of["name"]) for one in rest["resource"] for of in one.get("operation", [])}


def calls(client, response_id):
    """Return one call for every operation, on the type and on one of its resources."""

    def ask(path, resource):
        return lambda: client.post(path, content=json_text.dumps(resource), headers=FHIR)

    subject = {"name": "subject", "valueReference": {"reference": "Patient/anna"}}
    populate = {"resourceType": "Parameters", "parameter": [subject]}
    subscribed = client.post("/fhir/Subscription", json=a_subscription(), headers=FHIR).json()["id"]
    return {
        ("Questionnaire", "populate"): ask("/fhir/Questionnaire/srs-3-1.0.0/$populate", populate),
        ("QuestionnaireResponse", "extract"): lambda: client.get(f"{CREATE}/{response_id}/$extract"),
        ("QuestionnaireResponse", "validate"): ask(f"{CREATE}/$validate", sent()),
        ("Observation", "lastn"): lambda: client.get(
            "/fhir/Observation/$lastn", params={"patient": "anna", "category": "survey"}
        ),
        ("Subscription", "status"): lambda: client.get(f"/fhir/Subscription/{subscribed}/$status"),
        ("Subscription", "events"): lambda: client.get(f"/fhir/Subscription/{subscribed}/$events"),
    }


def test_every_operation_that_is_stated_works(client, stated):
    called = calls(client, created_id(client, sent()))

    assert stated == called.keys()
    assert {call().status_code for call in called.values()} == {200}


def test_every_operation_names_its_definition(rest):
    definitions = [of["definition"] for one in rest["resource"] for of in one.get("operation", [])]

    assert all(one.startswith("http://hl7.org/fhir/") for one in definitions)


def test_batch_and_transaction_are_stated_and_work(client, rest):
    stated = [one["code"] for one in rest["interaction"]]

    assert stated == ["batch", "transaction"]
    assert {send(client, kind, posted(sent())).status_code for kind in stated} == {200}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "place", ["", "/Observation", "/QuestionnaireResponse", "/Questionnaire/srs-3-1.0.0"]
)
def test_an_operation_that_is_not_stated_is_refused(client, place, operation):
    answer = client.post(f"/fhir{place}/{operation}", content=b"{}", headers=FHIR)

    assert answer.status_code in {404, 405, 501}
    assert issues(answer)[0][0] == "not-supported"


@pytest.fixture
def not_stated(rest):
    """Return the parameters of R4 that a type does not state, and one that nobody has."""

    def find(kind):
        stated = {of["name"] for one in rest["resource"] if one["type"] == kind for of in one["searchParam"]}
        own = [name for of in (kind, *OF_EVERY_TYPE) for name in R4[of]]
        return [*(name for name in own if name not in stated), "pateint"]

    return find


def test_every_type_that_is_stated_is_tried(rest):
    assert sorted(one["type"] for one in rest["resource"]) == TYPES


@pytest.mark.parametrize("kind", TYPES)
def test_a_parameter_that_is_not_stated_is_refused_where_the_caller_is_strict(client, not_stated, kind):
    strict = {"Prefer": "handling=strict"}
    for one in not_stated(kind):
        answer = client.get(f"/fhir/{kind}", params={one: "x"}, headers=strict)

        assert (answer.status_code, issues(answer)) == (400, [("value", f"http.{one}")])


@pytest.mark.parametrize("kind", TYPES)
def test_a_parameter_that_is_not_stated_is_left_out_and_that_is_said(client, not_stated, kind):
    for one in not_stated(kind):
        bundle = client.get(f"/fhir/{kind}", params={one: "x", "_count": "1"}).json()
        told = bundle["entry"][-1]["resource"]["issue"][0]["details"]["text"]

        assert told.endswith(f": {one}.")
        assert bundle["link"][0]["url"].endswith(f"/fhir/{kind}?_count=1")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("kind", ["Task", "Flag", "Provenance", "DetectedIssue", "Observation", "AuditEvent"])
def test_what_we_make_is_changed_by_nobody(client, kind, method):
    answer = client.request(method, f"/fhir/{kind}/some-id", content=b"{}", headers=FHIR)

    assert (answer.status_code, issues(answer)[0][0]) == (405, "not-supported")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("kind", ["Medication", "Consent", "Device", "Foo"])
def test_a_type_that_is_not_stated_is_not_found(client, kind):
    for path in (f"/fhir/{kind}", f"/fhir/{kind}/1"):
        assert client.get(path).status_code == 404
