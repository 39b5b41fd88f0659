"""Find what an EHR may tell somebody who opens a chart: a possible strain, a form that is due, or nothing.

A card comes unasked, so it is told to fewer than those who may ask: to the dyad's own therapist, and to those
whom the clinic named, to these not where the patient is not to be shared. It leaves for the EHR, so nothing
is told of a patient of whom nothing may be written there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID, uuid5

from fhir_mappings import json_text
from fhir_mappings.alert_states import UNDER_WAY
from service.clock import as_instant
from service.flows.act_on_alert import AlertWithActs, with_acts
from service.flows.deployment import Access, Deployment
from service.flows.dyad_sessions import sort_sessions
from service.flows.find_due import DyadDue, find_due
from service.flows.keep_in_sight import sight_of_patient
from service.store.alerts import AlertRow, alerts_of_patient
from service.store.attendance import attendance_of_patient
from service.store.cards import CardRow, add_card, find_cards_by_id
from service.store.database import Tx
from service.store.disclosures import Disclosure, read_disclosure
from service.store.lost_races import repeat_lost_races
from service.store.merges import joined_keys
from service.store.patient_ratings import ratings_of_patient
from service.store.patients import Alias, alias_rows, find_alias, own_key_of
from service.store.roles import references_of
from service.store.sight import Part, Sight

_CARD_IDS = UUID("0b6f4c52-5e0e-5d1f-9a55-3f6d0f4b7c21")
# What a version of an alert tells anew, so that it is worth a card although somebody took the alert.
_NEWS = frozenset({"raised", "again"})
# Who was not rated for longer is most likely not seen any more; nothing of theirs is overdue.
_STILL_SEEN = timedelta(days=56)
# at-session: what the coming session wants.  overdue: what was wanted in one that went by.
DueTold = Literal["at-session", "overdue", "none"]


@dataclass(frozen=True, slots=True)
class CardQuery:
    """For whom cards are wanted: ``user`` opens the chart of ``patient``; references as kept here."""

    user: str
    patient: str
    due: DueTold


@dataclass(frozen=True, slots=True)
class StrainCard:
    """A possible strain; ``id`` is one for this version of the alert and this person."""

    id: str
    found: AlertWithActs


@dataclass(frozen=True, slots=True)
class DueCard:
    """Forms that one dyad should fill in; ``id`` is one for these windows and this person."""

    id: str
    due: tuple[DyadDue, ...]
    told: DueTold


Card = StrainCard | DueCard


@dataclass(frozen=True, slots=True)
class _Chart:
    """One patient's rows, in one transaction."""

    tx: Tx
    deployment: Deployment
    clinic: str
    patient_key: str
    aliases: tuple[int, ...]


def find_cards(deployment: Deployment, query: CardQuery, access: Access) -> tuple[Card, ...]:
    """Return the cards for somebody about a patient, strains first; a patient never seen here has none.

    What they answered by feedback does not come again. Those given are kept, so that feedback finds them.
    """
    with deployment.database.read() as tx:
        alias = find_alias(tx, access.clinic, query.patient)
        found = _find(tx, deployment, query, access, alias) if alias else ()
        known = find_cards_by_id(tx, access.clinic, [card.id for card in found])
    open_cards = tuple(card for card in found if card.id not in known or known[card.id].settled_at is None)
    fresh = [card for card in open_cards if card.id not in known]
    if fresh:
        return open_cards if _keep(deployment, query, access, fresh) else ()
    return open_cards


@repeat_lost_races
def _keep(deployment: Deployment, query: CardQuery, access: Access, cards: Sequence[Card]) -> bool:
    """Keep what is about to be given; False where the patient was erased meanwhile."""
    now = as_instant(deployment.clock())
    with deployment.database.write() as tx:
        alias = find_alias(tx, access.clinic, query.patient)
        for card in cards if alias else ():
            add_card(tx, _row(card, query, access, alias, now))
        return alias is not None


def _row(card: Card, query: CardQuery, access: Access, alias: Alias | None, now: str) -> CardRow:
    alert = card.found.alert if isinstance(card, StrainCard) else None
    return CardRow(
        clinic=access.clinic,
        id=card.id,
        alias_row=alias.row if alias else 0,
        person=query.user,
        alert_id=alert.id if alert else None,
        alert_version=alert.version if alert else None,
        shown_at=now,
    )


def _find(tx: Tx, deployment: Deployment, query: CardQuery, access: Access, alias: Alias) -> tuple[Card, ...]:
    own_keys = joined_keys(tx, access.clinic, own_key_of(tx, alias))
    disclosure = read_disclosure(tx, access.clinic, own_keys)
    if not disclosure.push:
        return ()
    aliases = alias_rows(tx, access.clinic, [query.patient])
    seen = sight_of_patient(
        tx, access.clinic, _sight(tx, deployment, query, access, disclosure), alias.patient_key
    )
    alerts = [
        StrainCard(
            _card_id("strain", row.id, str(row.version), query.user), with_acts(tx, row, deployment.known)
        )
        for row in alerts_of_patient(tx, access.clinic, aliases)
        if _is_news(row, disclosure) and seen.reaches(row.therapist)
    ]
    if query.due == "none":
        return tuple(alerts)
    return (
        *alerts,
        *_due_cards(_Chart(tx, deployment, access.clinic, alias.patient_key, tuple(aliases)), query, seen),
    )


def _sight(tx: Tx, deployment: Deployment, query: CardQuery, access: Access, disclosure: Disclosure) -> Sight:
    of_user = references_of(tx, access.clinic, query.user)
    if disclosure.share and set(of_user) & set(deployment.settings.cds_supervisors):
        return access.sight
    return access.sight.narrowed_by(Sight((Part(therapists=of_user),)))


def _is_news(row: AlertRow, disclosure: Disclosure) -> bool:
    """Tell whether an alert asks somebody to look who has not, of a session that may be told of."""
    may_be_told = not row.historical and row.session_date >= (disclosure.since or "")
    return (
        may_be_told and row.live and row.status in UNDER_WAY and (row.status == "open" or row.news in _NEWS)
    )


def _due_cards(chart: _Chart, query: CardQuery, seen: Sight) -> Iterator[DueCard]:
    ratings = ratings_of_patient(chart.tx, chart.clinic, chart.aliases)
    sessions = sort_sessions(ratings, attendance_of_patient(chart.tx, chart.clinic, chart.aliases))
    still = (chart.deployment.clock() - _STILL_SEEN).date().isoformat()
    by_therapist: dict[str, list[DyadDue]] = {}
    for one in find_due(chart.deployment, ratings, sessions):
        told = one.due.due_next if query.due == "at-session" else _is_overdue(one)
        lasts = query.due == "at-session" or sessions[one.therapist].last_date >= still
        if told and lasts and seen.reaches(one.therapist):
            by_therapist.setdefault(one.therapist, []).append(one)
    for therapist, due in by_therapist.items():
        windows = [f"{one.due.measure} {one.due.window.first} {one.due.last_rated}" for one in due]
        words = (query.due, chart.patient_key, therapist, query.user, *windows)
        yield DueCard(_card_id(*words), tuple(due), query.due)


def _is_overdue(one: DyadDue) -> bool:
    """Tell whether a rating was wanted in sessions that went by since the last one.

    A form that the dyad never filled in may be one that this clinic does not use.
    """
    last = one.due.last_rated
    return last is not None and any(window.first > last for window in one.due.missed)


def _card_id(*words: str) -> str:
    return str(uuid5(_CARD_IDS, json_text.dumps(words).decode()))
