"""Cards for whoever opens a chart: what they say, to whom, and when there are none."""

import pytest
from sqlalchemy import select

from fhir_mappings.vocabulary import DISMISSAL_REASON_TERMS
from service.api.cds.models import CardsAnswer, ServicesAnswer
from service.flows.set_disclosure import set_disclosure
from service.log import Log
from service.store.disclosures import Disclosure
from service.store.tables import audit_rows
from tests.service.api.callers import ada, opened_to
from tests.service.api.cds.build import START, VIEW, call, cards, summaries, with_an_alert
from tests.service.api.v1.build import STEADY, post, record_course
from tests.service.build import an_access

BASE, EHR = "https://alliance.example", "https://ehr.example"
STRAIN = "Possible strain in the alliance after session 7, marked."


@pytest.fixture
def alert(client, clock):
    return with_an_alert(client, clock)


def test_discovery_tells_both_services_with_what_they_would_have(client):
    answer = client.get("/cds-services")
    services = {one.hook: one for one in ServicesAnswer.model_validate(answer.json()).services}

    assert (services["patient-view"].id, services["encounter-start"].id) == (VIEW, START)
    assert services["patient-view"].prefetch == {"patient": "Patient/{{context.patientId}}"}
    assert services["encounter-start"].prefetch["encounter"] == "Encounter/{{context.encounterId}}"


@pytest.mark.usefixtures("alert")
def test_an_open_alert_is_one_card_in_the_shape_of_the_specification(client):
    (card,) = CardsAnswer.model_validate({"cards": cards(client)}, extra="forbid").cards

    assert (card.summary, card.indicator) == (STRAIN, "warning")
    assert "SRS 27.0" in card.detail
    assert "neither that there is a rupture nor that there is none" in card.detail
    assert [one.code for one in card.overrideReasons] == [one.code for one in DISMISSAL_REASON_TERMS.terms]
    assert card.links is None


@pytest.mark.usefixtures("alert")
def test_a_card_has_the_same_id_each_time_and_another_for_another_reader(client, deployment, settings):
    sue = settings.model_copy(update={"cds_supervisors": ("Practitioner/sue",)})
    object.__setattr__(deployment, "settings", sue)
    first, again = cards(client)[0]["uuid"], cards(client)[0]["uuid"]

    assert first == again
    assert cards(client, userId="Practitioner/sue")[0]["uuid"] != first


@pytest.mark.parametrize(
    "user", ["Practitioner/olu", "PractitionerRole/ada", "Patient/anna", "RelatedPerson/ada"]
)
@pytest.mark.usefixtures("alert")
def test_nobody_but_the_own_therapist_is_told(client, user):
    assert cards(client, userId=user) == cards(client, START, userId=user) == []


def test_an_unknown_patient_is_answered_like_one_with_nothing_to_say(client, clock):
    record_course(client, clock, STEADY)

    assert call(client).content == call(client, patientId="nobody").content == b'{"cards":[]}'


@pytest.mark.usefixtures("alert")
def test_the_link_leads_to_the_page_and_names_the_alert_alone(client, deployment, settings, alert):
    page = settings.model_copy(update={"cds_launch_url": "https://alliance.example/launch"})
    object.__setattr__(deployment, "settings", page)
    (link,) = cards(client)[0]["links"]

    assert (link["url"], link["type"]) == ("https://alliance.example/launch", "smart")
    assert link["appContext"] == f'{{"alert":"{alert}"}}'


@pytest.mark.parametrize(
    ("given", "leads_to"),
    [
        ({"launch_iss": EHR, "public_base_url": BASE}, f"{BASE}/launch"),
        ({"launch_iss": EHR, "public_base_url": BASE, "cds_launch_url": f"{EHR}/app"}, f"{EHR}/app"),
        ({"launch_iss": EHR}, None),
        ({"public_base_url": BASE}, None),
    ],
)
def test_cards_lead_to_our_own_page_where_the_ehr_can_launch_it(settings, given, leads_to):
    assert settings.model_copy(update=given).card_page == leads_to


def test_an_alert_that_somebody_took_makes_no_card(client, alert):
    taken = client.post(
        f"/v1/rupture-alerts/{alert}/acknowledge",
        json={"by": "Practitioner/ada"},
        headers={"If-Match": 'W/"1"'},
    )

    assert taken.status_code == 200
    assert cards(client) == []


@pytest.mark.usefixtures("alert")
def test_a_card_says_that_treatment_ended_and_not_why(client):
    end = {"therapist": "Practitioner/ada", "date": "2026-03-02", "reason": "client-left"}
    client.put("/v1/patients/anna/treatment-end", json=end | {"by": "Practitioner/ada"})

    assert summaries(client) == [f"{STRAIN} Treatment ended on 2026-03-02."]
    assert "client" not in cards(client)[0]["summary"]


