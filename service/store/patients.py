"""Patients by their aliases, and dyads. A patient key is ours and never leaves the service."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, bindparam, func, select, update

from service.errors import NotFound
from service.store.database import Tx
from service.store.responses import IN_ERROR
from service.store.tables import audit_rows, dyads, patient_aliases, responses
from service.store.upserts import add_unless_there


@dataclass(frozen=True, slots=True)
class Alias:
    """One name of a patient: its row, and the key that it points at."""

    row: int
    patient_key: str


@dataclass(frozen=True, slots=True)
class Dyad:
    """A patient and a therapist ('' where unknown).

    ``judged`` is what was kept for judging the next rating; None also where nobody asked for it.
    """

    row: int
    patient_key: str
    therapist: str
    judged: str | None = None


_ALIAS = select(patient_aliases.c.row_id, patient_aliases.c.patient_key).where(
    patient_aliases.c.clinic == bindparam("clinic"),
    patient_aliases.c.kind == "reference",
    patient_aliases.c.system == "",
    patient_aliases.c.value == bindparam("reference"),
)
_ALIAS_KEPT = _ALIAS.with_for_update(read=True)
_SAID = ("site", "team", "approach", "site_on", "team_on", "approach_on")
_SQLITE = "sqlite"
# SQLite would give the number of the last alias again once that patient is erased, and the audit's rows of
# that patient would tell of the next one. PostgreSQL counts on.
_UNUSED_ROW = select(
    func.max(
        select(func.coalesce(func.max(patient_aliases.c.row_id), 0)).scalar_subquery(),
        select(func.coalesce(func.max(audit_rows.c.patient_row), 0))
        .where(audit_rows.c.clinic == bindparam("clinic"), audit_rows.c.patient_row.is_not(None))
        .scalar_subquery(),
    )
    + 1
)
_DYAD = (
    select(dyads.c.row_id, dyads.c.judged)
    .where(
        dyads.c.clinic == bindparam("clinic"),
        dyads.c.patient_key == bindparam("patient_key"),
        dyads.c.therapist == bindparam("therapist"),
    )
    .with_for_update()
)


def find_alias(tx: Tx, clinic: str, reference: str) -> Alias | None:
    """Return the alias of a FHIR reference such as ``Patient/anna``, or None for one never seen."""
    row = tx.execute(_ALIAS, {"clinic": clinic, "reference": reference}).first()
    return Alias(row.row_id, row.patient_key) if row else None


def alias_at(tx: Tx, row: int) -> Alias:
    """Return the alias of a row that is there."""
    found = select(patient_aliases.c.row_id, patient_aliases.c.patient_key).where(
        patient_aliases.c.row_id == row
    )
    return Alias(*tx.execute(found).one())


def alias_rows(tx: Tx, clinic: str, references: Sequence[str]) -> list[int]:
    """Return the rows of every alias of the patients that any of these references names."""
    named = and_(
        patient_aliases.c.kind == "reference",
        patient_aliases.c.system == "",
        patient_aliases.c.value.in_(references),
    )
    keys = select(patient_aliases.c.patient_key).where(patient_aliases.c.clinic == clinic, named)
    return _rows_of_keys(tx, clinic, patient_aliases.c.patient_key.in_(keys.scalar_subquery()))


def patients_identified(tx: Tx, clinic: str, system: str | None, value: str) -> list[str]:
    """Return the keys of every patient whom a response that counts knows by this identifier.

    ``system`` None: whatever the system. Several keys: nobody has told us that these are one.
    """
    of_system = [] if system is None else [responses.c.patient_identifier_system == system]
    found = select(patient_aliases.c.patient_key).where(
        responses.c.clinic == clinic,
        responses.c.patient_identifier_value == value,
        responses.c.believed_until.is_(None),
        responses.c.status != IN_ERROR,
        patient_aliases.c.row_id == responses.c.alias_row,
        *of_system,
    )
    return list(tx.execute(found.distinct()).scalars())


def rows_of_identified(tx: Tx, clinic: str, identifiers: Sequence[tuple[str | None, str]]) -> list[int]:
    """Return the rows of every alias of the patients with one of these identifiers (system, value).

    One that several patients claim names nobody: joining them would show one the other's.
    """
    claims = [patients_identified(tx, clinic, system, value) for system, value in identifiers]
    keys = {claimed[0] for claimed in claims if len(claimed) == 1}
    return _rows_of_keys(tx, clinic, patient_aliases.c.patient_key.in_(sorted(keys))) if keys else []


def rows_of_patient(tx: Tx, clinic: str, patient_key: str) -> list[int]:
    """Return the rows of every alias that points at this patient key."""
    return _rows_of_keys(tx, clinic, patient_aliases.c.patient_key == patient_key)


def _rows_of_keys(tx: Tx, clinic: str, of_keys: ColumnElement[bool]) -> list[int]:
    found = select(patient_aliases.c.row_id).where(patient_aliases.c.clinic == clinic, of_keys)
    return list(tx.execute(found).scalars())


def take_alias(tx: Tx, clinic: str, reference: str, now: str) -> Alias:
    """Return the alias of a reference, made with a new patient key where it was never seen.

    It stays where it points until the transaction ends: a merge waits.
    """
    row = tx.execute(_ALIAS_KEPT, {"clinic": clinic, "reference": reference}).first()
    if row:
        return Alias(row.row_id, row.patient_key)
    key = str(uuid4())
    values: dict[str, object] = {
        "clinic": clinic,
        "patient_key": key,
        "own_key": key,
        "kind": "reference",
        "system": "",
        "value": reference,
        "created_at": now,
    }
    if tx.dialect.name == _SQLITE:
        values["row_id"] = tx.execute(_UNUSED_ROW, {"clinic": clinic}).scalar_one()
    made = add_unless_there(tx, patient_aliases, values)
    if made is not None:
        return Alias(made, key)
    row = tx.execute(_ALIAS_KEPT, {"clinic": clinic, "reference": reference}).one()
    return Alias(row.row_id, row.patient_key)


def lock_aliases(tx: Tx, clinic: str, keys: Collection[str]) -> list[Alias]:
    """Return the aliases that were made with these own keys, locked, in the order of their rows."""
    found = tx.execute(
        select(patient_aliases.c.row_id, patient_aliases.c.patient_key)
        .where(patient_aliases.c.clinic == clinic, patient_aliases.c.own_key.in_(keys))
        .order_by(patient_aliases.c.row_id)
        .with_for_update()
    )
    return [Alias(*row) for row in found]


def own_key_of(tx: Tx, alias: Alias) -> str:
    """Return the key that an alias points at while nothing is merged."""
    found: str = tx.execute(
        select(patient_aliases.c.own_key).where(patient_aliases.c.row_id == alias.row)
    ).scalar_one()
    return found


def point_aliases(tx: Tx, rows: Collection[int], patient_key: str) -> None:
    """Let aliases point at another patient key."""
    tx.execute(
        update(patient_aliases).where(patient_aliases.c.row_id.in_(rows)).values(patient_key=patient_key)
    )


def lock_dyads(tx: Tx, clinic: str, patient_keys: Collection[str]) -> list[Dyad]:
    """Return every dyad of these patient keys, locked, in the order of their rows."""
    found = tx.execute(
        select(dyads.c.row_id, dyads.c.patient_key, dyads.c.therapist)
        .where(dyads.c.clinic == clinic, dyads.c.patient_key.in_(patient_keys))
        .order_by(dyads.c.row_id)
        .with_for_update()
    )
    return [Dyad(*row) for row in found]


def lock_dyads_at(tx: Tx, rows: Collection[int]) -> list[Dyad]:
    """Return the dyads of these rows, locked, in their order; those that were erased are left out."""
    found = tx.execute(
        select(dyads.c.row_id, dyads.c.patient_key, dyads.c.therapist)
        .where(dyads.c.row_id.in_(rows))
        .order_by(dyads.c.row_id)
        .with_for_update()
    )
    return [Dyad(*row) for row in found]


def take_dyad(tx: Tx, clinic: str, patient_key: str, therapist: str, now: str, **words: str | None) -> Dyad:
    """Return the dyad, locked, made where new, with these columns of ``dyad_words.py``."""
    key = {"clinic": clinic, "patient_key": patient_key, "therapist": therapist}
    found = tx.execute(_DYAD, key).first()
    if found is None:
        row = add_unless_there(tx, dyads, {**key, "created_at": now, **words})
        if row is not None:
            return Dyad(row, patient_key, therapist)
        found = tx.execute(_DYAD, key).one()  # somebody else made it a moment ago
    return Dyad(found.row_id, patient_key, therapist, found.judged)


def find_dyad(tx: Tx, clinic: str, patient_key: str, therapist: str) -> Dyad | None:
    """Return the dyad, locked, or None for one that was never seen."""
    key = {"clinic": clinic, "patient_key": patient_key, "therapist": therapist}
    found = tx.execute(_DYAD, key).first()
    return Dyad(found.row_id, patient_key, therapist, found.judged) if found else None


def dyads_by_therapist(tx: Tx, clinic: str, patient_key: str) -> dict[str, int]:
    """Return the rows of a patient's dyads by therapist; none is locked."""
    found = select(dyads.c.therapist, dyads.c.row_id).where(
        dyads.c.clinic == clinic, dyads.c.patient_key == patient_key
    )
    return {row.therapist: row.row_id for row in tx.execute(found)}


