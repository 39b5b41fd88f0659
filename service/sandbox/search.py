"""Search: a query string turned into conditions on the stored resources, strictly.

Rules: hl7.org/fhir/R4/search.html. What is not understood is refused, never ignored: an ignored parameter
would match everything.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from service.sandbox.dates import span
from service.sandbox.refusals import Refusal
from service.sandbox.search_parameters import parameters_of, split_reference
from service.sandbox.store import Condition
from service.sandbox.surfaces import TypeSurface

DEFAULT_COUNT = 50
MAX_COUNT = 500
_PREFIX = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb)?(.*)", re.DOTALL)
_DATE_SQL = {
    "eq": ("{low} >= ? AND {high} <= ?", "low high"),
    "ne": ("NOT ({low} >= ? AND {high} <= ?)", "low high"),
    "gt": ("{high} > ?", "high"),
    "ge": ("{high} > ?", "low"),
    "lt": ("{low} < ?", "low"),
    "le": ("{low} < ?", "high"),
    "sa": ("{low} >= ?", "high"),
    "eb": ("{high} <= ?", "low"),
}


@dataclass(frozen=True, slots=True)
class Query:
    """What a search asks for; ``pairs`` are the parameters as they were used."""

    conditions: tuple[Condition, ...]
    pairs: tuple[tuple[str, str], ...]
    count: int = DEFAULT_COUNT
    offset: int = 0
    newest_first: bool = False
    count_only: bool = False


def parse_query(
    resource_type: str, surface: TypeSurface, query: str, base: str, max_count: int = MAX_COUNT
) -> Query:
    """Return the meaning of a query string such as ``patient=anna&_count=5``.

    ``base`` is the server's own address: references below it mean the same as relative ones. A page never
    has more than ``max_count``. Raises a 400
    ``Refusal`` for an unknown parameter, a modifier, or a value that cannot be.
    """
    pairs = tuple(parse_qsl(query, keep_blank_values=True))
    controls = {name: value for name, value in pairs if name in _CONTROLS}
    conditions = [Condition("r.type = ?", (resource_type,))]
    conditions += [
        _condition(resource_type, surface, name, value, base)
        for name, value in pairs
        if name not in _CONTROLS
    ]
    return Query(
        tuple(conditions),
        pairs,
        count=min(_number(controls, "_count", DEFAULT_COUNT), max_count),
        offset=_number(controls, "_offset", 0),
        newest_first=_newest_first(controls.get("_sort", "_lastUpdated")),
        count_only=controls.get("_summary") == "count",
    )


_CONTROLS = ("_count", "_offset", "_sort", "_summary", "_format")


def _condition(resource_type: str, surface: TypeSurface, name: str, text: str, base: str) -> Condition:
    values = [re.sub(r"\\(.)", r"\1", one) for one in re.split(r"(?<!\\),", text)]
    if "" in values:
        raise Refusal(400, "value", f"search parameter {_printable(name)} has no value")
    if name == "_id":
        return _any_of([Condition("r.id = ?", (value,)) for value in values])
    if name == "_lastUpdated":
        return _any_of([_date(value, "r.updated_at", "r.updated_at") for value in values])
    if name not in surface.search:
        raise Refusal(
            400, "not-supported", f"unknown search parameter {_printable(name)} for {resource_type}"
        )
    kind, _ = parameters_of(resource_type)[name]
    found = _any_of([_match(kind, value, base) for value in values])
    return Condition(
        # The alternatives are fixed texts of this module; every value is bound.
        f"EXISTS (SELECT 1 FROM terms t WHERE t.sequence = r.sequence AND t.parameter = ? AND ({found.sql}))",  # noqa: S608
        (name, *found.values),
    )


def _match(kind: str, value: str, base: str) -> Condition:
    if kind == "date":
        return _date(value, "t.scope", "t.value")
    if kind == "token":
        return _token(value)
    if kind == "canonical":
        url, bar, version = value.partition("|")
        return Condition("t.value = ? AND t.scope = ?", (url, version)) if bar else _exactly(url)
    if kind == "uri":
        return _exactly(value)
    scope, resource_id = split_reference(value.removeprefix(f"{base}/"))
    return Condition("t.value = ? AND t.scope = ?", (resource_id, scope)) if scope else _exactly(resource_id)


def _token(value: str) -> Condition:
    system, bar, code = value.partition("|")
    if not bar:
        return _exactly(value)
    if not code:
        return Condition("t.scope = ?", (system,))
    return Condition("t.value = ? AND t.scope = ?", (code, system))


def _exactly(value: str) -> Condition:
    return Condition("t.value = ?", (value,))


def _date(text: str, low_column: str, high_column: str) -> Condition:
    found = _PREFIX.match(text)
    prefix, rest = (found[1] or "eq", found[2]) if found else ("eq", text)
    try:
        asked = span(rest)
    except ValueError:
        raise Refusal(400, "value", "a date in the search is none") from None
    sql, wanted = _DATE_SQL[prefix]
    values = tuple({"low": asked.low, "high": asked.high}[end] for end in wanted.split())
    return Condition(sql.format(low=low_column, high=high_column), values)


def _any_of(conditions: Sequence[Condition]) -> Condition:
    sql = " OR ".join(f"({condition.sql})" for condition in conditions)
    return Condition(sql, tuple(value for condition in conditions for value in condition.values))


def _number(controls: dict[str, str], name: str, default: int) -> int:
    text = controls.get(name, str(default))
    if not text.isdecimal():
        raise Refusal(400, "value", f"{name} is not a whole number")
    return int(text)


def _newest_first(sort: str) -> bool:
    if sort not in {"_lastUpdated", "-_lastUpdated"}:
        raise Refusal(400, "not-supported", "only _lastUpdated and -_lastUpdated can be sorted by")
    return sort.startswith("-")


def _printable(name: str) -> str:
    """Return a parameter's name for an error text; a strange one may be a value and is not repeated."""
    return name if re.fullmatch(r"[A-Za-z_-]{1,40}", name) else "(of that name)"
