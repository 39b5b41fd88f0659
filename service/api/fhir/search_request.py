"""One search as it was asked, and the opaque cursor with which its next page is asked for."""

import hashlib
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from fhir_mappings.errors import Fault
from service.api.fhir.offered import RESULT_PARAMETERS, Asked, Offered
from service.api.fhir.parameters import BadValueError, Context
from service.errors import FaultsInRequest
from service.store.search import Page

DEFAULT_COUNT = 50
LARGEST_COUNT = 200
CURSOR = "_cursor"

_CHECK_LENGTH = 16
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_:.-]{0,63}")
_SAFE = "/:|,"


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One search: what is asked, which page, and the parameters that were used (for the links)."""

    asked: tuple[Asked, ...]
    page: Page
    counted: bool
    used: tuple[tuple[str, str], ...]

    def self_query(self) -> str:
        """Return the query of this page."""
        return urlencode(self.used, safe=_SAFE)

    def next_query(self, after: tuple[str, int]) -> str:
        """Return the query of the page after this place."""
        kept = [pair for pair in self.used if pair[0] != CURSOR]
        return urlencode([*kept, (CURSOR, _write_cursor(after, kept))], safe=_SAFE)


def read_search(
    offered: Offered, pairs: Sequence[tuple[str, str]], context: Context, *, strict: bool
) -> SearchRequest:
    """Return the search that these parameters ask for.

    A parameter that is not offered is left out, or a fault where the caller wants it ``strict``. Raises
    ``FaultsInRequest`` (400) naming every parameter at fault; the values are not repeated.
    """
    reading = _Reading(offered, context, strict=strict, faults=[])
    asked = [one for name, value in pairs if (one := reading.condition(name, value)) is not None]
    used = tuple((name, value) for name, value in pairs if reading.is_known(name))
    given = dict(used)
    page = Page(
        limit=reading.count(given.get("_count")),
        after=reading.after(given.get(CURSOR), [pair for pair in used if pair[0] != CURSOR]),
        newest_first=reading.newest_first(given.get("_sort")),
    )
    counted = reading.counted(given.get("_total"))
    if reading.faults:
        raise FaultsInRequest(reading.faults, status=400)
    return SearchRequest(tuple(asked), page, counted, used)


@dataclass(frozen=True, slots=True)
class _Reading:
    offered: Offered
    context: Context
    strict: bool
    faults: list[Fault]

    def is_known(self, name: str) -> bool:
        return name in self.offered.by_name or name in RESULT_PARAMETERS or name == CURSOR

    def refuse(self, name: str, message: str) -> None:
        shown = name if _NAME.fullmatch(name) else ""
        self.faults.append(Fault(shown, "bad-parameter", message))

    def condition(self, name: str, value: str) -> Asked | None:
        parameter = self.offered.by_name.get(name)
        if parameter is None:
            self._unknown(name)
            return None
        try:
            return parameter.read(value, self.context)
        except BadValueError as error:
            self.refuse(name, f"This parameter {error}.")
            return None

    def _unknown(self, name: str) -> None:
        base = re.split(r"[:.]", name, maxsplit=1)[0]
        if base != name and base in self.offered.by_name:
            # A modifier or chain changes the meaning: a server must refuse one that it does not know.
            self.refuse(name, "No modifier or chain is offered for this parameter.")
        elif self.strict and not self.is_known(name):
            self.refuse(name, "This parameter is not offered for this type.")

    def count(self, value: str | None) -> int:
        if value is None:
            return DEFAULT_COUNT
        if not re.fullmatch(r"[0-9]{1,9}", value):
            self.refuse("_count", "This parameter takes a whole number from 0.")
            return DEFAULT_COUNT
        return min(int(value), LARGEST_COUNT)

    def newest_first(self, value: str | None) -> bool:
        by = self.offered.sort
        if value is not None and (not by or value.removeprefix("-") != by):
            takes = f"{by} or -{by}" if by else "nothing for this type"
            self.refuse("_sort", f"This parameter takes {takes}.")
        return value is None or value.startswith("-")

    def counted(self, value: str | None) -> bool:
        if value not in {None, "none", "estimate", "accurate"}:
            self.refuse("_total", "This parameter takes none, estimate or accurate.")
        return value != "none"

    def after(self, value: str | None, others: Sequence[tuple[str, str]]) -> tuple[str, int] | None:
        if value is None:
            return None
        place = _read_cursor(value, others)
        if place is None:
            self.refuse(CURSOR, "This is not the cursor of a next link of this search.")
        return place


def _write_cursor(place: tuple[str, int], others: Sequence[tuple[str, str]]) -> str:
    payload = json.dumps(place)
    return urlsafe_b64encode(f"{_check(payload, others)}{payload}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str, others: Sequence[tuple[str, str]]) -> tuple[str, int] | None:
    """Return the place that ``_write_cursor`` wrote for the same search, or None for anything else."""
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        return None
    check, payload = text[:_CHECK_LENGTH], text[_CHECK_LENGTH:]
    if check != _check(payload, others):
        return None
    at, row_id = json.loads(payload)
    return at, row_id


def _check(payload: str, others: Sequence[tuple[str, str]]) -> str:
    """Return what ties a cursor to its search; it guards against mistakes, and hides nothing."""
    narrowing = sorted(pair for pair in others if pair[0] not in {"_count", "_format", "_pretty", "_total"})
    return hashlib.sha256(json.dumps([payload, narrowing]).encode()).hexdigest()[:_CHECK_LENGTH]
