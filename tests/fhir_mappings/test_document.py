"""A response or alert as a plain-text note."""

from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest

from fhir_mappings.catalogue import builtin_instruments
from fhir_mappings.document import (
    Note,
    NoteShape,
    alert_note,
    response_note,
    to_communication,
    to_document,
)
from tests.answer_sets import complete_answers
from tests.builders import NAMES, a_filled, an_alert


def text_of(document: dict[str, Any]) -> str:
    return b64decode(document["content"][0]["attachment"]["data"]).decode()


def a_note(**changes: Any) -> Note:
    return response_note(a_filled(**changes), NAMES)


def test_it_says_scores_with_ranges_and_whose_they_are() -> None:
    text = a_note().text

    assert "SRS total: 36.3 (0 to 40)" in text
    assert "Session of 2026-03-02, session 7." in text
    assert "the client's own marks on a questionnaire, no diagnosis" in text


@pytest.mark.parametrize(
    ("form", "whose"), [("wai-sr-therapist", "the therapist's own"), ("cors-carer", "a carer's own")]
)
def test_it_says_whose_marks_they_are(form: str, whose: str) -> None:
    instrument = builtin_instruments()[form]

    assert whose in a_note(instrument=instrument, answers=complete_answers(instrument)).text


def test_own_words_never_stand_in_it() -> None:
    instrument = builtin_instruments()["session-check-in-client"]
    answers = complete_answers(instrument)
    words = [value for value in answers.values() if isinstance(value, str) and " " in value]

    note = a_note(instrument=instrument, answers=answers)

    assert words
    assert not [one for one in words if one in note.text]


def test_a_provisional_form_says_so() -> None:
    form = replace(a_filled().instrument, status="provisional", status_reason="its keys are not certain")

    text = response_note(replace(a_filled(), instrument=form), NAMES).text

    assert "Provisional instrument: its keys are not certain" in text


def test_the_document_holds_the_text_as_base64_and_our_identifier() -> None:
    document = to_document(a_note(), NAMES)

    assert text_of(document) == a_note().text
    assert document["identifier"] == [{"system": NAMES.identifier("note"), "value": "r-7"}]
    assert document["context"]["period"] == {"start": "2026-03-02", "end": "2026-03-02"}


def test_an_amendment_that_overwrites_has_the_same_identifier() -> None:
    document = to_document(a_note(version=2, status="amended"), NAMES)

    assert document["id"] == "r-7"
    assert document["docStatus"] == "amended"
    assert "relatesTo" not in document


def test_an_amendment_beside_the_former_note_says_what_it_replaces() -> None:
    note = response_note(a_filled(version=2, status="amended"), NAMES, replaces="r-7")
    document = to_document(note, NAMES)

    assert document["id"] == "r-7.v2"
    assert document["relatesTo"][0]["target"] == {"reference": "DocumentReference/r-7"}
    assert "replaces the note https://alliance.example/fhir/identifier/note|r-7" in text_of(document)


def test_a_withdrawal_that_overwrites_is_entered_in_error_without_scores() -> None:
    document = to_document(a_note(version=2, status="entered-in-error"), NAMES)

    assert (document["status"], document["docStatus"]) == ("entered-in-error", "entered-in-error")
    assert "36.3" not in text_of(document)


def test_a_withdrawal_beside_the_former_note_is_a_current_note() -> None:
    note = response_note(a_filled(version=2, status="entered-in-error"), NAMES, replaces="r-7")

    assert to_document(note, NAMES)["status"] == "current"
    assert "withdraws the note" in note.text


def test_an_ehr_that_wants_no_author_and_no_links_gets_none() -> None:
    shape = NoteShape(content_type="text/plain", author=False, relates_to=False)
    note = response_note(a_filled(version=2, status="amended"), NAMES, replaces="r-7")
    document = to_document(note, NAMES, shape)

    assert not document.keys() & {"author", "relatesTo"}
    assert document["content"][0]["attachment"]["contentType"] == "text/plain"


def test_a_draft_stays_a_draft_when_amended() -> None:
    shape = NoteShape(doc_status="preliminary")

    assert to_document(a_note(version=2, status="amended"), NAMES, shape)["docStatus"] == "preliminary"


def test_a_communication_carries_the_text_as_its_payload() -> None:
    communication = to_communication(a_note(), NAMES)

    assert communication["payload"] == [{"contentString": a_note().text}]
    assert communication["status"] == "completed"


def test_an_alert_says_possible_strain_and_never_a_rupture_found() -> None:
    note = alert_note(an_alert(), NAMES)

    assert note.text.startswith("Possible strain in the alliance: open\n")
    assert "neither that there is a rupture nor that there is none" in note.text


def test_a_withdrawn_alert_overwrites_its_note_as_entered_in_error() -> None:
    note = alert_note(an_alert(version=2, status="withdrawn"), NAMES)

    assert to_document(note, NAMES)["status"] == "entered-in-error"
