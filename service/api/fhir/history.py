"""The history of one resource: which versions are asked for, and the Bundle that holds them.

Source: hl7.org/fhir/R4/http.html#history.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fhir_mappings.errors import Fault
from service.api.fhir.answers import Shown
from service.api.fhir.cursor import CURSOR
from service.api.fhir.search_request import DEFAULT_COUNT, LARGEST_COUNT
from service.clock import as_instant
from service.errors import FaultsInRequest
from service.flows.read_history import HistoryQuery

COUNT, SINCE = "_count", "_since"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+ -]\d\d:\d\d)")
_PLACE = re.compile(r"below-([1-9]\d{0,8})")


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """One version as it is answered; ``is_first``: it was made by a create."""

    shown: Shown
    is_first: bool


@dataclass(frozen=True, slots=True)
class ShownHistory:
    """One page of versions, the newest first; ``next_below`` is None at the end."""

    versions: Sequence[ShownVersion]
    total: int
    next_below: int | None


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """What is asked for, and the parameters that were used (for the links)."""

    query: HistoryQuery
    used: tuple[tuple[str, str], ...]

    def links(self, address: str, next_below: int | None) -> list[dict[str, str]]:
        """Return the links of a page."""
        found = [{"relation": "self", "url": _url(address, self.used)}]
        if next_below is not None:
            kept = [pair for pair in self.used if pair[0] != CURSOR]
            cursor = urlsafe_b64encode(f"below-{next_below}".encode()).decode().rstrip("=")
            found.append({"relation": "next", "url": _url(address, [*kept, (CURSOR, cursor)])})
        return found


def read_history_request(pairs: Sequence[tuple[str, str]]) -> HistoryRequest:
    """Return what these parameters ask for; raises ``FaultsInRequest`` (400) naming every bad one."""
    used = tuple(pair for pair in pairs if pair[0] in {COUNT, SINCE, CURSOR})
    given = dict(used)
    faults: list[Fault] = []
    query = HistoryQuery(
        limit=_count(given.get(COUNT), faults),
        since=_since(given.get(SINCE), faults),
        below=_below(given.get(CURSOR), faults),
    )
    if faults:
        raise FaultsInRequest(faults, status=400)
    return HistoryRequest(query, used)


def to_history(base: str, kind: str, logical_id: str, page: ShownHistory, asked: HistoryRequest) -> Any:  # noqa: ANN401 - JSON
    """Return the Bundle of one page."""
    address = f"{base}/{kind}/{logical_id}"
    entries = [_entry(base, kind, one) for one in page.versions]
    return {
        "resourceType": "Bundle",
        "type": "history",
        "total": page.total,
        "link": asked.links(f"{address}/_history", page.next_below),
        **({"entry": entries} if entries else {}),
    }


def _entry(base: str, kind: str, one: ShownVersion) -> dict[str, Any]:
    shown = one.shown
    logical_id = shown.resource["id"]
    made = (
        {"method": "POST", "url": kind} if one.is_first else {"method": "PUT", "url": f"{kind}/{logical_id}"}
    )
    return {
        "fullUrl": f"{base}/{kind}/{logical_id}",
        "resource": shown.resource,
        "request": made,
        "response": {
            "status": "201 Created" if one.is_first else "200 OK",
            "location": f"{base}/{kind}/{logical_id}/_history/{shown.tag}",
            "etag": f'W/"{shown.tag}"',
            **({"lastModified": shown.updated} if shown.updated else {}),
        },
    }


def _count(value: str | None, faults: list[Fault]) -> int:
    if value is None:
        return DEFAULT_COUNT
    if re.fullmatch(r"[0-9]{1,9}", value):
        return min(int(value), LARGEST_COUNT)
    faults.append(Fault(COUNT, "bad-parameter", "This parameter takes a whole number from 0."))
    return DEFAULT_COUNT


def read_instant(value: str) -> str | None:
    """Return the instant that a time with seconds and offset means; None for anything else."""
    try:
        # A plus sign that came unescaped is a blank by now.
        moment = datetime.fromisoformat(value.replace(" ", "+")) if _INSTANT.fullmatch(value) else None
        if moment is not None:
            return as_instant(moment)
    except (ValueError, OverflowError):
        pass
    return None


def _since(value: str | None, faults: list[Fault]) -> str | None:
    if value is None:
        return None
    instant = read_instant(value)
    if instant is not None:
        return instant
    faults.append(Fault(SINCE, "bad-parameter", "This parameter takes a time with seconds and offset."))
    return None


def _below(value: str | None, faults: list[Fault]) -> int | None:
    if value is None:
        return None
    try:
        place = _PLACE.fullmatch(urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode())
    except ValueError:
        place = None
    if place is None:
        faults.append(Fault(CURSOR, "bad-parameter", "This is not the cursor of a next link of a history."))
        return None
    return int(place[1])


def _url(address: str, pairs: Sequence[tuple[str, str]]) -> str:
    return f"{address}?{urlencode(pairs, safe=':')}" if pairs else address
