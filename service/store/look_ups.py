"""Which Encounters are to be looked up for which responses, and what the EHR said."""

from dataclasses import dataclass, fields

from sqlalchemy import ColumnElement, delete, select, update

from service.store.database import Tx
from service.store.upserts import put_rows
from service.store.visit_tables import encounter_look_ups

DUE, DONE, PARKED = "due", "done", "parked"
_KEY = ("clinic", "response_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """What one response leaves to its Encounter, and what was learnt of it ('' where nothing was)."""

    clinic: str
    ehr: str
    response_id: str
    encounter_id: str
    wants_therapist: bool
    wants_date: bool
    due_at: str
    updated_at: str
    state: str = DUE
    therapist: str = ""
    session_date: str = ""
    tries: int = 0
    reason: str = ""


_COLUMNS = tuple(one.name for one in fields(LookUp))


def put_look_up(tx: Tx, look_up: LookUp) -> None:
    """Keep what is to be looked up for a response, in place of what was."""
    row = {name: getattr(look_up, name) for name in _COLUMNS}
    put_rows(tx, encounter_look_ups, [row], key=_KEY, changes=[one for one in _COLUMNS if one not in _KEY])


def drop_look_up(tx: Tx, clinic: str, response_id: str) -> None:
    """Forget it: its sender says all of it now."""
    tx.execute(delete(encounter_look_ups).where(*_of_response(clinic, response_id)))


def find_look_up(tx: Tx, clinic: str, response_id: str) -> LookUp | None:
    """Return what is to be looked up for a response or was, or None."""
    return _one(tx, *_of_response(clinic, response_id))


def is_look_up_due(tx: Tx, clinic: str, ehr: str, now: str) -> bool:
    """Tell whether an Encounter is to be looked up now."""
    return (
        tx.execute(select(encounter_look_ups.c.row_id).where(*_due(clinic, ehr, now)).limit(1)).first()
        is not None
    )


def next_look_up(tx: Tx, clinic: str, ehr: str, now: str) -> LookUp | None:
    """Return the one that waits longest, or None."""
    return _one(tx, *_due(clinic, ehr, now))


def change_look_up(tx: Tx, look_up: LookUp, now: str, **values: object) -> bool:
    """Change what was read, and tell whether it was still so: a correction may have come between."""
    done = tx.execute(
        update(encounter_look_ups)
        .where(
            *_of_response(look_up.clinic, look_up.response_id),
            encounter_look_ups.c.updated_at == look_up.updated_at,
            encounter_look_ups.c.tries == look_up.tries,
        )
        .values(updated_at=now, **values)
    )
    return bool(done.rowcount)


def count_parked(tx: Tx, clinic: str, ehr: str, most: int) -> int:
    """Return how many look-ups a person must look at, ``most`` where there are more."""
    query = select(encounter_look_ups.c.row_id).where(
        encounter_look_ups.c.clinic == clinic,
        encounter_look_ups.c.ehr == ehr,
        encounter_look_ups.c.state == PARKED,
    )
    return len(tx.execute(query.limit(most)).all())


def _of_response(clinic: str, response_id: str) -> tuple[ColumnElement[bool], ...]:
    return encounter_look_ups.c.clinic == clinic, encounter_look_ups.c.response_id == response_id


def _due(clinic: str, ehr: str, now: str) -> tuple[ColumnElement[bool], ...]:
    return (
        encounter_look_ups.c.clinic == clinic,
        encounter_look_ups.c.ehr == ehr,
        encounter_look_ups.c.state == DUE,
        encounter_look_ups.c.due_at <= now,
    )


def _one(tx: Tx, *which: ColumnElement[bool]) -> LookUp | None:
    kept = [encounter_look_ups.c[name] for name in _COLUMNS]
    order = (encounter_look_ups.c.due_at, encounter_look_ups.c.row_id)
    row = tx.execute(select(*kept).where(*which).order_by(*order).limit(1)).first()
    return LookUp(**dict(zip(_COLUMNS, row, strict=True))) if row else None
