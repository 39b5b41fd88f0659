"""One search as it was asked: what it narrows to, which page, how it looks, and the links of its pages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from fhir_mappings.errors import Fault
from service.api.fhir.cursor import CURSOR, Cursor, read_cursor, write_cursor
from service.api.fhir.offered import RESULT_PARAMETERS, Offered
from service.api.fhir.search_parameter import Asked, Reader
from service.api.fhir.shaping import WHOLE, Shape, read_shape
from service.api.fhir.values import BadValueError, Context
from service.errors import FaultsInRequest
from service.flows.list_places import ListPlaces
from service.store.search import Page

DEFAULT_COUNT = 50
LARGEST_COUNT = 200
# More than a caller needs, and fewer than a database takes in one statement.
MOST_CONDITIONS = 20

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_:.-]{0,63}")
_SAFE = "/:|,"
# No parameter has such a name.
_CALLER = " caller"
# They would narrow the search by other resources or expressions: leaving them out would answer far too much.
_NEVER_LEFT_OUT = frozenset({"_has", "_filter"})


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One search: what is asked, which page, and the parameters that were used (for the links).

    ``sort`` is the parameter that orders, '' where nothing was said. ``left_out``: what is not offered.
    ``caller`` is whose pages they are: a cursor is of no use to another.
    """

    asked: tuple[Asked, ...]
    page: Page
    places: ListPlaces
    counted: bool = True
    used: tuple[tuple[str, str], ...] = ()
    sort: str = ""
    shape: Shape = WHOLE
    includes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    caller: str = ""

    def links(self, after: tuple[str, int] | None, upto: int) -> dict[str, str]:
        """Return the queries of this page, the first, and the one after ``after`` where there is one."""
        kept = [pair for pair in self.used if pair[0] != CURSOR]
        found = {"self": self.used, "first": kept}
        if after:
            following = write_cursor(self.places, Cursor(*after, upto), [*kept, (_CALLER, self.caller)])
            found["next"] = [*kept, (CURSOR, following)]
        return {relation: urlencode(pairs, safe=_SAFE) for relation, pairs in found.items()}


def read_search(
    offered: Offered, pairs: Sequence[tuple[str, str]], context: Context, *, strict: bool
) -> SearchRequest:
    """Return the search that these parameters ask for.

    A parameter that is not offered is left out, or a fault where the caller wants it ``strict``. Raises
    ``FaultsInRequest`` (400) naming every parameter at fault; the values are not repeated.
    """
    reading = _Reading(offered, context, strict=strict, faults=[])
    asked = [one for name, value in pairs if (one := reading.condition(name, value)) is not None]
    used = tuple((name, reading.as_used(name, value)) for name, value in pairs if reading.is_known(name))
    given = dict(used)
    sort = reading.sort([value for name, value in used if name == "_sort"])
    cursor = reading.cursor(given.get(CURSOR), [pair for pair in used if pair[0] != CURSOR])
    shape = read_shape(used, reading.refuse)
    request = SearchRequest(
        asked=tuple(asked),
        page=Page(
            limit=0 if shape.summary == "count" else reading.count(given.get("_count")),
            after=(cursor.at, cursor.row_id) if cursor else None,
            newest_first=not sort or sort.startswith("-"),
            by="updated" if sort.removeprefix("-") == "_lastUpdated" else "at",
            upto=cursor.upto if cursor else None,
        ),
        places=context.places,
        counted=reading.counted(given.get("_total")) or shape.summary == "count",
        used=used,
        sort=sort.removeprefix("-"),
        shape=shape,
        includes=reading.includes(used, shape),
        caller=context.caller,
        left_out=tuple(dict.fromkeys(reading.shown(name) for name, _ in pairs if not reading.is_known(name))),
    )
    if len(asked) > MOST_CONDITIONS:
        reading.refuse("", f"A search takes at most {MOST_CONDITIONS} conditions.")
    if reading.faults:
        raise FaultsInRequest(reading.faults, status=400)
    return request


