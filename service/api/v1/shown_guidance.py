"""The guidance as /v1 shows it: offers from practice, a draft while no clinician has reviewed them."""

from service.alliance.guidance import Guidance, Offer, Way

Json = dict[str, object]


def show_offer(offer: Offer) -> Json:
    """Return what goes with one alert."""
    return {
        "language": offer.language,
        "status": offer.status,
        "note": offer.note,
        "steps": list(offer.steps),
        "part": offer.part,
        "questions": list(offer.questions),
        "approach": offer.approach,
    }


def show_session_guidance(guidance: Guidance, offer: Offer) -> Json:
    """Return what is offered around one session, by phase, and the part of it that ``offer`` is about."""
    return {
        "language": guidance.language,
        "status": guidance.status,
        "note": guidance.note,
        "phases": {phase: list(texts) for phase, texts in guidance.phases.items()},
        "prompts": list(guidance.prompts),
        "low_mark": guidance.low_mark,
        "full_marks": guidance.full_marks,
        "part": offer.part,
        "questions": list(offer.questions) if offer.part else [],
        "approach": offer.approach,
        "ways": [_way(way) for way in guidance.ways],
        "order": guidance.order,
    }


def show_supervision_guidance(guidance: Guidance) -> Json:
    """Return the questions to take into supervision."""
    return {
        "language": guidance.language,
        "status": guidance.status,
        "note": guidance.note,
        "questions": list(guidance.supervision),
        "tools": list(guidance.supervision_tools),
        "text": guidance.supervision_text,
    }


def _way(way: Way) -> Json:
    return {"title": way.title, "steps": list(way.steps)}
