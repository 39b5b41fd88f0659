"""Form links at /v1: made, read, revoked, and every reason why one is not made."""

from dataclasses import replace
from datetime import timedelta

import pytest

from service.flows.form_link import CODE_LETTERS
from service.log import Log
from tests.conftest import BASE_URL, TestClient
from tests.service.api.callers import a_caller, ada, anna, opened_to
from tests.service.api.forms_build import a_clinic, a_link, ask_link, fill, path_of, worded
from tests.service.api.v1.build import faults_of


@pytest.fixture
def clinic(deployment):
    with a_clinic(deployment) as client:
        yield client


@pytest.fixture
def log(log_stream):
    return Log(log_stream)


def test_a_link_is_told_once_with_a_code_to_type(clinic):
    made = a_link(clinic)
    read = clinic.get(f"/v1/form-links/{made['id']}").json()

    assert made["link"].startswith(f"{BASE_URL}/form/")
    assert len(path_of(made)) == len("/form/") + 43
    assert set(made["code"].replace("-", "")) <= set(CODE_LETTERS)
    assert made.keys() - read.keys() == {"link", "code", "kiosk"}
    assert (read["state"], read["responses"]) == ("open", {})


def test_no_two_links_are_alike(clinic):
    made = [a_link(clinic) for _ in range(5)]

    assert len({one["link"] for one in made}) == len({one["code"] for one in made}) == 5


def test_a_link_names_the_words_in_use(clinic):
    assert a_link(clinic)["forms"] == ["srs-3-default|1.0.0"]


def test_a_link_is_open_for_a_day_unless_told_otherwise(clinic):
    usual, short = a_link(clinic), a_link(clinic, expires_in_minutes=30)

    assert (usual["expires_at"][:16], usual["code_until"][:16]) == ("2026-03-03T12:00", "2026-03-03T00:00")
    assert short["expires_at"] == short["code_until"] == "2026-03-02T12:30:00.000000Z"


def test_the_layout_is_the_clinics_unless_the_link_says_otherwise(deployment):
    settings = deployment.settings.model_copy(update={"form_layout": "one-each"})
    with a_clinic(replace(deployment, settings=settings)) as client:
        layouts = [a_link(client)["layout"], a_link(client, layout="one-page")["layout"]]

    assert layouts == ["one-each", "one-page"]


def test_without_the_clinics_own_wording_no_licensed_form_is_shown(client):
    assert faults_of(ask_link(client, "srs-3", "session-check-in-client")) == {
        ("instruments.0", "no-wording")
    }
    assert ask_link(client, "session-check-in-client").status_code == 201


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"patient": None}, ("patient", "required")),
        ({"patient": "anna"}, ("patient", "wrong-reference")),
        ({"therapist": "Patient/ada"}, ("therapist", "wrong-reference")),
        ({"respondent": "Patient/bea"}, ("respondent", "wrong-respondent")),
        ({"instruments": []}, ("instruments", "wrong-type")),
        ({"instruments": None}, ("instruments", "required")),
        ({"instruments": ["nothing"]}, ("instruments.0", "unknown-instrument")),
        ({"instruments": ["sai-client"]}, ("instruments.0", "instrument-off")),
        ({"instruments": ["session-reflection-therapist"]}, ("instruments.0", "wrong-respondent")),
        ({"instruments": ["srs-3", "srs-3"]}, ("instruments.1", "doubled-instrument")),
        ({"wording": {"srs-3": "9.0.0"}}, ("wording.srs-3", "unknown-version")),
        ({"wording": {"ors-client": "1.0.0"}}, ("wording", "unknown-instrument")),
        ({"language": "ja"}, ("language", "no-such-language")),
        ({"layout": "pretty"}, ("layout", "unknown-choice")),
        ({"expires_in_minutes": 4}, ("expires_in_minutes", "out-of-range")),
        ({"session_date": "2027-01-01"}, ("session_date", "in-the-future")),
        ({"session_number": 0}, ("session_number", "not-a-session-number")),
        ({"colour": "red"}, ("colour", "unknown-field")),
    ],
)
def test_a_link_that_cannot_be_is_refused_with_its_reason(clinic, changes, fault):
    answer = ask_link(clinic, **changes)

    assert (answer.status_code, faults_of(answer)) == (422, {fault})


