"""A response as /v1 shows it: the receipt of recording it, and everything that is stored of it."""

from collections.abc import Sequence

from fhir_mappings.filled import Filled, Score
from fhir_mappings.instrument import ChoiceItem, Instrument
from fhir_mappings.prompts import CheckInPrompt, CrossedCutOff
from service.api.v1.shown_alert import show_alert
from service.flows.new_response import Recorded

Json = dict[str, object]


def show_receipt(recorded: Recorded) -> Json:
    """Return what recording or correcting a response gave.

    ``scores`` holds every score of the instrument in its own points, null where it has no value;
    ``score_basis`` says of each how many of its items were answered.
    """
    filled = recorded.filled
    return {
        "id": filled.id,
        "version": filled.version,
        "instrument": filled.instrument.id,
        "perspective": filled.instrument.perspective,
        "complete": recorded.complete,
        "scores": show_scores(filled.scores),
        "score_basis": {one.id: _basis(one) for one in filled.scores},
        "derived_scores": {one.instrument.id: show_scores(one.scores) for one in recorded.derived},
        "provisional": provisional(filled.instrument),
        "straight_lined": recorded.straight_lined,
        "check_in_prompts": show_prompts(recorded.prompts),
        "clinical_range": show_limits(recorded.clinical_range),
        "alerts": [show_alert(row) for row in recorded.alerts],
        "deliveries": list(recorded.deliveries),
        "shared_identifier": recorded.shared_identifier,
    }


def show_response(recorded: Recorded) -> Json:
    """Return the receipt with what was sent and the response's status; answers as given, blanks left out."""
    filled = recorded.filled
    return show_receipt(recorded) | {
        "status": filled.status,
        "instrument_version": filled.instrument.version,
        "patient": filled.patient,
        "therapist": filled.therapist,
        "respondent": filled.source,
        "recorded_by": filled.author,
        "encounter": filled.encounter,
        "session_number": filled.session_number,
        "session_date": filled.session_date,
        "authored": filled.authored,
        "language": filled.language,
        "identifier": None if filled.identifier is None else str(filled.identifier),
        "answers": show_answers(filled),
        "updated_at": filled.last_updated,
    }


def show_scores(scores: Sequence[Score]) -> Json:
    """Return score id -> value, null where the missing-item rule gives none."""
    return {score.id: score.value for score in scores}


def show_prompts(prompts: Sequence[CheckInPrompt]) -> list[Json]:
    """Return the cut-offs that were crossed; ``item`` is null for one about a score."""
    return [{"rule": prompt.rule, "item": prompt.item, "score": prompt.score} for prompt in prompts]


def show_limits(crossed: Sequence[CrossedCutOff]) -> list[Json]:
    """Return the published limits of a measure that were crossed and are no prompts."""
    return [{"limit": one.cut_off.id, "score": one.score, "value": one.cut_off.value} for one in crossed]


def show_answers(filled: Filled) -> Json:
    """Return link id -> answer as it was sent, in form order, blanks left out; several choices as a list."""
    given = filled.answers.by_link_id
    single = {
        item.link_id
        for item in filled.instrument.all_items
        if isinstance(item, ChoiceItem) and not item.several
    }
    shown: Json = {}
    for item in filled.instrument.all_items:
        answer = given.get(item.link_id)
        if isinstance(answer, tuple):
            shown[item.link_id] = answer[0] if item.link_id in single else list(answer)
        elif answer is not None:
            shown[item.link_id] = answer
    return shown


def provisional(instrument: Instrument) -> str | None:
    """Return why an instrument's scores are provisional, None where they are not."""
    return instrument.status_reason if instrument.status == "provisional" else None


def _basis(score: Score) -> Json:
    return {"answered": score.answered, "of": score.of, "prorated": score.prorated}
