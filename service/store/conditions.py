"""What a search may ask of one kind of thing, and the SQL that says it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Float, and_, cast, exists, false, not_, or_, select, true

from service.store.database import Tx
from service.store.patients import alias_rows, rows_of_identified
from service.store.tables import dyads, responses, scores


@dataclass(frozen=True, slots=True)
class OneOf:
    """The column has one of these values; none of them: nothing fits."""

    column: str
    values: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class PairOneOf:
    """Two columns have one of these pairs of values; None on one side: any, an empty text: none there."""

    columns: tuple[str, str]
    pairs: tuple[tuple[str | None, str | None], ...]


@dataclass(frozen=True, slots=True)
class Span:
    """From ``low`` (included) to ``high`` (left out), instants; None: open. ``outside`` turns it round."""

    low: str | None
    high: str | None
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Within:
    """A moment of the thing lies in one of these spans: its own (``at``), or that of its version."""

    spans: tuple[Span, ...]
    column: str = "at"


@dataclass(frozen=True, slots=True)
class Lasting:
    """The time that the thing lasts lies in one of these spans wholly (True), or in part (False)."""

    spans: tuple[tuple[Span, bool], ...]


@dataclass(frozen=True, slots=True)
class NumberSpan:
    """From ``low`` to ``high``, both included where ``closed``; None: open. ``outside`` turns it round."""

    low: Decimal | None
    high: Decimal | None
    closed: bool = True
    outside: bool = False


@dataclass(frozen=True, slots=True)
class NumberWithin:
    """The number in a column lies in one of these spans; without a number it lies in none."""

    column: str
    spans: tuple[NumberSpan, ...]


@dataclass(frozen=True, slots=True)
class OfPatient:
    """It is about a patient whom one of these references names, by whatever alias it was stored."""

    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfTherapist:
    """It belongs to a dyad of this therapist, by one of these references as they are kept here."""

    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfIdentified:
    """It is about a patient known by one of these identifiers (system, value); None: any system."""

    identifiers: tuple[tuple[str | None, str], ...]


@dataclass(frozen=True, slots=True)
class PanelOver:
    """It is the panel that one of these Observations (response id, part) is a member of."""

    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """The column has no value, or (``missing`` False) has one."""

    column: str
    missing: bool


@dataclass(frozen=True, slots=True)
class Always:
    """Everything fits, or nothing does."""

    holds: bool


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold; a thing without a value fits."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """In one of these groups all conditions hold; no group: nothing fits."""

    groups: tuple[tuple["Condition", ...], ...]


Condition = (
    OneOf
    | PairOneOf
    | Within
    | Lasting
    | NumberWithin
    | OfPatient
    | OfTherapist
    | OfIdentified
    | PanelOver
    | Missing
    | Always
    | Not
    | AnyOf
)
Columns = Mapping[str, ColumnElement[Any]]


def clause(tx: Tx, clinic: str, columns: Columns, condition: Condition) -> ColumnElement[bool]:  # noqa: C901, PLR0911, PLR0912 - a case a kind
    """Return a condition on these columns as SQL."""
    match condition:
        case OneOf(column, values):
            return columns[column].in_(values)
        case PairOneOf((first, second), pairs):
            either = or_(false(), *(_pair((columns[first], columns[second]), pair) for pair in pairs))
            sides = zip((first, second), ({one for one, _ in pairs}, {one for _, one in pairs}), strict=True)
            # Said apart, since SQLite finds by no index what stands in pairs behind OR.
            apart = (columns[name].in_(values) for name, values in sides if all(values))
            return and_(*apart, either)
        case Within(spans, column):
            return or_(false(), *(_span(columns[column], span) for span in spans))
        case Lasting(times):
            return or_(false(), *(_lasting(columns, span, wholly=wholly) for span, wholly in times))
        case NumberWithin(column, numbers):
            number = cast(columns[column], Float)
            return or_(false(), *(_number_span(number, span) for span in numbers))
        case OfPatient(references):
            return _of_aliases(columns, alias_rows(tx, clinic, references))
        case OfTherapist(references):
            of_therapist = dyads.c.clinic == clinic, dyads.c.therapist.in_(references)
            return columns["dyad"].in_(select(dyads.c.row_id).where(*of_therapist))
        case OfIdentified(identifiers):
            return _of_aliases(columns, rows_of_identified(tx, clinic, identifiers))
        case PanelOver(members):
            return and_(columns["part"] == "panel", or_(false(), *map(_has_member, members)))
        case Missing(column, missing):
            return columns[column].is_(None) if missing else columns[column].is_not(None)
        case Always(holds):
            return true() if holds else false()
        case Not(inner):
            return clause(tx, clinic, columns, inner).is_not(true())
        case AnyOf(groups):
            return or_(false(), *(_all(tx, clinic, columns, group) for group in groups))


def is_narrow(condition: Condition, naming: Collection[str]) -> bool:
    """Tell whether only few things can fit: what it asks for is a patient, or a column that names things."""
    match condition:
        case OfPatient() | OfTherapist() | OfIdentified() | PanelOver():
            return True
        case AnyOf(groups):
            return all(any(is_narrow(one, naming) for one in group) for group in groups)
        case OneOf(column):
            return column in naming
        case PairOneOf(columns, pairs):
            sides = [place for place, column in enumerate(columns) if column in naming]
            return any(all(pair[place] for pair in pairs) for place in sides)
    return False


def _all(tx: Tx, clinic: str, columns: Columns, group: Sequence[Condition]) -> ColumnElement[bool]:
    return and_(true(), *(clause(tx, clinic, columns, one) for one in group))


def _of_aliases(columns: Columns, rows: Sequence[int]) -> ColumnElement[bool]:
    # CAUTION: an empty list would be looked for in every row of the clinic.
    return columns["patient"].in_(rows) if rows else false()


def _pair(columns: Sequence[ColumnElement[Any]], pair: tuple[str | None, str | None]) -> ColumnElement[bool]:
    sides = zip(columns, pair, strict=True)
    return and_(true(), *(_side(column, value) for column, value in sides if value is not None))


def _side(column: ColumnElement[Any], value: str) -> ColumnElement[bool]:
    return column == value if value else column.is_(None)


def _span(at: ColumnElement[str], span: Span) -> ColumnElement[bool]:
    ends = []
    if span.low is not None:
        ends.append(at >= span.low)
    if span.high is not None:
        ends.append(at < span.high)
    return ~and_(*ends) if span.outside else and_(*ends)


def _lasting(columns: Columns, span: Span, *, wholly: bool) -> ColumnElement[bool]:
    """Return whether the thing lies in a span; one without an end lasts for ever."""
    begins, ends = columns["begins"], columns["ends"]
    found: list[ColumnElement[bool]] = []
    if span.low is not None:
        found.append(begins >= span.low if wholly else or_(ends.is_(None), ends >= span.low))
    if span.high is not None:
        found.append(and_(ends.is_not(None), ends < span.high) if wholly else begins < span.high)
    return not_(and_(*found)) if span.outside else and_(*found)


def _number_span(number: ColumnElement[float], span: NumberSpan) -> ColumnElement[bool]:
    # The same digits give the same float on both sides, so a bound that is met is met exactly.
    ends = []
    if span.low is not None:
        low = float(span.low)
        ends.append(number >= low if span.closed else number > low)
    if span.high is not None:
        high = float(span.high)
        ends.append(number <= high if span.closed else number < high)
    return ~and_(*ends) if span.outside else and_(*ends)


def _has_member(member: tuple[str, str]) -> ColumnElement[bool]:
    response_id, part = member
    beside = scores.alias()
    return and_(
        responses.c.id == response_id,
        exists(
            select(beside.c.row_id).where(
                beside.c.response_row == responses.c.row_id,
                beside.c.part == part,
                beside.c.part != "panel",
                beside.c.observed,
            )
        ),
    )
