"""A response as /v1 shows it: the receipt of recording it, and everything that is stored of it."""

from collections.abc import Sequence

from fhir_mappings.filled import Score
from fhir_mappings.prompts import CheckInPrompt
from service.api.v1.shown_alert import show_alert
from service.flows.new_response import Recorded

Json = dict[str, object]


def show_receipt(recorded: Recorded) -> Json:
    """Return what recording or correcting a response gave.

    ``scores`` holds every score of the instrument in its own points, null where it has no value.
    """
    filled = recorded.filled
    return {
        "id": filled.id,
        "version": filled.version,
        "instrument": filled.instrument.id,
        "perspective": filled.instrument.perspective,
        "complete": recorded.complete,
        "scores": show_scores(filled.scores),
        "check_in_prompts": show_prompts(recorded.prompts),
        "alerts": [show_alert(row) for row in recorded.alerts],
        "deliveries": list(recorded.deliveries),
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
        "answers": dict(filled.answers.values),
        "updated_at": filled.last_updated,
    }


def show_scores(scores: Sequence[Score]) -> Json:
    """Return score id -> value, null where the missing-item rule gives none."""
    return {score.id: score.value for score in scores}


def show_prompts(prompts: Sequence[CheckInPrompt]) -> list[Json]:
    """Return the cut-offs that were crossed; ``item`` is null for one about a score."""
    return [{"rule": prompt.rule, "item": prompt.item, "score": prompt.score} for prompt in prompts]
