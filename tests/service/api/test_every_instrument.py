"""Every instrument through both doors: what was sent comes back, scored as the instrument says."""

from decimal import Decimal
from typing import Any

import pytest
from starlette.testclient import TestClient

from fhir_mappings import json_text
from fhir_mappings.answers import check_answers
from fhir_mappings.catalogue import builtin_instruments, shipped_instruments
from fhir_mappings.instrument import Instrument
from fhir_mappings.response import to_response
from fhir_mappings.scoring import score
from tests.answer_sets import complete_answers, partial_answers
from tests.builders import NAMES, a_filled
from tests.service.api.fhir.calls import create, ids, issues, search
from tests.service.api.v1.build import a_body, faults_of

OFFERED = list(builtin_instruments().values())
OFF = [one for one in shipped_instruments().values() if one.id not in builtin_instruments()]
RESPONDENTS = {
    "client": "Patient/anna",
    "therapist": "Practitioner/ada",
    "observer": "Practitioner/olga",
    "carer": "RelatedPerson/bea",
}


def post(client: TestClient, form: Instrument, answers: dict[str, object], **changes: Any) -> Any:
    body = a_body(instrument=form.id, answers=answers, respondent=RESPONDENTS[form.perspective], **changes)
    json = {"Content-Type": "application/json"}
    return client.post("/v1/responses", content=json_text.dumps(body), headers=json)


def as_fhir(form: Instrument, **changes: Any) -> dict[str, Any]:
    filled = a_filled(form, complete_answers(form), source=RESPONDENTS[form.perspective])
    made = {
        key: value for key, value in to_response(filled, NAMES).items() if key not in {"id", "meta", "text"}
    }
    return made | changes


@pytest.mark.parametrize("form", OFFERED, ids=lambda form: form.id)
@pytest.mark.parametrize("made", [complete_answers, partial_answers])
def test_plain_answers_come_back_with_their_scores(client: TestClient, form: Instrument, made: Any) -> None:
    given = made(form)
    receipt = post(client, form, given)
    assert receipt.status_code == 201, receipt.text
    read = json_text.loads(client.get(receipt.headers["Location"]).content)
    assert read["answers"] == given
    expected = {one.id: one.value for one in score(form, check_answers(form, given))}
    assert read["scores"] == json_text.loads(receipt.content)["scores"] == expected
    assert (read["perspective"], read["respondent"]) == (form.perspective, RESPONDENTS[form.perspective])


@pytest.mark.parametrize("form", OFFERED, ids=lambda form: form.id)
def test_the_same_answers_again_are_the_same_response(client: TestClient, form: Instrument) -> None:
    first, second = (post(client, form, complete_answers(form)) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    once, again = first.json(), second.json()
    # What an alert brought about beside the response is told once.
    assert set(again.pop("deliveries")) <= set(once.pop("deliveries"))
    assert once == again
    other = post(client, form, complete_answers(form, shift=2))
    assert other.status_code == 409


@pytest.mark.parametrize("form", OFFERED, ids=lambda form: form.id)
def test_a_questionnaire_response_comes_back_as_it_was_sent(client: TestClient, form: Instrument) -> None:
    sent = as_fhir(form)
    answer = create(client, sent)
    assert answer.status_code == 201, answer.text
    stored = json_text.loads(answer.content)
    assert stored["item"] == json_text.loads(json_text.dumps(sent))["item"]
    plain = json_text.loads(client.get(f"/v1/responses/{stored['id']}").content)
    assert plain["answers"] == complete_answers(form)


@pytest.mark.parametrize("form", OFFERED, ids=lambda form: form.id)
def test_every_observation_can_be_searched_and_read(client: TestClient, form: Instrument) -> None:
    create(client, as_fhir(form))
    found = ids(search(client, "Observation", _count="100"))
    assert all(client.get(f"/fhir/Observation/{one}").status_code == 200 for one in found)
    observed = {one.id for one in form.scores if one.observed}
    assert observed <= {one.partition(".")[2] for one in found}


@pytest.mark.parametrize("form", OFF, ids=lambda form: form.id)
def test_a_form_that_is_off_is_refused_at_both_doors(client: TestClient, form: Instrument) -> None:
    plain = post(client, form, complete_answers(form))
    assert (plain.status_code, faults_of(plain)) == (422, {("instrument", "instrument-off")})
    assert "ALLIANCE_ENABLED_INSTRUMENTS" in plain.json()["faults"][0]["message"]
    fhir = create(client, as_fhir(form))
    assert fhir.status_code == 422
    assert "ALLIANCE_ENABLED_INSTRUMENTS" in fhir.text


@pytest.mark.parametrize("form", OFFERED, ids=lambda form: form.id)
def test_a_source_that_contradicts_the_form_is_refused_at_both_doors(
    client: TestClient, form: Instrument
) -> None:
    wrong = "Practitioner/ada" if form.perspective != "therapist" else "Patient/anna"
    plain = client.post(
        "/v1/responses",
        content=json_text.dumps(a_body(instrument=form.id, answers=complete_answers(form), respondent=wrong)),
        headers={"Content-Type": "application/json"},
    )
    assert (plain.status_code, faults_of(plain)) == (422, {("respondent", "wrong-respondent")})
    fhir = create(client, as_fhir(form, source={"reference": wrong}))
    assert fhir.status_code == 422
    assert [place for _, place in issues(fhir)] == ["QuestionnaireResponse.source"]


@pytest.mark.parametrize("form", [one for one in OFFERED if one.perspective in {"observer", "carer"}])
def test_who_observed_or_cares_must_be_said_at_both_doors(client: TestClient, form: Instrument) -> None:
    plain = client.post(
        "/v1/responses",
        content=json_text.dumps(a_body(instrument=form.id, answers=complete_answers(form))),
        headers={"Content-Type": "application/json"},
    )
    assert faults_of(plain) == {("respondent", "required")}
    without = {key: value for key, value in as_fhir(form).items() if key != "source"}
    fhir = create(client, without)
    assert fhir.status_code == 422


def test_a_number_is_kept_with_its_digits(client: TestClient) -> None:
    receipt = post(client, builtin_instruments()["ors-client"], {"item-1": Decimal("9.20")})
    assert b'"item-1":9.20' in client.get(receipt.headers["Location"]).content
