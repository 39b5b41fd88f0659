"""Where an EHR takes notes only, HAPI with its validator takes ours: written, overwritten, withdrawn."""

from base64 import b64decode

import httpx
import pytest

from fhir_mappings import json_text
from tests.demo_clinic import submission
from tests.system.chart import only
from tests.system.children import Service
from tests.system.exactly_once import wait_until_delivered
from tests.system.people import clinic_called, latest, seed_ehr
from tests.system.sending import send_all

pytestmark = pytest.mark.hapi

NOTE = "https://alliance.example/fhir/identifier/note"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module", params=["document", "communication"])
def sent(request, hapi, tmp_path_factory, name_of):
    """A service that may file notes only, and what it sent: the last ratings of a client."""
    folder = tmp_path_factory.mktemp(request.param)
    profile = folder / "notes-only.toml"
    profile.write_text(
        f'title = "Notes only"\nsource = "this test"\nrungs = ["{request.param}"]\nother_types = true\n'
    )
    clinic = clinic_called(name_of(request.param), clients=2, seed=13)
    seed_ehr(hapi.fhir, clinic)
    with Service(folder, ehr_base_url=hapi.fhir, ehr_name="hapi", ehr_profile=str(profile)) as service:
        found = [one for one in send_all(service.base_url, latest(clinic, 12)) if one.rating.answers]
        wait_until_delivered(service.base_url)
        yield service, request.param, [one for one in found if one.rating.instrument == "srs-3"]


def in_hapi(chart, rung, sent):
    kind = "DocumentReference" if rung == "document" else "Communication"
    return only(chart.find(kind, identifier=f"{NOTE}|{sent.id}"))


def text_of(note):
    if note["resourceType"] == "Communication":
        return note["payload"][0]["contentString"]
    return b64decode(note["content"][0]["attachment"]["data"]).decode()


def test_a_note_with_the_scores_arrives_and_is_valid(sent, hapi_chart):
    _, rung, found = sent
    note = in_hapi(hapi_chart, rung, found[0])

    assert "SRS total: " in text_of(note)
    assert hapi_chart.validation_errors(note) == []


def test_a_correction_overwrites_the_note(sent, hapi_chart):
    service, rung, found = sent
    answers = dict(found[0].rating.answers) | {"item-1": 1.5}
    httpx.put(
        f"{service.base_url}/v1/responses/{found[0].id}",
        content=json_text.dumps(submission(found[0].rating) | {"answers": answers}),
        headers=JSON | {"If-Match": 'W/"1"'},
    ).raise_for_status()
    wait_until_delivered(service.base_url)

    assert "SRS: Heard and respected: 1.5 (0 to 10)" in text_of(in_hapi(hapi_chart, rung, found[0]))


def test_a_withdrawal_marks_the_note_as_entered_in_error(sent, hapi_chart):
    service, rung, found = sent
    httpx.post(
        f"{service.base_url}/v1/responses/{found[1].id}/withdraw",
        content=json_text.dumps({"reason": "filled in for another client"}),
        headers=JSON,
    ).raise_for_status()
    wait_until_delivered(service.base_url)

    assert in_hapi(hapi_chart, rung, found[1])["status"] == "entered-in-error"
