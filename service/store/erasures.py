"""What is left of an erasure: its certificate, ids that are not used again, and others' alerts put right."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Literal

from sqlalchemy import Select, Table, bindparam, func, insert, literal, or_, select, union_all, update

from fhir_mappings import json_text
from service.store.attendance_tables import attendance
from service.store.database import Tx
from service.store.erasure import Holdings
from service.store.erasure_tables import erased_ids, erasures
from service.store.form_tables import form_links
from service.store.tables import alerts, dyads, patient_aliases, patient_merges, responses
from service.store.treatment_tables import treatment_ends
from service.store.upserts import add_unless_there

_NO_LONGER_SAID = "This version rested on ratings that were erased since."


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """One erasure; ``certificate`` is JSON text."""

    clinic: str
    id: str
    erased_at: str
    erased_by: str
    reason: str
    certificate: str


def add_erasure(tx: Tx, row: ErasureRow, never_again: Collection[str]) -> None:
    """Keep the certificate of an erasure, and the ids that are never to be used again."""
    tx.execute(insert(erasures), {one.name: getattr(row, one.name) for one in fields(row)})
    never_take_again(tx, row.clinic, never_again)


def never_take_again(tx: Tx, clinic: str, own_ids: Collection[str]) -> None:
    """Keep ids that what is sent, or read, again would get: it is refused."""
    for one in sorted(own_ids):
        add_unless_there(tx, erased_ids, {"clinic": clinic, "erased_id": one})


def list_erasures(tx: Tx, clinic: str) -> list[ErasureRow]:
    """Return every erasure, the oldest first."""
    kept = [erasures.c[one.name] for one in fields(ErasureRow)]
    rows = tx.execute(select(*kept).where(erasures.c.clinic == clinic).order_by(erasures.c.row_id))
    return [ErasureRow(*row) for row in rows]


# Asked for with every response: built once.
_STANDING = union_all(
    select(literal("erased").label("standing")).where(
        erased_ids.c.clinic == bindparam("clinic"), erased_ids.c.erased_id == bindparam("own_id")
    ),
    select(literal("taken")).where(
        responses.c.clinic == bindparam("clinic"), responses.c.id == bindparam("own_id")
    ),
)


def id_standing(tx: Tx, clinic: str, own_id: str) -> Literal["free", "taken", "erased"]:
    """Return whether a new response may have this id: a response has it, or one had that was erased."""
    found = set(tx.execute(_STANDING, {"clinic": clinic, "own_id": own_id}).scalars())
    if "erased" in found:
        return "erased"
    return "taken" if found else "free"


def keys_known(tx: Tx, clinic: str, own_keys: Collection[str]) -> list[str]:
    """Return which of these own keys a patient here has."""
    known = select(patient_aliases.c.own_key).where(
        patient_aliases.c.clinic == clinic, patient_aliases.c.own_key.in_(own_keys)
    )
    return sorted(tx.execute(known.distinct()).scalars())


def leave_alerts_of_others(tx: Tx, held: Holdings) -> None:
    """Take a patient out of the alerts of others with whom they once were merged, before their rows go.

    Versions of those alerts that stood in the patient's dyads stand in their own from now on, and evidence
    that was the patient's is gone from them, text included.
    """
    others = alerts.c.alias_row.not_in(held.alias_rows)
    of_patient = (dyads.c.clinic == held.clinic, dyads.c.patient_key.in_(held.keys))
    gone = set(tx.execute(select(dyads.c.row_id).where(*of_patient)).scalars())
    for row in tx.execute(_of_once_merged(held).where(others)).all():
        seen = json_text.loads(row.evidence)
        kept = [one for one in seen if one["response"] not in held.response_ids]
        values: dict[str, object] = {}
        if len(kept) != len(seen):
            values |= {"evidence": json_text.dumps(kept).decode(), "text": _NO_LONGER_SAID}
        if row.dyad_row in gone:
            values["dyad_row"] = _own_dyad(tx, held.clinic, row.alias_row, row.therapist)
        if values:
            tx.execute(update(alerts).where(alerts.c.row_id == row.row_id).values(**values))


def _of_once_merged(held: Holdings) -> Select[tuple[int, int, int, str, str]]:
    """Return the query for every alert version of patients with whom this one was merged at any time."""
    keys = held.keys
    edges = or_(patient_merges.c.from_key.in_(keys), patient_merges.c.into_key.in_(keys))
    met = [
        select(column).where(patient_merges.c.clinic == held.clinic, edges)
        for column in (patient_merges.c.from_key, patient_merges.c.into_key)
    ]
    rows = select(patient_aliases.c.row_id).where(
        patient_aliases.c.clinic == held.clinic, or_(*(patient_aliases.c.own_key.in_(one) for one in met))
    )
    in_dyads = select(dyads.c.row_id).where(dyads.c.clinic == held.clinic, dyads.c.patient_key.in_(keys))
    return select(
        alerts.c.row_id, alerts.c.alias_row, alerts.c.dyad_row, alerts.c.therapist, alerts.c.evidence
    ).where(
        alerts.c.clinic == held.clinic, or_(alerts.c.alias_row.in_(rows), alerts.c.dyad_row.in_(in_dyads))
    )


def _own_dyad(tx: Tx, clinic: str, alias_row: int, therapist: str) -> int:
    """Return the dyad in which an alias's alerts stand, by preference that of its therapist."""
    key = select(patient_aliases.c.patient_key).where(patient_aliases.c.row_id == alias_row)
    rows = tx.execute(
        select(dyads.c.row_id, dyads.c.therapist)
        .where(dyads.c.clinic == clinic, dyads.c.patient_key == key.scalar_subquery())
        .order_by(dyads.c.row_id)
    ).all()
    same = [row.row_id for row in rows if row.therapist == therapist]
    found: int = same[0] if same else rows[0].row_id
    return found


