"""What a caller sent is kept byte for byte, and served as sent but for markup that could do harm."""

from fhir_mappings import json_text
from fhir_mappings.elements import narrative
from tests.service.api.fhir.calls import create, sent

HARMFUL = '<div xmlns="http://www.w3.org/1999/xhtml"><img src="https://elsewhere.example/pixel.png"/></div>'
HARMLESS = '<div xmlns="http://www.w3.org/1999/xhtml"><p>A <b>good</b> session</p></div>'


def read(client, created):
    return client.get(f"/fhir/QuestionnaireResponse/{created.json()['id']}")


def stored_body(database) -> bytes:
    with database.read() as tx:
        return tx.exec_driver_sql("SELECT body FROM responses").scalar_one()


def test_the_bytes_that_came_are_kept(client, database):
    body = json_text.dumps_indented(sent(text={"status": "additional", "div": HARMFUL}))

    create(client, body)

    assert stored_body(database) == body


def test_decimals_keep_their_digits(client):
    body = json_text.dumps(sent()).replace(b'"valueDecimal":9.2', b'"valueDecimal":9.20')

    assert b'"valueDecimal":9.20' in read(client, create(client, body)).content


def test_unknown_extensions_and_siblings_of_elements_come_back(client):
    unknown = {"url": "https://other.example/device", "valueString": "tablet 3"}
    body = sent(_status={"extension": [unknown]})
    body["extension"].append(unknown)

    answer = read(client, create(client, body)).json()

    assert answer["_status"] == {"extension": [unknown]}
    assert unknown in answer["extension"]


def test_a_narrative_that_could_do_harm_is_written_anew(client):
    created = create(client, sent(text={"status": "additional", "div": HARMFUL}))

    for answer in (created, read(client, created), client.get("/fhir/QuestionnaireResponse")):
        assert "elsewhere.example" not in answer.text
    assert created.json()["text"]["status"] == narrative("")["status"]
    assert "4 of 4 items answered" in created.json()["text"]["div"]


def test_a_harmless_narrative_comes_back_as_it_was(client):
    text = {"status": "additional", "div": HARMLESS}

    assert read(client, create(client, sent(text=text))).json()["text"] == text
