"""A rupture alert, and a watch point beside it, as /v1 shows them."""

from collections.abc import Mapping

from fhir_mappings import json_text
from service.alliance.guidance import guidance_in, offer_for
from service.api.v1.shown_end import show_end_or_none
from service.api.v1.shown_guidance import show_offer
from service.api.v1.shown_words import show_context, show_words
from service.flows.act_on_alert import AlertWithActs
from service.flows.alert_evidence import fallen_of, level_of
from service.flows.list_alerts import WatchPoint
from service.flows.read_alert import AlertInContext
from service.store.alert_acts import ActRow
from service.store.alerts import AlertRow
from service.store.treatment_ends import TreatmentEnd

Json = dict[str, object]


def show_alert(row: AlertRow) -> Json:
    """Return one alert; ``evidence`` in the order of the dyad's ratings, figures as they were stored."""
    return {
        "id": row.id,
        "version": row.version,
        "patient": row.patient,
        "therapist": row.therapist or None,
        "status": row.status,
        "score_course": row.score_course,
        "severity": row.severity,
        "live": row.live,
        "historical": row.historical,
        "session_number": row.session_number,
        "session_date": row.session_date,
        "response": row.opened_by,
        "raised_at": row.raised_at,
        "updated_at": row.updated_at,
        "type": row.type,
        "type_source": row.type_source,
        "rule": row.rule,
        "method": row.method,
        "norms": row.norms,
        "text": row.text,
        "supported": row.supported,
        "owner": row.owner,
        "dismissal": row.dismissal,
        "follows": row.follows,
        "evidence": [_show_evidence(one) for one in json_text.loads(row.evidence)],
    }


def show_listed_alert(row: AlertRow, ends: Mapping[int, TreatmentEnd]) -> Json:
    """Return one alert of a list; ``ends`` are the ends of treatment that stand, by the row of the dyad."""
    return show_alert(row) | {"treatment_end": show_end_or_none(ends.get(row.dyad_row))}


def _show_evidence(seen: Json) -> Json:
    """Return one entry as it was stored, with what kind of sign it is."""
    now = seen.get("now")
    shown = {"level": level_of(seen)} | seen
    return shown | {"now": {"level": level_of(now)} | now} if isinstance(now, dict) else shown


def show_alert_with_acts(found: AlertWithActs) -> Json:
    """Return one alert with what people did about it, in their words too."""
    return show_alert(found.alert) | {
        "acts": [_show_act(one) for one in found.acts],
        "shown_severity": found.shown_severity,
        "missed_since": found.missed,
        "treatment_end": show_end_or_none(found.end),
        "own_words": [show_words(one) for one in found.words],
    }


def show_alert_in_full(found: AlertWithActs, language: str | None) -> Json:
    """Return one alert with what people did about it and the guidance that fits."""
    offer = offer_for(guidance_in(language), fallen_of(found.alert), found.approach)
    return show_alert_with_acts(found) | {"guidance": show_offer(offer)}


def show_alert_in_context(read: AlertInContext, language: str | None) -> Json:
    """Return one alert in full, with what stands beside it."""
    context = [show_context(line) for line in read.context]
    return show_alert_in_full(read.found, language) | {"context": context}


def _show_act(row: ActRow) -> Json:
    act, _, outcome = row.act.partition("resolve-")
    return {
        "act": "resolve" if outcome else act,
        "version": row.alert_version,
        "by": row.by_person,
        "at": row.at,
        "step": row.step,
        "outcome": outcome or None,
        "reason": row.reason,
        "text": row.words,
    }


def show_watch_point(point: WatchPoint) -> Json:
    """Return a rating in the tier *watch*: no alert, so it has no id, status or version."""
    row = point.rating
    return {
        "patient": row.patient,
        "therapist": row.therapist or None,
        "severity": "watch",
        "session_number": row.session_number,
        "session_date": row.session_date,
        "response": row.id,
        "updated_at": row.believed_from,
        "historical": row.historical,
        "type": "unknown",
        "type_source": "none",
        "rule": point.rule,
        "method": point.method,
        "norms": point.norms,
        "evidence": [_show_evidence(point.evidence)],
    }