def quiet_patients(tx: Tx, clinic: str, before: str, limit: int) -> list[str]:
    """Return the keys of patients of whom nothing is newer than the date, the longest quiet first.

    What counts is the last session, response, appointment, end or act of a whole patient, merged ones
    together; when something was received counts too. At most ``limit``.
    """
    return list(tx.execute(_QUIET, {"clinic": clinic, "before": before, "most": limit}).scalars())


def is_quiet(tx: Tx, clinic: str, patient_key: str, before: str) -> bool:
    """Tell whether nothing of a patient is newer than the date."""
    query = _QUIET.where(_SIGNS.c.patient_key == patient_key)
    return tx.execute(query, {"clinic": clinic, "before": before, "most": 1}).first() is not None


def _signs(table: Table, *columns: str) -> list[Select[str, str]]:
    """Return a query for each column: whose sign it is, and of which day."""
    return [
        select(patient_aliases.c.patient_key, func.substr(table.c[name], 1, 10).label("day")).where(
            table.c.clinic == bindparam("clinic"),
            patient_aliases.c.row_id == table.c["row_id" if table is patient_aliases else "alias_row"],
        )
        for name in columns
    ]


_SIGNS = union_all(
    *_signs(patient_aliases, "created_at"),
    *_signs(responses, "session_date", "received_at", "believed_from"),
    *_signs(attendance, "session_date", "received_at", "believed_from"),
    *_signs(treatment_ends, "ended_on", "believed_from"),
    *_signs(alerts, "updated_at"),
    *_signs(form_links, "created_at"),
).subquery()
_QUIET = (
    select(_SIGNS.c.patient_key)
    .group_by(_SIGNS.c.patient_key)
    .having(func.max(_SIGNS.c.day) < bindparam("before"))
    .order_by(func.max(_SIGNS.c.day), _SIGNS.c.patient_key)
    .limit(bindparam("most"))
)
