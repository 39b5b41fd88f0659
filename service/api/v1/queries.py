"""Parameters of /v1: instants, dates, lists, places in a list. A bad one is refused with 400, naming it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import Query
from starlette.datastructures import QueryParams

from fhir_mappings.errors import Fault
from service.api.v1.fields import as_key
from service.clock import as_instant
from service.errors import FaultsInRequest
from service.flows.list_places import ListPlaces

INSTANT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+ -]\d\d:\d\d)$"
DATE = r"^\d{4}-\d\d-\d\d$"
LONGEST = 255

Count = Annotated[int, Query(alias="_count", ge=1, le=200, description="At most so many entries.")]
After = Annotated[
    str | None, Query(max_length=LONGEST, description="The `next` of the page before, unchanged.")
]


def to_instant(text: str | None, name: str) -> str | None:
    """Return an ISO 8601 time with offset as an instant, None for None.

    A plus sign that came unescaped is a blank by now.
    """
    if text is None:
        return None
    try:
        return as_instant(datetime.fromisoformat(text.replace(" ", "+")))
    except (ValueError, OverflowError):
        raise bad_parameter(name, "Must be a time with offset, such as 2026-03-02T10:50:00Z.") from None


def to_date(text: str | None, name: str) -> date | None:
    """Return a ``YYYY-MM-DD`` as a date, None for None."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise bad_parameter(name, "Must be a date, such as 2026-03-02.") from None


def to_words(text: str | None, name: str, known: Collection[str]) -> frozenset[str]:
    """Return the words of a comma-separated list; each must be a known one."""
    words = frozenset(word.strip() for word in (text or "").split(",") if word.strip())
    if not words <= set(known):
        raise bad_parameter(name, f"Must be a comma-separated list of {', '.join(sorted(known))}.")
    return words


def refuse_others(asked: QueryParams, known: Collection[str]) -> None:
    """Raise ``FaultsInRequest`` (400) for every parameter that is not known; the door refuses doubled ones.

    For answers that tell nothing of what they were narrowed by: one passed over would be taken for obeyed.
    """
    faults = [
        Fault(as_key(name), "bad-parameter", "There is no such parameter here.")
        for name in asked
        if name not in known
    ]
    if faults:
        raise FaultsInRequest(faults, status=400)


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one list of /v1, by its path: ``next`` and ``after`` are sealed places."""

    places: ListPlaces
    path: str

    def following(self, *parts: str | int | None) -> str | None:
        """Return the ``next`` for a place, None for the place None: the list is at its end."""
        known = [part for part in parts if part is not None]
        return self.places.seal(known, [self.path]) if known else None

    def after(self, token: str | None) -> list[str | int] | None:
        """Return the parts of the place that an ``after`` is, None for None; raises ``FaultsInRequest``."""
        if token is None:
            return None
        parts = self.places.open(token, [self.path])
        if parts is None:
            raise bad_parameter("after", "Must be the `next` of an earlier page of this list.")
        return parts

    def after_row(self, token: str | None) -> int | None:
        """Return the row that an ``after`` is, where places are rows alone."""
        parts = self.after(token)
        return None if parts is None else int(parts[0])


def bad_parameter(name: str, message: str) -> FaultsInRequest:
    """Return the refusal (400) of one parameter."""
    return FaultsInRequest([Fault(name, "bad-parameter", message)], status=400)
