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
from service.store.listed import as_list, is_listed
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
    given = {"clinic": clinic, "listed": as_list({value for _, value in identifiers})}
    found = tx.execute(_held_by(tx.dialect.name), given)
    rows = {(row[0], row[1]): HeldIdentifier(*row[2:]) for row in found}
    return {identifier: held for identifier, held in rows.items() if identifier in identifiers}


@cache
def _held_by(dialect: str) -> Select[Any]:
    table = responses.c
    # CAUTION: SQLite finds no index for pairs in a list, and would read every row.
    return select(
        table.identifier_system, table.identifier_value, table.id, table.status, table.content_hash
    ).where(
        table.clinic == bindparam("clinic"),
        table.believed_until.is_(None),
        is_listed(dialect, table.identifier_value),
    )


def id_standings(tx: Tx, clinic: str, own_ids: Collection[str]) -> dict[str, str]:
    """Return which of these ids are ``taken`` by a response, or ``erased``; the others are free."""
    given = {"clinic": clinic, "listed": as_list(own_ids)}
    dialect = tx.dialect.name
    taken = tx.execute(_known_among(dialect, responses.c.clinic, responses.c.id), given)
    gone = tx.execute(_known_among(dialect, erased_ids.c.clinic, erased_ids.c.erased_id), given)
    return dict.fromkeys(taken.scalars(), "taken") | dict.fromkeys(gone.scalars(), "erased")


@cache
def _known_among(dialect: str, clinic: ColumnElement[str], name: ColumnElement[str]) -> Select[Any]:
    return select(name).where(clinic == bindparam("clinic"), is_listed(dialect, name))


def take_aliases(tx: Tx, clinic: str, references: Collection[str], now: str) -> dict[str, Alias]:
    """Return the alias of each reference, made where it was never seen; as ``take_alias``."""
    wanted = sorted(references)
    found = _aliases(tx, clinic, wanted)
    return found | {one: take_alias(tx, clinic, one, now) for one in wanted if one not in found}


def _aliases(tx: Tx, clinic: str, references: Sequence[str]) -> dict[str, Alias]:
    found = tx.execute(_aliases_by(tx.dialect.name), {"clinic": clinic, "listed": as_list(references)})
    return {row[0]: Alias(*row[1:]) for row in found}


@cache
def _aliases_by(dialect: str) -> Select[Any]:
    table = patient_aliases.c
    return (
        select(table.value, table.row_id, table.patient_key)
        .where(
            table.clinic == bindparam("clinic"),
            table.kind == "reference",
            table.system == "",
            is_listed(dialect, table.value),
        )
        .order_by(table.row_id)
        .with_for_update(read=True)
    )


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
    given = {"clinic": clinic, "listed": as_list({key for key, _ in keys})}
    found = tx.execute(_dyads_by(tx.dialect.name), given)
    return {(row[1], row[2]): Dyad(*row) for row in found}


@cache
def _dyads_by(dialect: str) -> Select[Any]:
    return (
        select(dyads.c.row_id, dyads.c.patient_key, dyads.c.therapist)
        .where(dyads.c.clinic == bindparam("clinic"), is_listed(dialect, dyads.c.patient_key))
        .order_by(dyads.c.row_id)
        .with_for_update()
    )


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


def ratings_like(tx: Tx, clinic: str, versions: Collection[ResponseVersion]) -> list[tuple[int, DyadRating]]:
    """Return the stored ratings, with the row of their dyad, that may be of the same session as one of these.

    That is, of the same dyad and instrument, with the same session date, number or encounter. They come
    without totals; entries in error are left out.
    """
    dates = {(one.dyad_row, one.instrument, one.session_date) for one in versions}
    numbers = {(one.dyad_row, one.instrument, one.session_number) for one in versions if one.session_number}
    encounters = sorted({one.encounter for one in versions if one.encounter})
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
_SCORES = ("clinic", "response_row", "response_id", *ScoreRow._fields, "believed_from")
_version_values = attrgetter(*_VERSION)


def insert_versions(tx: Tx, versions: Sequence[tuple[ResponseVersion, Sequence[ScoreRow]]]) -> None:
    """Store versions with their scores, in their order; there is one at least."""
    add_rows(tx, responses, _VERSION, [_version_values(version) for version, _ in versions])
    clinic = versions[0][0].clinic
    added = {"clinic": clinic, "listed": as_list([version.id for version, _ in versions])}
    rows = {row[0]: row[1] for row in tx.execute(_rows_by(tx.dialect.name), added).all()}
    given = (
        (clinic, rows[version.id], version.id, *part, version.believed_from)
        for version, parts in versions
        for part in parts
    )
    add_rows(tx, scores, _SCORES, given)


@cache
def _rows_by(dialect: str) -> Select[Any]:
    return select(responses.c.id, responses.c.row_id).where(
        responses.c.clinic == bindparam("clinic"),
        responses.c.believed_until.is_(None),
        is_listed(dialect, responses.c.id),
    )