_KEEP_JUDGED = update(dyads).where(dyads.c.row_id == bindparam("dyad")).values(judged=bindparam("text"))


def keep_judged(tx: Tx, dyad_row: int, text: str | None) -> None:
    """Keep what judging the next rating of a dyad needs; None: it is to be judged whole."""
    tx.execute(_KEEP_JUDGED, {"dyad": dyad_row, "text": text})


def knows_dyad(tx: Tx, clinic: str, patient_key: str, therapist: str) -> bool:
    """Tell whether this patient and therapist have a response here."""
    of_dyad = select(dyads.c.row_id).where(
        dyads.c.clinic == clinic,
        dyads.c.patient_key == patient_key,
        dyads.c.therapist == therapist,
        responses.c.dyad_row == dyads.c.row_id,
        responses.c.clinic == clinic,
        responses.c.believed_until.is_(None),
        responses.c.status != IN_ERROR,
    )
    return tx.execute(of_dyad.limit(1)).first() is not None


def take_dyad_like(tx: Tx, clinic: str, patient_key: str, model: Dyad, now: str) -> Dyad:
    """Return the dyad of another patient key with the same therapist; of a new one the same is said."""
    key = {"clinic": clinic, "patient_key": patient_key, "therapist": model.therapist}
    row = tx.execute(_DYAD, key).scalar()
    if row is not None:
        return Dyad(row, patient_key, model.therapist)
    said = select(*(dyads.c[name] for name in _SAID)).where(dyads.c.row_id == model.row)
    given = dict(tx.execute(said).mappings().one())
    return take_dyad(tx, clinic, patient_key, model.therapist, now, **given)


def approach_of(tx: Tx, dyad_row: int) -> str | None:
    """Return the therapeutic approach of a dyad in the clinic's words, None where nobody told."""
    return tx.execute(select(dyads.c.approach).where(dyads.c.row_id == dyad_row)).scalar()


def lock_dyad(tx: Tx, row: int) -> Dyad:
    """Return a dyad by its row, locked: whoever judges it waits. Raises ``NotFound`` for one erased."""
    found = tx.execute(
        select(dyads.c.row_id, dyads.c.patient_key, dyads.c.therapist)
        .where(dyads.c.row_id == row)
        .with_for_update(),
    ).first()
    if found is None:
        raise NotFound("There is no such patient here.")
    return Dyad(*found)
