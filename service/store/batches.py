"""What recording asks and writes for one response, for many at once: the same rows by fewer statements."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    and_,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from fhir_mappings import json_text
from service.store.database import Tx
from service.store.erasure_tables import erased_ids
from service.store.many_rows import add_rows
from service.store.patients import Alias, Dyad, take_alias
from service.store.responses import (
    IN_ERROR,
    DyadRating,
    ResponseVersion,
    ScoreRow,
)
from service.store.tables import dyads, patient_aliases, responses, scores
from service.store.upserts import put_rows


@dataclass(frozen=True, slots=True)
class HeldIdentifier:
    """The response that carries an identifier now, with what tells whether another one is the same."""

    id: str
    status: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class WantedDyad:
    """A dyad that is to be there."""

    patient_key: str
    therapist: str


def held_identifiers(
    tx: Tx, clinic: str, identifiers: Collection[tuple[str, str]]
) -> dict[tuple[str, str], HeldIdentifier]:
    """Return the responses that carry these identifiers (system, value), by the identifier."""
    table = responses.c
    # CAUTION: SQLite finds no index for pairs in a list, and would read every row.
    found = select(
        table.identifier_system, table.identifier_value, table.id, table.status, table.content_hash
    ).where(
        table.clinic == clinic,
        table.believed_until.is_(None),
        _is_listed(tx, table.identifier_value, {value for _, value in identifiers}),
    )
    rows = {(row[0], row[1]): HeldIdentifier(*row[2:]) for row in tx.execute(found)}
    return {identifier: held for identifier, held in rows.items() if identifier in identifiers}


def id_standings(tx: Tx, clinic: str, own_ids: Collection[str]) -> dict[str, str]:
    """Return which of these ids are ``taken`` by a response, or ``erased``; the others are free."""
    taken = select(responses.c.id).where(
        responses.c.clinic == clinic, _is_listed(tx, responses.c.id, own_ids)
    )
    gone = select(erased_ids.c.erased_id).where(
        erased_ids.c.clinic == clinic, _is_listed(tx, erased_ids.c.erased_id, own_ids)
    )
    return dict.fromkeys(tx.execute(taken).scalars(), "taken") | dict.fromkeys(
        tx.execute(gone).scalars(), "erased"
    )


def take_aliases(tx: Tx, clinic: str, references: Collection[str], now: str) -> dict[str, Alias]:
    """Return the alias of each reference, made where it was never seen; as ``take_alias``."""
    wanted = sorted(references)
    found = _aliases(tx, clinic, wanted)
    return found | {one: take_alias(tx, clinic, one, now) for one in wanted if one not in found}


def _is_listed(tx: Tx, column: ColumnElement[str], values: Collection[str]) -> ColumnElement[bool]:
    """Return that a column has one of these values, which come as one JSON: one by one they cost more."""
    given = literal(json_text.dumps(sorted(values)).decode(), String)
    if tx.dialect.name == "postgresql":
        each = func.jsonb_array_elements_text(cast(given, JSONB)).table_valued("value")
    else:
        each = func.json_each(given).table_valued("value")
    return column.in_(select(each.c.value))


def _aliases(tx: Tx, clinic: str, references: Sequence[str]) -> dict[str, Alias]:
    table = patient_aliases.c
    found = (
        select(table.value, table.row_id, table.patient_key)
        .where(
            table.clinic == clinic,
            table.kind == "reference",
            table.system == "",
            _is_listed(tx, table.value, references),
        )
        .order_by(table.row_id)
        .with_for_update(read=True)
    )
    return {row.value: Alias(row.row_id, row.patient_key) for row in tx.execute(found)}


def take_dyads(tx: Tx, clinic: str, wanted: Sequence[WantedDyad], now: str) -> dict[tuple[str, str], Dyad]:
    """Return the dyads, locked, by patient key and therapist, made where new; as ``take_dyad``."""
    keys = sorted({(one.patient_key, one.therapist) for one in wanted})
    known = _dyads(tx, clinic, keys)
    missing = [key for key in keys if key not in known]
    if missing:
        made = [
            {"clinic": clinic, "patient_key": key[0], "therapist": key[1], "created_at": now}
            for key in missing
        ]
        put_rows(tx, dyads, made, key=("clinic", "patient_key", "therapist"), changes=("clinic",))
        known |= _dyads(tx, clinic, missing)
    return known


def _dyads(tx: Tx, clinic: str, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Dyad]:
    """Return the dyads that are there, locked."""
    found = (
        select(dyads.c.row_id, dyads.c.patient_key, dyads.c.therapist)
        .where(dyads.c.clinic == clinic, _is_listed(tx, dyads.c.patient_key, {key for key, _ in keys}))
        .order_by(dyads.c.row_id)
        .with_for_update()
    )
    return {(row[1], row[2]): Dyad(*row) for row in tx.execute(found)}


_RATING: tuple[ColumnElement[Any], ...] = tuple(
    null() if one.name == "total" else responses.c[one.name] for one in fields(DyadRating)
)
# Literal, since the unique index of sessions is for rows that fulfil just this.
_IN_ERROR = literal(IN_ERROR, literal_execute=True)
_COUNTED = (
    responses.c.clinic == bindparam("clinic"),
    responses.c.believed_until.is_(None),
    responses.c.status != _IN_ERROR,
)
_OF_ENCOUNTERS = select(responses.c.dyad_row, *_RATING).where(
    *_COUNTED, responses.c.encounter.in_(bindparam("encounters", expanding=True))
)
_DATE, _NUMBER = "session_date", "session_number"


def ratings_like(
    tx: Tx, clinic: str, ratings: Iterable[tuple[int, DyadRating]]
) -> list[tuple[int, DyadRating]]:
    """Return the stored ratings, with the row of their dyad, that may be of the same session as one of these.

    That is, of the same dyad and instrument, with the same session date, number or encounter. They come
    without totals; entries in error are left out.
    """
    given = list(ratings)
    dates = {(row, one.instrument, one.session_date) for row, one in given}
    numbers = {(row, one.instrument, one.session_number) for row, one in given if one.session_number}
    encounters = sorted({one.encounter for _, one in given if one.encounter})
    # One question each: joined by OR they would be answered by reading every row of the clinic.
    found: list[Any] = [*_alike(tx, clinic, _DATE, dates), *_alike(tx, clinic, _NUMBER, numbers)]
    if encounters:
        found += tx.execute(_OF_ENCOUNTERS, {"clinic": clinic, "encounters": encounters})
    return [(row[0], DyadRating(*row[1:])) for row in found]


def _alike(tx: Tx, clinic: str, third: str, wanted: Collection[tuple[int, str, Any]]) -> Iterable[Row[Any]]:
    """Return the ratings by dyad, instrument and one column more."""
    if not wanted:
        return []
    found: Iterable[Row[Any]] = tx.execute(
        _alike_by(tx.dialect.name, third),
        {"clinic": clinic, "wanted": json_text.dumps(list(wanted)).decode()},
    )
    return found


@cache
def _alike_by(dialect: str, third: str) -> Select[Any]:
    """Return the question: what is wanted comes as one JSON, since VALUES would be compiled row by row."""
    wanted = bindparam("wanted", type_=String)
    if dialect == "postgresql":
        each = func.jsonb_array_elements(cast(wanted, JSONB)).table_valued("value", name="each")
        parts: list[ColumnElement[Any]] = [literal_column(f"each.value ->> {place}") for place in range(3)]
    else:
        each = func.json_each(wanted).table_valued("value", name="each")
        parts = [literal_column(f"json_extract(each.value, '$[{place}]')") for place in range(3)]
    compared = (responses.c.dyad_row, responses.c.instrument, responses.c[third])
    # CAUTION: an outer join, so that SQLite looks each up by an index; else it reads every row of the clinic.
    alike = [one == cast(part, one.type) for one, part in zip(compared, parts, strict=True)]
    joined = each.outerjoin(responses, and_(*_COUNTED, *alike))
    # CAUTION: said with IS NOT NULL, SQLite would take it for an inner join.
    is_found = func.coalesce(responses.c.row_id, 0) != 0
    return select(responses.c.dyad_row, *_RATING).select_from(joined).where(is_found)


_VERSION = tuple(one.name for one in responses.c if one.name != "row_id")
_SCORE = ("part", "kind", "code", "value", "answered", "of", "prorated", "observed")
_SCORES = ("clinic", "response_row", "response_id", *_SCORE, "believed_from")
_version_values = attrgetter(*_VERSION)
_score_values = attrgetter(*_SCORE)


def insert_versions(tx: Tx, versions: Sequence[tuple[ResponseVersion, Sequence[ScoreRow]]]) -> None:
    """Store versions with their scores, in their order; there is one at least."""
    add_rows(tx, responses, _VERSION, [_version_values(version) for version, _ in versions])
    clinic = versions[0][0].clinic
    found = select(responses.c.id, responses.c.row_id).where(
        responses.c.clinic == clinic,
        responses.c.believed_until.is_(None),
        _is_listed(tx, responses.c.id, [version.id for version, _ in versions]),
    )
    rows = {row.id: row.row_id for row in tx.execute(found)}
    given = (
        (clinic, rows[version.id], version.id, *_score_values(part), version.believed_from)
        for version, parts in versions
        for part in parts
    )
    add_rows(tx, scores, _SCORES, given)
