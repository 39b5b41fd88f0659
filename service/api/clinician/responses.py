"""The page of one filled form, as it was answered."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from fhir_mappings.filled import Filled
from fhir_mappings.instrument import AnyItem, ChoiceItem, Instrument, Item
from fhir_mappings.worded import worded
from fhir_mappings.words import best_words
from service.alliance.words import number
from service.api.browsers import PAGE
from service.api.clinician.dyad_view import NO_SCORE, session_words
from service.api.clinician.rendering import answer_page, language_of
from service.api.doors import Doors
from service.api.security import access_of
from service.flows.alert_evidence import decimal_places
from service.flows.form_link import words_of_form
from service.flows.patient_references import reference_here
from service.flows.read_response import read_response

RESPONSE = f"{PAGE}/responses/{{response_id}}"
ResponseId = Annotated[str, Path(max_length=64)]


def add_responses(router: APIRouter, doors: Doors) -> None:
    """Add the page of a response."""
    deployment = doors.deployment

    @router.get(RESPONSE)
    def show(request: Request, response_id: ResponseId) -> Response:
        """Show answers and scores of the current version."""
        access = access_of(request, "R")
        recorded = read_response(deployment, response_id, access)
        filled = recorded.filled
        doors.audit_read(access, response_id, patients=[filled.patient])
        places = decimal_places(filled.instrument)
        shown = _worded(filled, language_of(request, deployment.settings))
        titles = {rule.id: rule.title for rule in shown.scores}
        return answer_page(
            request,
            deployment.settings,
            "response.html",
            filled=filled,
            shown=shown,
            patient=reference_here(filled.patient, deployment.settings),
            therapist=reference_here(filled.therapist, deployment.settings) if filled.therapist else "",
            session=session_words(filled.session_number, filled.session_date or ""),
            answers=[] if filled.answers.total is not None else list(_answers(filled, shown)),
            scores=[
                (titles[one.id], NO_SCORE if one.value is None else number(float(one.value), places))
                for one in filled.scores
                if one.id in titles
            ],
        )


def _worded(filled: Filled, language: str) -> Instrument:
    """Return the form in the words in which it was asked, in this language where it has them."""
    instrument = filled.instrument
    return worded(instrument, best_words(words_of_form(instrument, filled.wording), language))


def _answers(filled: Filled, shown: Instrument) -> Iterator[tuple[str, str, str]]:
    """Yield each item with its answer in words ('' where blank), and the range of a mark."""
    given = filled.answers.by_link_id
    for item in shown.all_items:
        yield item.text, _told(item, given.get(item.link_id)), _range(item)


def _told(item: AnyItem, answer: object) -> str:
    if answer is None:
        return ""
    if isinstance(answer, bool):
        return "✓" if answer else "✗"
    if isinstance(item, ChoiceItem) and isinstance(answer, tuple):
        names = {one.code: one.display for one in item.options.options}
        return ", ".join(str(names.get(code, code)) for code in answer)
    return str(answer)


def _range(item: AnyItem) -> str:
    return f"{item.minimum}\N{EN DASH}{item.maximum}" if isinstance(item, Item) else ""
