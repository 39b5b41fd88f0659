"""Patients by their aliases, and dyads. A patient key is ours and never leaves the service."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, bindparam, false, or_, select, update

from service.store.database import Tx
from service.store.tables import dyads, patient_aliases


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


def alias_rows(tx: Tx, clinic: str, references: Sequence[str]) -> list[int]:
    """Return the rows of every alias of the patients that any of these references names."""
    named = and_(
        patient_aliases.c.kind == "reference",
        patient_aliases.c.system == "",
        patient_aliases.c.value.in_(references),
    )
    return _rows_of_all_names(tx, clinic, named)


def rows_of_identified(tx: Tx, clinic: str, identifiers: Sequence[tuple[str | None, str]]) -> list[int]:
    """Return the rows of every alias of the patients with one of these identifiers (system, value).

    None: whatever the system.
    """
    named = and_(
        patient_aliases.c.kind == "identifier",
        or_(false(), *(_has_identifier(system, value) for system, value in identifiers)),
    )
    return _rows_of_all_names(tx, clinic, named)


def _has_identifier(system: str | None, value: str) -> ColumnElement[bool]:
    of_value = patient_aliases.c.value == value
    return of_value if system is None else and_(patient_aliases.c.system == system, of_value)


def _rows_of_all_names(tx: Tx, clinic: str, named: ColumnElement[bool]) -> list[int]:
    keys = select(patient_aliases.c.patient_key).where(patient_aliases.c.clinic == clinic, named)
    found = select(patient_aliases.c.row_id).where(
        patient_aliases.c.clinic == clinic,
        patient_aliases.c.patient_key.in_(keys.scalar_subquery()),
    )
    return list(tx.execute(found).scalars())


def take_alias(tx: Tx, clinic: str, reference: str, now: str) -> Alias:
    """Return the alias of a reference, made with a new patient key where it was never seen.

    It stays where it points until the transaction ends: a merge waits.
    """
    row = tx.execute(_ALIAS.with_for_update(read=True), {"clinic": clinic, "reference": reference}).first()
    if row:
        return Alias(row.row_id, row.patient_key)
    key = str(uuid4())
    values = {
        "clinic": clinic,
        "patient_key": key,
        "own_key": key,
        "kind": "reference",
        "system": "",
        "value": reference,
    }
    made = tx.execute(
        patient_aliases.insert().values(**values, created_at=now).returning(patient_aliases.c.row_id),
    )
    return Alias(made.scalar_one(), key)


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


def take_dyad(tx: Tx, clinic: str, patient_key: str, therapist: str, now: str, **context: str | None) -> Dyad:
    """Return the dyad, made where it is new; ``context`` (site, team, approach) is updated where given."""
    given = {name: value for name, value in context.items() if value is not None}
    key = {"clinic": clinic, "patient_key": patient_key, "therapist": therapist}
    found = tx.execute(_DYAD, key).first()
    if found is None:
        made = dyads.insert().values(**key, created_at=now, **given).returning(dyads.c.row_id)
        return Dyad(tx.execute(made).scalar_one(), patient_key, therapist)
    if given:
        tx.execute(update(dyads).where(dyads.c.row_id == found.row_id).values(**given))
    return Dyad(found.row_id, patient_key, therapist, found.judged)


_KEEP_JUDGED = update(dyads).where(dyads.c.row_id == bindparam("dyad")).values(judged=bindparam("text"))


def keep_judged(tx: Tx, dyad_row: int, text: str | None) -> None:
    """Keep what judging the next rating of a dyad needs."""
    tx.execute(_KEEP_JUDGED, {"dyad": dyad_row, "text": text})


def take_dyad_like(tx: Tx, clinic: str, patient_key: str, model: Dyad, now: str) -> Dyad:
    """Return the dyad of another patient key with the same therapist; a new one has the same context."""
    key = {"clinic": clinic, "patient_key": patient_key, "therapist": model.therapist}
    row = tx.execute(_DYAD, key).scalar()
    if row is not None:
        return Dyad(row, patient_key, model.therapist)
    context = select(dyads.c.site, dyads.c.team, dyads.c.approach).where(dyads.c.row_id == model.row)
    given = dict(tx.execute(context).mappings().one())
    return take_dyad(tx, clinic, patient_key, model.therapist, now, **given)


def dyad_of(tx: Tx, row: int) -> Dyad:
    """Return a dyad by its row."""
    found = tx.execute(
        select(dyads.c.row_id, dyads.c.patient_key, dyads.c.therapist).where(dyads.c.row_id == row),
    ).one()
    return Dyad(*found)
