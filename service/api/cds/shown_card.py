"""A card as an EHR shows it: cds-hooks.hl7.org/2.0, "Card Attributes"."""

import re
from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid5

from fhir_mappings import json_text
from fhir_mappings.alert_note import CAUTION
from fhir_mappings.vocabulary import DISMISSAL_REASON_TERMS
from service.alliance.card_wording import due_line, due_summary, overdue_summary, strain_summary
from service.alliance.session_names import SessionName
from service.flows.deployment import Deployment
from service.flows.find_cards import Card, DueCard, StrainCard
from service.flows.find_due import DyadDue
from service.store.alerts import AlertRow

Json = dict[str, object]
SOURCE = "Therapeutic alliance"
SEEN = "I have seen this"
_PLAN = "By the clinic's measuring plan; it says nothing about how the work together goes."
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~&])")


def show_cards(cards: Sequence[Card], deployment: Deployment) -> Json:
    """Return the answer to a hook."""
    return {"cards": [show_card(one, deployment) for one in cards]}


def show_card(card: Card, deployment: Deployment) -> Json:
    """Return one card: never *critical*, and without anybody's name or own words."""
    shown = _strain(card, deployment) if isinstance(card, StrainCard) else _due(card, deployment)
    seen = {"label": SEEN, "uuid": suggestion_id(card.id)}
    return {
        "uuid": card.id,
        **shown,
        "source": {"label": SOURCE},
        "suggestions": [seen],
        "selectionBehavior": "at-most-one",
        **_links(card, deployment),
    }


def suggestion_id(card_id: str) -> str:
    """Return the id of a card's one suggestion."""
    return str(uuid5(UUID(card_id), "seen"))


def _strain(card: StrainCard, deployment: Deployment) -> Json:
    alert, severity = card.found.alert, card.found.shown_severity
    session = SessionName(alert.session_number, date.fromisoformat(alert.session_date))
    return {
        "summary": strain_summary(session, severity, alert.news),
        "detail": _strain_detail(alert),
        "indicator": "warning" if severity == "marked" else "info",
        "overrideReasons": [
            {
                "system": deployment.names.vocabulary(DISMISSAL_REASON_TERMS.id),
                "code": term.code,
                "display": term.display,
            }
            for term in DISMISSAL_REASON_TERMS.terms
        ],
    }


def _strain_detail(alert: AlertRow) -> str:
    basis = f"Rule {alert.rule}, method {alert.method}, norms {alert.norms}."
    return "\n\n".join((_plain(alert.text), f"**What it does not mean.** {_plain(CAUTION)}", _plain(basis)))


def _due(card: DueCard, deployment: Deployment) -> Json:
    titles = [_title(one, deployment) for one in card.due]
    summary = due_summary(titles) if card.told == "at-session" else overdue_summary(titles)
    lines = [f"- {_plain(_due_line(one, deployment))}" for one in card.due]
    return {"summary": summary, "detail": "\n".join((*lines, "", _PLAN)), "indicator": "info"}


def _due_line(one: DyadDue, deployment: Deployment) -> str:
    due = one.due
    return due_line(_title(one, deployment), due.window.first, due.window.last, due.last_rated)


def _title(one: DyadDue, deployment: Deployment) -> str:
    return deployment.known[one.due.instrument].short_title


def _links(card: Card, deployment: Deployment) -> Json:
    url = deployment.settings.card_page
    if url is None:
        return {}
    context = {"alert": card.found.alert.id} if isinstance(card, StrainCard) else {}
    told = json_text.dumps(context).decode()
    link = {"label": "Open the alliance page", "url": url, "type": "smart", "appContext": told}
    return {"links": [link]}


def _plain(text: str) -> str:
    """Return a text that Markdown shows as it is: forms may be named by a clinic."""
    return _MARKDOWN.sub(r"\\\1", text)
