"""What may be told about patients, and the deliveries that wait for another word."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, bindparam, insert, select, update

from service.ledger import Event, State, step
from service.store.database import Tx
from service.store.disclosure_tables import patient_disclosures
from service.store.tables import deliveries, patient_aliases

NOTHING_PUSHED = (
    "nothing about this patient may be written into the EHR; leaves by itself when that may be again"
)
BEFORE_SINCE = "from before the day since which answers of this patient may be written into the EHR"
# What stands behind either where the EHR goes on showing what was corrected here.
OLDER_THERE = "; the EHR holds an older version: correct it there by hand, if it cannot wait"
TAKEN_BACK = "withdrawn here before it was sent"
_REASONS = tuple(f"{one}{more}" for one in (NOTHING_PUSHED, BEFORE_SINCE) for more in ("", OLDER_THERE))


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What may be told about a patient.

    ``push``: written into the EHR; ``share``: shown to who does not name the patient or their therapist, and
    counted in figures. ``since`` is the first session date of which anything may be written (``YYYY-MM-DD``),
    None: all.
    """

    push: bool = True
    share: bool = True
    since: str | None = None

    def stricter(self, other: "Disclosure") -> "Disclosure":
        """Return what both allow."""
        days = [day for day in (self.since, other.since) if day]
        return Disclosure(self.push and other.push, self.share and other.share, max(days, default=None))


def keep_disclosure(tx: Tx, clinic: str, own_key: str, disclosure: Disclosure, now: str) -> None:
    """Keep what may be told about a patient from now on; what was kept before stays as it was believed."""
    of_patient = (patient_disclosures.c.clinic == clinic, patient_disclosures.c.own_key == own_key)
    current = patient_disclosures.c.believed_until.is_(None)
    tx.execute(update(patient_disclosures).where(*of_patient, current).values(believed_until=now))
    values = {"push": disclosure.push, "share": disclosure.share, "since": disclosure.since}
    row = {"clinic": clinic, "own_key": own_key, **values, "believed_from": now}
    tx.execute(insert(patient_disclosures), row)


def read_disclosure(tx: Tx, clinic: str, own_keys: Collection[str]) -> Disclosure:
    """Return what may be told about one patient of these own keys: the strictest; all by default."""
    rows = tx.execute(
        select(patient_disclosures.c.push, patient_disclosures.c.share, patient_disclosures.c.since).where(
            patient_disclosures.c.clinic == clinic,
            patient_disclosures.c.own_key.in_(own_keys),
            patient_disclosures.c.believed_until.is_(None),
        )
    )
    return _strictest(Disclosure(*row) for row in rows)


def unshared_keys(clinic: str) -> Select[str]:
    """Return the query for the keys of patients who are not to be shared, whoever is merged into them."""
    # Behind IN, since of a join SQLite begins with all patients of the clinic.
    unshared = select(patient_disclosures.c.own_key).where(
        patient_disclosures.c.clinic == clinic,
        patient_disclosures.c.share.is_(False),
        patient_disclosures.c.believed_until.is_(None),
    )
    return select(patient_aliases.c.patient_key).where(
        patient_aliases.c.clinic == clinic, patient_aliases.c.own_key.in_(unshared)
    )


def unshared_aliases(clinic: str) -> Select[tuple[int]]:
    """Return the query for the rows of every alias of patients who are not to be shared."""
    of_unshared = patient_aliases.c.patient_key.in_(unshared_keys(clinic))
    return select(patient_aliases.c.row_id).where(patient_aliases.c.clinic == clinic, of_unshared)


def disclosure_of_delivery(tx: Tx, clinic: str, delivery_id: str) -> Disclosure:
    """Return what may be told about the patient of a delivery, merged or not; all for a definition."""
    rows = tx.execute(_OF_DELIVERY, {"of": clinic, "delivery": delivery_id})
    return _strictest(Disclosure(*row) for row in rows)


def reopen_withheld(tx: Tx, clinic: str, patient_keys: Collection[str], now: str) -> None:
    """Let what waits for another word about these patients be looked at again; the worker decides anew."""
    _reopen(tx, clinic, deliveries.c.patient_key.in_(patient_keys), now)


def reopen_withheld_versions(tx: Tx, clinic: str, subject_kind: str, subject_id: str, now: str) -> None:
    """Let earlier versions of what is withdrawn now be looked at again: nothing waits for them any more."""
    of_subject = (deliveries.c.subject_kind == subject_kind) & (deliveries.c.subject_id == subject_id)
    # CAUTION: whoever withholds one of them now comes first or sees this withdrawal, never neither.
    mine = select(deliveries.c.row_id).where(deliveries.c.clinic == clinic, of_subject)
    tx.execute(mine.order_by(deliveries.c.row_id).with_for_update()).all()
    _reopen(tx, clinic, of_subject, now)


def lock_delivery(tx: Tx, clinic: str, delivery_id: str) -> None:
    """Hold a delivery's row until the transaction ends; SQLite, with its one writer, needs none."""
    mine = select(deliveries.c.row_id).where(deliveries.c.clinic == clinic, deliveries.c.id == delivery_id)
    tx.execute(mine.with_for_update()).all()


def _reopen(tx: Tx, clinic: str, which: ColumnElement[bool], now: str) -> None:
    withheld = (deliveries.c.state == State.WAITING, deliveries.c.reason.in_(_REASONS))
    tx.execute(
        update(deliveries)
        .where(deliveries.c.clinic == clinic, which, *withheld)
        .values(
            state=step(State.WAITING, Event.CONNECTED),
            reason="",
            due_at=now,
            updated_at=now,
            version=deliveries.c.version + 1,
        )
    )


def _strictest(found: Iterable[Disclosure]) -> Disclosure:
    strictest = Disclosure()
    for one in found:
        strictest = strictest.stricter(one)
    return strictest


_OF_DELIVERY = (
    select(patient_disclosures.c.push, patient_disclosures.c.share, patient_disclosures.c.since)
    .distinct()
    .select_from(deliveries)
    .join(
        patient_aliases,
        (patient_aliases.c.clinic == deliveries.c.clinic)
        & (patient_aliases.c.patient_key == deliveries.c.patient_key),
    )
    .join(
        patient_disclosures,
        (patient_disclosures.c.clinic == patient_aliases.c.clinic)
        & (patient_disclosures.c.own_key == patient_aliases.c.own_key),
    )
    .where(
        deliveries.c.clinic == bindparam("of"),
        deliveries.c.id == bindparam("delivery"),
        patient_disclosures.c.believed_until.is_(None),
    )
)
