"""In which language clinicians are told: the clinic's, else their own."""

from dataclasses import replace

import pytest

from service.app import create_app
from service.log import Log
from service.settings import Settings
from tests.conftest import BASE_URL, TestClient
from tests.service.api.cds.build import a_call
from tests.service.api.clinician.reading import words_in
from tests.service.api.v1.build import WITH_A_DIP, record_course

GERMAN = {"Accept-Language": "de-AT, en;q=0.5"}
VIEW = "/cds-services/alliance-patient-view"


@pytest.fixture
def in_german(deployment, database, clock, log_stream):
    """A client of a clinic that works in German."""
    settings = Settings(database_url=database.url, language="de")
    app = create_app(replace(deployment, settings=settings), Log(log_stream))
    with TestClient(app, base_url=BASE_URL) as client:
        record_course(client, clock, WITH_A_DIP)
        yield client


def test_a_reader_is_told_in_the_own_language(client, clock):
    record_course(client, clock, WITH_A_DIP)
    page = client.get("/clinician/patients/anna", headers=GERMAN)

    assert '<html lang="de">' in page.text
    assert "Worauf es beruht" in page.text
    assert '<p lang="en">Marked dip' in page.text


def test_a_clinics_language_is_that_of_pages_and_alerts(in_german):
    page = in_german.get("/clinician/patients/anna", headers={"Accept-Language": "en"}).text

    assert '<p lang="de">Deutlicher Einbruch nach Sitzung' in page
    assert "Ein nächster Schritt" in words_in(page)
    assert "Bemerkt" in words_in(page)


@pytest.mark.parametrize("path", ["/clinician", "/clinician/digest", "/clinician/deliveries?state=waiting"])
def test_every_list_is_in_the_clinics_language(in_german, path):
    page = in_german.get(path)

    assert (page.status_code, '<html lang="de">' in page.text) == (200, True)


def test_a_card_is_in_the_clinics_language(in_german):
    (card,) = in_german.post(VIEW, json=a_call()).json()["cards"]

    assert card["summary"].startswith("Mögliche Belastung der Allianz nach Sitzung")
    assert card["suggestions"][0]["label"] == "Ich habe es gesehen"
    assert "Deutlicher Einbruch" in card["detail"]


def test_without_one_a_card_is_in_the_language_that_is_asked_for(client, clock):
    record_course(client, clock, WITH_A_DIP)
    (card,) = client.post(VIEW, json=a_call(), headers=GERMAN).json()["cards"]

    assert card["source"]["label"] == "Therapeutische Allianz"


def test_a_form_is_shown_in_the_words_that_asked(client, clock):
    body = {"felt": "Calm", "understood": 8, "on-track": "yes"}
    receipt = client.post(
        "/v1/responses",
        json={
            "instrument": "session-check-in-client",
            "patient": "Patient/anna",
            "therapist": "Practitioner/ada",
            "authored": "2026-03-02T10:50:00+01:00",
            "identifier": "urn:x|in-german",
            "answers": body,
        },
    ).json()
    page = words_in(client.get(f"/clinician/responses/{receipt['id']}", headers=GERMAN).text)

    assert "Wie gut haben Sie sich verstanden gefühlt?" in page
    assert "Ja" in page
