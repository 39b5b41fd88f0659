"""A card as an EHR shows it: cds-hooks.hl7.org/2.0, "Card Attributes"."""

import re
from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid5

from fhir_mappings import json_text
from fhir_mappings.vocabulary import DISMISSAL_REASON_TERMS
from service.alliance.card_wording import due_line, due_summary, overdue_summary, strain_summary
from service.alliance.phrases import Phrases, phrases_in
from service.alliance.session_names import SessionName
from service.flows.deployment import Deployment
from service.flows.find_cards import Card, DueCard, StrainCard
from service.flows.find_due import DyadDue
from service.store.alerts import AlertRow

Json = dict[str, object]
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~&])")


def show_cards(cards: Sequence[Card], deployment: Deployment, language: str | None = None) -> Json:
    """Return the answer to a hook, in the clinic's language, else in this one."""
    phrases = phrases_in(deployment.settings.language or language)
    return {"cards": [show_card(one, deployment, phrases) for one in cards]}


def show_card(card: Card, deployment: Deployment, phrases: Phrases) -> Json:
    """Return one card: never *critical*, and without anybody's name or own words."""
    if isinstance(card, StrainCard):
        shown = _strain(card, deployment, phrases)
    else:
        shown = _due(card, deployment, phrases)
    seen = {"label": phrases.say("card", "seen"), "uuid": suggestion_id(card.id)}
    return {
        "uuid": card.id,
        **shown,
        "source": {"label": phrases.say("card", "source")},
        "suggestions": [seen],
        "selectionBehavior": "at-most-one",
        **_links(card, deployment, phrases),
    }


def suggestion_id(card_id: str) -> str:
    """Return the id of a card's one suggestion."""
    return str(uuid5(UUID(card_id), "seen"))


def _strain(card: StrainCard, deployment: Deployment, phrases: Phrases) -> Json:
    alert, severity = card.found.alert, card.found.shown_severity
    session = SessionName(alert.session_number, date.fromisoformat(alert.session_date))
    ended = date.fromisoformat(card.found.end.ended_on) if card.found.end else None
    return {
        "summary": strain_summary(session, severity, alert.news, phrases.language, ended=ended),
        "detail": _strain_detail(alert, phrases),
        "indicator": "warning" if severity == "marked" else "info",
        "overrideReasons": [
            {
                "system": deployment.names.vocabulary(DISMISSAL_REASON_TERMS.id),
                "code": term.code,
                "display": phrases.say("reasons", term.code),
            }
            for term in DISMISSAL_REASON_TERMS.terms
        ],
    }


def _strain_detail(alert: AlertRow, phrases: Phrases) -> str:
    means_not, caution = (phrases.say("card", key) for key in ("means_not", "caution"))
    basis = phrases.say("card", "basis", rule=alert.rule, method=alert.method, norms=alert.norms)
    return "\n\n".join((_plain(alert.text), f"**{means_not}** {_plain(caution)}", _plain(basis)))


def _due(card: DueCard, deployment: Deployment, phrases: Phrases) -> Json:
    titles, language = [_title(one, deployment) for one in card.due], phrases.language
    at_session = card.told == "at-session"
    summary = due_summary(titles, language) if at_session else overdue_summary(titles, language)
    lines = [f"- {_plain(_due_line(one, deployment, language))}" for one in card.due]
    detail = "\n".join((*lines, "", phrases.say("card", "plan")))
    return {"summary": summary, "detail": detail, "indicator": "info"}


def _due_line(one: DyadDue, deployment: Deployment, language: str) -> str:
    due = one.due
    return due_line(_title(one, deployment), due.window.first, due.window.last, due.last_rated, language)


def _title(one: DyadDue, deployment: Deployment) -> str:
    return deployment.known[one.due.instrument].short_title


def _links(card: Card, deployment: Deployment, phrases: Phrases) -> Json:
    url = deployment.settings.card_page
    if url is None:
        return {}
    context = {"alert": card.found.alert.id} if isinstance(card, StrainCard) else {}
    told = json_text.dumps(context).decode()
    label = phrases.say("card", "open_page")
    return {"links": [{"label": label, "url": url, "type": "smart", "appContext": told}]}


def _plain(text: str) -> str:
    """Return a text that Markdown shows as it is: forms may be named by a clinic."""
    return _MARKDOWN.sub(r"\\\1", text)