def test_forms_are_due_at_the_session_and_not_at_every_look(client, clock):
    record_course(client, clock, STEADY)

    assert summaries(client, START) == ["Due at this session: SRS, WAI-SR."]
    assert cards(client) == []


def test_a_form_that_was_begun_and_left_out_is_told_at_every_look(client, clock):
    record_course(client, clock, STEADY)
    later = {"session_number": 9, "identifier": "urn:clinic:north|wai"}
    later |= {"answers": {f"item-{number}": 4 for number in range(1, 13)}}
    assert post(client, instrument="wai-sr-client", **later).status_code == 201

    assert summaries(client) == ["Not filled in when planned: SRS."]


def test_a_form_that_is_due_says_when_and_is_no_sign_of_anything(client, clock):
    record_course(client, clock, STEADY)
    (card,) = cards(client, START)

    assert "SRS: wanted in session 7; last filled in at session 6." in card["detail"]
    assert card["indicator"] == "info"
    assert "overrideReasons" not in card


@pytest.mark.parametrize(
    "prefetch",
    [
        {"patient": {"resourceType": "Patient", "id": "anna", "deceasedBoolean": True}},
        {"patient": {"resourceType": "Patient", "id": "anna", "deceasedDateTime": "2026-02-28"}},
        {"encounter": {"resourceType": "Encounter", "id": "session-8", "status": "cancelled"}},
    ],
)
@pytest.mark.usefixtures("alert")
def test_a_prefetch_may_keep_cards_back(client, prefetch):
    assert cards(client, START, prefetch=prefetch) == []


@pytest.mark.parametrize(
    "prefetch",
    [
        {},
        {"patient": None, "encounter": None},
        {"patient": {"resourceType": "OperationOutcome"}, "encounter": []},
        {"patient": {"resourceType": "Patient", "id": "anna", "deceasedBoolean": False}},
        {
            "encounter": {
                "resourceType": "Encounter",
                "status": "in-progress",
                "subject": {"reference": "Patient/anna"},
            }
        },
    ],
)
@pytest.mark.usefixtures("alert")
def test_a_prefetch_that_is_missing_or_says_nothing_keeps_nothing_back(client, prefetch):
    assert summaries(client, START, prefetch=prefetch)[0] == STRAIN


@pytest.mark.usefixtures("alert")
def test_nothing_is_told_in_an_ehr_of_whom_nothing_may_be_written_there(client, deployment):
    set_disclosure(deployment, "Patient/anna", Disclosure(push=False), an_access("U"))

    assert cards(client) == cards(client, START) == []


@pytest.mark.usefixtures("alert")
def test_nothing_is_told_of_sessions_before_the_day_since_which_it_may_be(client, deployment):
    set_disclosure(deployment, "Patient/anna", Disclosure(since="2026-03-03"), an_access("U"))

    assert cards(client) == []


@pytest.mark.usefixtures("alert")
def test_who_is_not_shared_is_told_of_to_the_own_therapist_alone(client, deployment, settings):
    sue = settings.model_copy(update={"cds_supervisors": ("Practitioner/sue",)})
    object.__setattr__(deployment, "settings", sue)
    set_disclosure(deployment, "Patient/anna", Disclosure(share=False), an_access("U"))

    assert summaries(client) == [STRAIN]
    assert cards(client, userId="Practitioner/sue") == []


@pytest.mark.usefixtures("alert")
def test_ids_of_another_server_are_other_people(client, deployment, settings):
    known = settings.model_copy(update={"ehr_base_url": "http://127.0.0.1:9/fhir"})
    object.__setattr__(deployment, "settings", known)
    body = {"hook": "patient-view", "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"}
    body["context"] = {"userId": "Practitioner/ada", "patientId": "anna"}
    here = client.post(f"/cds-services/{VIEW}", json=body | {"fhirServer": "http://127.0.0.1:9/fhir/"})
    there = client.post(f"/cds-services/{VIEW}", json=body | {"fhirServer": "https://other.example/fhir"})

    assert (len(here.json()["cards"]), there.json()["cards"]) == (1, [])


@pytest.mark.usefixtures("alert")
def test_a_token_of_a_person_is_good_for_that_persons_cards(deployment, log_stream):
    with opened_to(deployment, Log(log_stream), ada=ada(), olu=ada(user="Practitioner/olu")) as clients:
        assert summaries(clients["ada"]) == [STRAIN]
        assert cards(clients["olu"]) == []
        assert call(clients["nobody"]).status_code == 401


def test_every_call_is_audited_with_its_patient(client, database, alert):
    call(client)
    with database.read() as tx:
        row = tx.execute(select(audit_rows).order_by(audit_rows.c.row_id.desc()).limit(1)).one()

    assert (row.route, row.action, row.status) == ("/cds-services/{service_id}", "E", 200)
    assert row.patient_row is not None