@dataclass(frozen=True, slots=True)
class _Reading:
    offered: Offered
    context: Context
    strict: bool
    faults: list[Fault]

    def is_known(self, name: str) -> bool:
        return self._reader(name) is not None or name in RESULT_PARAMETERS or name == CURSOR

    def as_used(self, name: str, value: str) -> str:
        is_large = name == "_count" and value.isdecimal() and int(value[:10]) > LARGEST_COUNT
        return str(LARGEST_COUNT) if is_large else value

    def shown(self, name: str) -> str:
        """Return a parameter's name as it may be said again: only what looks like one."""
        return name if _NAME.fullmatch(name) else ""

    def refuse(self, name: str, message: str) -> None:
        self.faults.append(Fault(self.shown(name), "bad-parameter", message))

    def condition(self, name: str, value: str) -> Asked | None:
        read = self._reader(name)
        if read is None:
            self._unknown(name)
            return None
        try:
            return read(value, self.context)
        except BadValueError as error:
            self.refuse(name, f"This parameter {error}.")
            return None

    def _reader(self, name: str) -> Reader | None:
        base, suffix = _parts(name)
        parameter = self.offered.by_name.get(base)
        if parameter is None:
            return None
        return parameter.variants.get(suffix) if suffix else parameter.read

    def _unknown(self, name: str) -> None:
        base, suffix = _parts(name)
        if base in _NEVER_LEFT_OUT or (
            suffix and (base in self.offered.by_name or base in RESULT_PARAMETERS)
        ):
            # A modifier or chain changes the meaning: a server must refuse one that it does not know.
            self.refuse(name, "This modifier or chain is not offered here.")
        elif self.strict and not self.is_known(name):
            self.refuse(name, "This parameter is not offered for this type.")

    def count(self, value: str | None) -> int:
        if value is None:
            return DEFAULT_COUNT
        if not re.fullmatch(r"[0-9]{1,9}", value):
            self.refuse("_count", "This parameter takes a whole number from 0.")
            return DEFAULT_COUNT
        return int(value)

    def sort(self, values: Sequence[str]) -> str:
        """Return the sort with its minus, '' where nothing was said or it cannot be had."""
        if not values:
            return ""
        keys = ",".join(values).split(",")
        if len(keys) > 1:
            self.refuse("_sort", "Results are sorted by one parameter here, not by several.")
        elif keys[0].removeprefix("-") not in self.offered.sorts:
            takes = " or ".join(self.offered.sorts)
            self.refuse("_sort", f"This parameter takes {takes}, maybe with a minus in front.")
        else:
            return keys[0]
        return ""

    def counted(self, value: str | None) -> bool:
        if value not in {None, "none", "estimate", "accurate"}:
            self.refuse("_total", "This parameter takes none, estimate or accurate.")
        return value != "none"

    def cursor(self, value: str | None, others: Sequence[tuple[str, str]]) -> Cursor | None:
        if value is None:
            return None
        found = read_cursor(self.context.places, value, [*others, (_CALLER, self.context.caller)])
        if found is None:
            self.refuse(CURSOR, "This is not the cursor of a next link of this search.")
        return found

    def includes(self, used: Sequence[tuple[str, str]], shape: Shape) -> tuple[str, ...]:
        """Return the names of what else is to come along, those of both parameters."""
        takes = {"_include": self.offered.includes, "_revinclude": self.offered.reverse_includes}
        found = [(name, value) for name, value in used if name in takes]
        for name, value in found:
            if value not in takes[name]:
                listed = ", ".join(takes[name]) or "nothing for this type"
                self.refuse(name, f"This parameter takes {listed}.")
            elif shape.summary == "text":
                self.refuse(name, "With _summary=text nothing else comes along.")
        return tuple(dict.fromkeys(value for _, value in found))


def _parts(name: str) -> tuple[str, str]:
    """Return a parameter's name and what follows it: ``subject:Patient.identifier``, ``code:not``."""
    base = re.split(r"[:.]", name, maxsplit=1)[0]
    return base, name[len(base) :]
