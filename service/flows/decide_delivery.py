"""A person's word about a parked delivery: send it again; or, it is in the EHR under an id they looked up."""

from dataclasses import dataclass

from fhir_mappings.errors import Fault
from service.ehr.places import Place, parse_location
from service.errors import FaultsInRequest, NotFound
from service.flows.find_given_up import doubts_in
from service.flows.plan_parts import TRANSACTION
from service.flows.settle_unknown import ONLY_SOME, Finding, Places, entries_at, places_of
from service.ledger import State
from service.store.chart import ChartEntry, forget_versions
from service.store.database import Tx
from service.store.deliveries import DeliveryDetail, DeliveryRow, get_delivery
from service.store.delivery_acts import confirm, own_reference, retry
from service.store.given_up import LEFT_TWICE, LEFT_UNSEEN, left_by_earlier
from service.store.parts import PartRow

_OPEN = (State.REJECTED, State.UNKNOWN, State.HELD)


def retry_delivery(
    tx: Tx, clinic: str, delivery_id: str, now: str, *, version: int | None = None, not_there: bool = False
) -> DeliveryRow:
    """Release a parked delivery, or make a pending one due at once.

    One that was parked since somebody changed its resource in the EHR overwrites that: the person says so.
    Raises ``NotFound``, ``StaleVersion``, ``WrongState``, and ``FaultsInRequest`` where ``not_there`` must be
    said.
    """
    detail = get_delivery(tx, clinic, delivery_id)
    released = retry(tx, clinic, delivery_id, now, version=version, not_there=not_there)
    if detail is not None:
        forget_versions(tx, clinic, released.ehr, _changed_there(detail), now)
    return released


def _changed_there(detail: DeliveryDetail) -> set[str]:
    """Return our references of what somebody else changed in the EHR."""
    return {
        logical
        for part in detail.parts
        if part.state is State.REJECTED
        and any(one.outcome == Finding.CHANGED for one in detail.attempts.get(part.row, ()))
        for logical in places_of(part, [])
    }


def confirm_delivery(
    tx: Tx,
    clinic: str,
    delivery_id: str,
    ehr_reference: str,
    now: str,
    *,
    version: int | None = None,
) -> DeliveryRow:
    """Record that the parked part of a delivery is in the EHR as ``Type/id`` or ``id``; go on with the rest.

    A version behind it (``/_history/3``) is no part of their word: what is there is looked at before it is
    changed. For a transaction, and where nothing was planned, the reference is the response's (the alert's);
    of the scores that went with it we then know only that they are there, unless a search found some of them:
    the others are planned anew. Where an earlier version was given up and may be there, it is that one that
    the person found, and this one changes it. Raises ``NotFound``, ``StaleVersion``,
    ``WrongState``, and ``FaultsInRequest`` for a reference that is none or of another type.
    """
    detail = get_delivery(tx, clinic, delivery_id)
    if detail is None:
        raise NotFound("There is no such delivery.")
    parked = _parked(tx, clinic, detail)
    logical = own_reference(detail.delivery)
    if parked.part and parked.part.logical != TRANSACTION:
        logical = parked.part.logical
    entries = _entries(parked, logical, _place(ehr_reference, logical))
    return confirm(tx, clinic, delivery_id, entries, now, version=version, plans_rest=parked.plans_rest)


@dataclass(frozen=True, slots=True)
class _Parked:
    """What a person's word is about: a part, None where none was planned, of a version of the subject.

    ``whole``: all that the part sent is there then. ``plans_rest``: what is missing is planned anew.
    """

    part: PartRow | None
    our_version: int
    whole: bool
    plans_rest: bool


def _parked(tx: Tx, clinic: str, detail: DeliveryDetail) -> _Parked:
    one = detail.delivery
    if one.reason in (LEFT_UNSEEN, LEFT_TWICE):
        subject = (one.subject_kind, one.subject_id)
        former = left_by_earlier(tx, clinic, one.ehr, *subject, before=one.subject_version)
        left = doubts_in(tx, clinic, one.ehr, former)
        if left:
            return _Parked(left[0].part, left[0].our_version, whole=True, plans_rest=True)
    part = next((part for part in detail.parts if part.state in _OPEN), None)
    if part is not None:
        some = part.reason.startswith(ONLY_SOME)
        return _Parked(part, one.subject_version, whole=not some, plans_rest=some)
    # CAUTION: a held delivery may have parts that would still be sent, beside what the person found.
    part = next((part for part in detail.parts if part.state is State.PENDING), None)
    return _Parked(part, one.subject_version, whole=False, plans_rest=part is not None)


def _place(ehr_reference: str, logical: str) -> Place:
    wanted = logical.partition("/")[0]
    place = parse_location(ehr_reference if "/" in ehr_reference else f"{wanted}/{ehr_reference}")
    if place is None or place.resource_type != wanted:
        sentence = f"must be a reference to a {wanted}, such as {wanted}/123"
        raise FaultsInRequest([Fault("ehr_reference", "wrong-reference", sentence)])
    # CAUTION: with a version the next update would not look whether what is there is ours.
    return Place(place.resource_type, place.id)


def _entries(parked: _Parked, logical: str, place: Place) -> list[ChartEntry]:
    known: Places = {}
    if parked.part and parked.part.body and parked.whole:
        known = places_of(parked.part, [])
    return entries_at({**known, logical: place}, parked.our_version)
