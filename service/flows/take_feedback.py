"""Take what people did with cards in the EHR: it moves the alert, by the one lifecycle of all acts.

A card stands for the version of an alert that its reader saw. Where the alert moved on meanwhile the answer
is kept and moves nothing: nobody dismisses what they were not shown. So the same feedback may come again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fhir_mappings.errors import Fault
from service.clock import as_instant
from service.errors import FaultsInRequest, NotFound, StaleVersion, WrongState
from service.flows.act_on_alert import PersonsAct, act_on_alert
from service.flows.deployment import Access, Deployment
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.cards import CardRow, find_cards_by_id, settle_card
from service.store.lost_races import repeat_lost_races

OK = 200
Outcome = Literal["accepted", "overridden"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody did with one card. ``reason`` is a code of our dismissal reasons, ``words`` their own.

    A card overridden without a reason of ours is put away, and its alert stays as it is.
    """

    card: str
    outcome: Outcome
    reason: str | None = None
    words: str | None = None


def take_feedback(deployment: Deployment, feedback: Sequence[Feedback], access: Access) -> None:
    """Act on the alerts behind these cards, and do not show the cards again.

    Raises ``FaultsInRequest``, with nothing changed, where a card was never given to this caller.
    """
    for one, card in _with_cards(deployment, feedback, access):
        done = _act(one, card.person)
        if done is not None and card.alert_id is not None:
            _act_where_it_stands(deployment, card, done, access)
        _settle(deployment, card, one.outcome, access)


def _with_cards(
    deployment: Deployment, feedback: Sequence[Feedback], access: Access
) -> list[tuple[Feedback, CardRow]]:
    with deployment.database.read() as tx:
        known = find_cards_by_id(tx, access.clinic, {one.card for one in feedback})
    faults = [
        Fault(f"feedback[{place}].card", "unknown-card", "No such card was given.")
        for place, one in enumerate(feedback)
        if one.card not in known or not _is_theirs(known[one.card], access)
    ]
    if faults:
        raise FaultsInRequest(faults)
    return [(one, known[one.card]) for one in feedback]


def _is_theirs(card: CardRow, access: Access) -> bool:
    """Tell whether a caller may answer a card: the EHR all of them, a person their own."""
    if access.person is None:
        return access.sight.is_whole
    return card.person in (access.person, *access.also)


def _act(one: Feedback, person: str) -> PersonsAct | None:
    if one.outcome == "accepted":
        return PersonsAct("acknowledge", person)
    return PersonsAct("dismiss", person, reason=one.reason, words=one.words) if one.reason else None


def _act_where_it_stands(deployment: Deployment, card: CardRow, done: PersonsAct, access: Access) -> None:
    try:
        act_on_alert(deployment, card.alert_id or "", card.alert_version, done, access)
    except (StaleVersion, WrongState, NotFound):
        return  # it moved on, or was withdrawn, since the card was read


@repeat_lost_races
def _settle(deployment: Deployment, card: CardRow, outcome: Outcome, access: Access) -> None:
    now = as_instant(deployment.clock())
    with deployment.database.write() as tx:
        settle_card(tx, card, outcome, now)
        add_audit(tx, audit_row(access, now, OK, card.id, card.alias_row))
