"""A session brief and a supervision digest as /v1 shows them."""

from service.alliance.guidance import guidance_in, offer_for
from service.api.v1.shown_alert import show_alert_in_full, show_alert_with_acts
from service.api.v1.shown_end import show_end_or_none
from service.api.v1.shown_guidance import show_session_guidance, show_supervision_guidance
from service.api.v1.shown_trend import (
    show_change,
    show_due,
    show_lowest,
    show_missed,
    show_point,
    show_range,
    show_window,
)
from service.api.v1.shown_words import show_context, show_words
from service.flows.brief_session import BriefMeasure, LowestAt, SessionBrief
from service.flows.digest_caseload import Overdue, SupervisionDigest

Json = dict[str, object]


def show_brief(brief: SessionBrief, patient: str, language: str | None) -> Json:
    """Return a brief; its texts are in the language asked for, those of alerts in the clinic's."""
    guidance = guidance_in(language)
    offer = offer_for(guidance, brief.fallen, brief.approach)
    return {
        "patient": patient,
        "therapist": brief.sessions.therapist or None,
        "as_of": brief.as_of,
        "sessions_attended": brief.sessions.attended,
        "measures": [_measure(one) for one in brief.measures],
        "context": [show_context(line) for line in brief.context],
        "alerts": [show_alert_in_full(one, language) for one in brief.alerts],
        "due": [show_due(one) for one in brief.due],
        "missed_sessions": [show_missed(row) for row in brief.missed],
        "treatment_end": show_end_or_none(brief.sessions.end),
        "own_words": [show_words(one) for one in brief.words],
        "guidance": show_session_guidance(guidance, offer),
    }


def _measure(one: BriefMeasure) -> Json:
    trend = one.series.trend
    return {
        "instrument": one.series.instrument.id,
        "perspective": one.series.instrument.perspective,
        "role": one.series.instrument.role,
        "last": show_point(one.last),
        "previous": None if one.previous is None else show_point(one.previous),
        "change": show_change(trend.last_to_this),
        "direction": None if trend.slope is None else trend.slope.direction,
        "usual_next": None if trend.usual_next is None else show_range(trend.usual_next),
        "lowest_item": show_lowest(one.series),
        "lowest_items": [_lowest_at(one, at) for at in one.lowest],
        "notes": list(trend.notes),
    }


def _lowest_at(one: BriefMeasure, at: LowestAt) -> Json:
    items = one.series.instrument.item_by_link_id
    return {
        "session_number": at.point.rating.session_number,
        "session_date": at.point.rating.session_date,
        "response": at.point.rating.id,
        "items": [{"item": item, "name": items[item].text} for item in at.items],
    }


def show_digest(digest: SupervisionDigest, language: str | None) -> Json:
    """Return a digest; it has neither counts nor comparisons."""
    return {
        "therapist": digest.therapist,
        "as_of": digest.as_of,
        "attention": [show_alert_with_acts(one) for one in digest.attention],
        "unanswered": [show_alert_with_acts(one) for one in digest.unanswered],
        "under_way": [show_alert_with_acts(one) for one in digest.under_way],
        "resolved": [show_alert_with_acts(one) for one in digest.resolved],
        "overdue": [_overdue(one) for one in digest.overdue],
        "guidance": show_supervision_guidance(guidance_in(language)),
    }


def _overdue(one: Overdue) -> Json:
    return {
        "patient": one.patient,
        "measure": one.due.due.measure,
        "instrument": one.due.due.instrument,
        "last_rated_session": one.due.due.last_rated,
        "sessions": [show_window(window) for window in one.windows],
    }
