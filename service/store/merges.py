"""Which patients were merged into which, now and at any moment before; and the rows that follow an alias.

A merge joins two own keys. Whoever is joined, over however many merges, is one patient, known by the own
key of the one into whom all of them were merged.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, union, update

from service.store.alerts import AlertRow
from service.store.database import Tx
from service.store.patients import lock_aliases
from service.store.responses import IN_ERROR
from service.store.tables import alerts, deliveries, patient_aliases, patient_merges, responses


@dataclass(frozen=True, slots=True)
class Merge:
    """One merge of one patient into another, by their own keys; ``undone_at`` None: it holds."""

    row: int
    from_key: str
    into_key: str
    merged_by: str
    merged_at: str
    undone_by: str | None
    undone_at: str | None


_MERGE = (
    patient_merges.c.row_id,
    patient_merges.c.from_key,
    patient_merges.c.into_key,
    patient_merges.c.merged_by,
    patient_merges.c.merged_at,
    patient_merges.c.undone_by,
    patient_merges.c.undone_at,
)


def find_merge(tx: Tx, clinic: str, from_key: str) -> Merge | None:
    """Return the merge by which this patient is merged into another now, or None."""
    return _newest(tx, clinic, from_key, patient_merges.c.undone_at.is_(None))


def find_last_merge(tx: Tx, clinic: str, from_key: str, into_key: str) -> Merge | None:
    """Return the last merge of these two, undone or not, or None."""
    return _newest(tx, clinic, from_key, patient_merges.c.into_key == into_key)


@dataclass(frozen=True, slots=True)
class NamedMerge:
    """A merge with the references of both patients."""

    merge: Merge
    patient: str
    into: str


def standing_merges(tx: Tx, clinic: str, own_keys: Collection[str]) -> list[NamedMerge]:
    """Return the merges among these own keys that hold now, in the order in which they were made."""
    merged, into = patient_aliases.alias("merged"), patient_aliases.alias("into")
    found = tx.execute(
        select(*_MERGE, merged.c.value.label("patient"), into.c.value.label("into"))
        .join(merged, merged.c.row_id == patient_merges.c.alias_row)
        .join(
            into, and_(into.c.clinic == patient_merges.c.clinic, into.c.own_key == patient_merges.c.into_key)
        )
        .where(
            patient_merges.c.clinic == clinic,
            patient_merges.c.from_key.in_(own_keys),
            patient_merges.c.undone_at.is_(None),
        )
        .order_by(patient_merges.c.row_id)
    )
    return [NamedMerge(Merge(*row[:-2]), row.patient, row.into) for row in found]


def identified_alike(tx: Tx, clinic: str, patient_key: str) -> list[str]:
    """Return the references of other patients who are said to have an identifier of this one, in order."""
    mine, ours = responses.alias("mine"), patient_aliases.alias("ours")
    counts = (responses.c.believed_until.is_(None), responses.c.status != IN_ERROR)
    found = tx.execute(
        select(patient_aliases.c.value)
        .join(responses, responses.c.alias_row == patient_aliases.c.row_id)
        .join(
            mine,
            and_(
                mine.c.clinic == responses.c.clinic,
                mine.c.patient_identifier_value == responses.c.patient_identifier_value,
                mine.c.patient_identifier_system == responses.c.patient_identifier_system,
                mine.c.believed_until.is_(None),
                mine.c.status != IN_ERROR,
            ),
        )
        .join(ours, ours.c.row_id == mine.c.alias_row)
        .where(
            ours.c.clinic == clinic,
            ours.c.patient_key == patient_key,
            patient_aliases.c.patient_key != patient_key,
            *counts,
        )
        .distinct()
        .order_by(patient_aliases.c.value)
    )
    return list(found.scalars())


def add_merge(tx: Tx, clinic: str, alias_row: int, keys: tuple[str, str], *, by: str, now: str) -> None:
    """Keep that a patient is merged into another; ``keys`` are their own keys, from and into."""
    values = {
        "clinic": clinic,
        "alias_row": alias_row,
        "from_key": keys[0],
        "into_key": keys[1],
        "merged_by": by,
        "merged_at": now,
    }
    tx.execute(insert(patient_merges), values)


def end_merge(tx: Tx, merge: Merge, by: str, now: str) -> None:
    """Keep that a merge was undone."""
    ended = {"undone_by": by, "undone_at": now}
    tx.execute(update(patient_merges).where(patient_merges.c.row_id == merge.row).values(**ended))


def joined_keys(tx: Tx, clinic: str, own_key: str, *, as_of: str | None = None) -> dict[str, str]:
    """Return the own keys of everybody who is (or was, ``as_of`` an instant) one patient with this one.

    Each key comes with the one it is merged into, '' for the one into whom all are merged.
    """
    found: dict[str, str] = {own_key: ""}
    fresh = {own_key}
    while fresh:
        edges = tx.execute(
            select(patient_merges.c.from_key, patient_merges.c.into_key).where(
                patient_merges.c.clinic == clinic,
                or_(patient_merges.c.from_key.in_(fresh), patient_merges.c.into_key.in_(fresh)),
                *_held(as_of),
            )
        ).all()
        fresh = {key for edge in edges for key in edge} - set(found)
        found |= dict.fromkeys(fresh, "")
        found |= {edge.from_key: edge.into_key for edge in edges}
    return found


def lock_joined(tx: Tx, clinic: str, own_keys: Collection[str]) -> set[str]:
    """Return the own keys of everybody who is one with any of these, their aliases locked against merges."""
    locked: set[str] = set()
    while True:
        joined = {key for one in own_keys for key in joined_keys(tx, clinic, one)}
        if joined <= locked:
            return joined
        lock_aliases(tx, clinic, joined)
        locked = joined


def aliases_as_of(tx: Tx, clinic: str, references: Collection[str], as_of: str) -> list[int]:
    """Return the rows of every alias of the patients that these references named at an instant."""
    own_keys = select(patient_aliases.c.own_key).where(
        patient_aliases.c.clinic == clinic,
        patient_aliases.c.kind == "reference",
        patient_aliases.c.value.in_(references),
    )
    keys = {
        key
        for own_key in tx.execute(own_keys).scalars().all()
        for key in joined_keys(tx, clinic, own_key, as_of=as_of)
    }
    rows = select(patient_aliases.c.row_id).where(
        patient_aliases.c.clinic == clinic, patient_aliases.c.own_key.in_(keys)
    )
    return list(tx.execute(rows).scalars())


def alerts_under(tx: Tx, clinic: str, dyad_row: int, alias_rows: Collection[int]) -> list[AlertRow]:
    """Return the current alerts of a dyad that were opened under one of these aliases, the oldest first."""
    rows = tx.execute(
        select(alerts)
        .where(
            alerts.c.clinic == clinic,
            alerts.c.dyad_row == dyad_row,
            alerts.c.alias_row.in_(alias_rows),
            alerts.c.believed_until.is_(None),
        )
        .order_by(alerts.c.row_id)
    )
    return [AlertRow(**row) for row in rows.mappings()]


def count_responses(tx: Tx, clinic: str, dyad_row: int, alias_rows: Collection[int]) -> int:
    """Return how many responses of a dyad were sent under these aliases."""
    under = _under(clinic, dyad_row, alias_rows)
    return tx.execute(select(func.count(responses.c.id.distinct())).where(*under)).scalar_one()


def move_responses(tx: Tx, clinic: str, from_dyad: int, into_dyad: int, alias_rows: Collection[int]) -> None:
    """Let every version under these aliases belong to the other dyad."""
    under = _under(clinic, from_dyad, alias_rows)
    tx.execute(update(responses).where(*under).values(dyad_row=into_dyad))


def move_deliveries(tx: Tx, clinic: str, alias_rows: Collection[int], patient_key: str) -> None:
    """Let the deliveries of what was sent under these aliases wait for each other under another key."""
    subjects = union(
        *(
            select(table.c.id).where(table.c.clinic == clinic, table.c.alias_row.in_(alias_rows))
            for table in (responses, alerts)
        )
    )
    tx.execute(
        update(deliveries)
        .where(deliveries.c.clinic == clinic, deliveries.c.subject_id.in_(subjects))
        .values(patient_key=patient_key)
    )


def _under(clinic: str, dyad_row: int, alias_rows: Collection[int]) -> tuple[ColumnElement[bool], ...]:
    return (
        responses.c.clinic == clinic,
        responses.c.dyad_row == dyad_row,
        responses.c.alias_row.in_(alias_rows),
    )


def _newest(tx: Tx, clinic: str, from_key: str, which: ColumnElement[bool]) -> Merge | None:
    found = tx.execute(
        select(*_MERGE)
        .where(patient_merges.c.clinic == clinic, patient_merges.c.from_key == from_key, which)
        .order_by(patient_merges.c.row_id.desc())
    ).first()
    return Merge(*found) if found else None


def _held(as_of: str | None) -> tuple[ColumnElement[bool], ...]:
    open_now = patient_merges.c.undone_at.is_(None)
    if as_of is None:
        return (open_now,)
    return patient_merges.c.merged_at <= as_of, open_now | (patient_merges.c.undone_at > as_of)
