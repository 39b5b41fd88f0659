"""What an EHR sends to a hook: every fault at once, and nothing that is sent can break it."""

from contextlib import closing
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.api.cds.models import CardsAnswer
from service.app import create_app
from service.log import Log
from tests.conftest import BASE_URL, FixedClock, TestClient
from tests.databases import empty_database
from tests.service.api.cds.build import START, VIEW, a_call, call, with_an_alert
from tests.service.api.v1.build import faults_of
from tests.service.build import a_deployment


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"hook": "order-sign"}, {("hook", "unknown-choice")}),
        ({"hook": None}, {("hook", "required")}),
        ({"hookInstance": "no uuid"}, {("hookInstance", "wrong-id")}),
        ({"fhirServer": "file:///etc"}, {("fhirServer", "wrong-type")}),
        (
            {"context": None},
            {("context", "required"), ("context.userId", "required"), ("context.patientId", "required")},
        ),
        (
            {"context": []},
            {("context", "wrong-type"), ("context.userId", "required"), ("context.patientId", "required")},
        ),
        (
            {"context": {"userId": "ada", "patientId": "../anna"}},
            {("context.userId", "wrong-reference"), ("context.patientId", "wrong-id")},
        ),
        (
            {"context": {"userId": 7, "patientId": ""}},
            {("context.userId", "wrong-type"), ("context.patientId", "wrong-id")},
        ),
        ({"prefetch": 7}, {("prefetch", "wrong-type")}),
        (
            {"prefetch": {"patient": {"resourceType": "Patient", "id": "bea"}}},
            {("prefetch.patient", "another-patient")},
        ),
        (
            {
                "prefetch": {
                    "encounter": {"resourceType": "Encounter", "subject": {"reference": "Patient/bea"}}
                }
            },
            {("prefetch.encounter", "another-patient")},
        ),
    ],
)
def test_every_fault_is_told_with_its_place(client, changes, expected):
    answer = client.post(f"/cds-services/{VIEW}", json=a_call() | changes)

    assert (answer.status_code, faults_of(answer)) == (422, expected)


def test_a_session_that_begins_has_an_encounter(client):
    assert faults_of(call(client, START, encounterId=None)) == {("context.encounterId", "required")}


def test_there_is_no_service_but_those_of_the_discovery(client):
    assert client.post("/cds-services/other", json=a_call()).status_code == 404
    assert client.post("/cds-services/other/feedback", json={}).status_code == 404


def test_what_the_specification_allows_besides_is_taken(client):
    token = {"access_token": "secret", "token_type": "Bearer", "expires_in": 300, "scope": "", "subject": "x"}
    body = a_call() | {"fhirAuthorization": token, "extension": {"com.example": 1}, "other": []}

    assert client.post(f"/cds-services/{VIEW}", json=body).json() == {"cards": []}


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b'{"context": NaN}'])
def test_what_is_no_object_is_a_bad_request(client, body):
    answer = client.post(f"/cds-services/{VIEW}", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
RESOURCE = st.fixed_dictionaries(
    {"resourceType": st.sampled_from(["Patient", "Encounter"]) | JSON},
    optional={"id": JSON, "status": JSON, "subject": JSON, "deceasedBoolean": JSON, "deceasedDateTime": JSON},
)
CONTEXT = st.fixed_dictionaries(
    {"userId": st.just("Practitioner/ada") | JSON, "patientId": st.just("anna") | JSON},
    optional={"encounterId": JSON, "other": JSON},
)
BODIES = st.fixed_dictionaries(
    {
        "hook": st.just("patient-view") | JSON,
        "hookInstance": st.uuids().map(str) | JSON,
        "context": CONTEXT | JSON,
    },
    optional={
        "prefetch": JSON | st.dictionaries(st.sampled_from(["patient", "encounter", "x"]), RESOURCE | JSON),
        "fhirServer": st.just("https://ehr.example/fhir") | JSON,
    },
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A clinic with one alert, that all examples ask about."""
    clock = FixedClock()
    with closing(empty_database(tmp_path_factory.mktemp("cards"))) as database:
        app = create_app(a_deployment(None, clock, database=database), Log(StringIO()))
        client = TestClient(app, base_url=BASE_URL)
        with_an_alert(client, clock)
        yield client


@settings(max_examples=80, deadline=None)
@given(body=BODIES | st.dictionaries(st.text(max_size=5), JSON))
def test_whatever_comes_is_refused_or_answered_as_the_specification_says(filled, body):
    answer = filled.post(f"/cds-services/{VIEW}", json=body)

    assert answer.status_code in (200, 422)
    found = CardsAnswer.model_validate(answer.json(), extra="forbid").cards if answer.is_success else []
    assert all(0 < len(one.summary) < 140 for one in found)


@settings(max_examples=80, deadline=None)
@given(
    entries=st.lists(
        st.fixed_dictionaries(
            {
                "card": st.uuids().map(str) | JSON,
                "outcome": st.sampled_from(["accepted", "overridden"]) | JSON,
            },
            optional={"outcomeTimestamp": JSON, "overrideReason": JSON, "acceptedSuggestions": JSON},
        ),
        max_size=3,
    )
    | JSON
)
def test_whatever_feedback_comes_about_no_card_of_ours_is_refused(filled, entries):
    answer = filled.post(f"/cds-services/{VIEW}/feedback", json={"feedback": entries})

    assert answer.status_code == 422