def test_every_fault_is_told_at_once(clinic):
    answer = ask_link(clinic, "nothing", patient=None, layout="pretty")

    assert {place for place, _ in faults_of(answer)} == {"patient", "instruments.0", "layout"}


def test_a_carer_fills_a_carers_form(deployment):
    with a_clinic(deployment, "cors-carer") as client:
        assert faults_of(ask_link(client, "cors-carer")) == {("respondent", "required")}
        link = a_link(client, "cors-carer", respondent="RelatedPerson/mo")
        sent = fill(client, path_of(link), {"cors-carer": {"item-1": 5.5}})
        response = client.get(f"/v1/form-links/{link['id']}").json()["responses"]["cors-carer"]["response"]
        stored = client.get(f"/fhir/QuestionnaireResponse/{response}").json()

    assert (sent.status_code, stored["source"]["reference"]) == (200, "RelatedPerson/mo")


def test_client_and_carer_share_no_link(deployment):
    with a_clinic(deployment, "cors-carer", "srs-3") as client:
        answer = ask_link(client, "srs-3", "cors-carer")

    assert faults_of(answer) == {("instruments.1", "wrong-respondent")}


def test_a_link_tells_what_it_came_to(clinic):
    link = a_link(clinic)
    fill(clinic, path_of(link))
    read = clinic.get(f"/v1/form-links/{link['id']}").json()

    response = read["responses"]["srs-3"]["response"]
    assert (read["state"], read["closed_at"]) == ("used", "2026-03-02T12:00:00.000000Z")
    assert clinic.get(f"/v1/responses/{response}").json()["scores"] == {"total": 36.3}


def test_a_link_is_revoked_once_and_for_good(clinic):
    link = a_link(clinic)
    answers = [clinic.post(f"/v1/form-links/{link['id']}/revoke") for _ in range(2)]

    assert [(one.status_code, one.json()["state"]) for one in answers] == [(200, "revoked")] * 2
    assert answers[0].json() == answers[1].json()


def test_a_used_link_cannot_be_revoked(clinic):
    link = a_link(clinic)
    fill(clinic, path_of(link))

    assert clinic.post(f"/v1/form-links/{link['id']}/revoke").status_code == 409


def test_an_expired_link_says_so(clinic, clock):
    link = a_link(clinic)
    clock.now += timedelta(days=2)

    assert clinic.get(f"/v1/form-links/{link['id']}").json()["state"] == "expired"


def test_an_unknown_link_is_not_found(clinic):
    assert clinic.get("/v1/form-links/nothing").status_code == 404
    assert clinic.post("/v1/form-links/nothing/revoke").status_code == 404


def test_nobody_makes_or_sees_links_beyond_their_reach(deployment, log):
    callers = {"ada": ada(), "bo": ada(user="Practitioner/bo"), "anna": anna(), "poor": a_caller("openid")}
    with opened_to(worded(deployment), log, **callers) as clients:
        made = {name: ask_link(clients[name]).status_code for name in callers}
        link = a_link(clients["ada"])
        read = {name: clients[name].get(f"/v1/form-links/{link['id']}").status_code for name in callers}

    assert made == {"ada": 201, "bo": 403, "anna": 201, "poor": 403}
    assert read == {"ada": 200, "bo": 404, "anna": 200, "poor": 403}


def test_the_page_of_a_form_needs_no_credential(deployment, log):
    with opened_to(worded(deployment), log) as clients:
        link = a_link(clients["everything"])
        nobody: TestClient = clients["nobody"]

        assert [nobody.get(path_of(link)).status_code, nobody.get("/form/kiosk").status_code] == [200, 200]
        assert fill(nobody, path_of(link)).status_code == 200
