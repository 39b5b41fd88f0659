"""Parameters of /v1: instants, dates, lists, places in a list. A bad one is refused with 400, naming it."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from datetime import date, datetime
from typing import Annotated

from fastapi import Query

from fhir_mappings import json_text
from fhir_mappings.errors import Fault
from service.clock import as_instant
from service.errors import FaultsInRequest

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


def to_token(*parts: str) -> str:
    """Return a place in a list as an opaque text that ``read_token`` reads again."""
    return urlsafe_b64encode(json_text.dumps(parts)).decode().rstrip("=")


def read_token(token: str, name: str, length: int) -> list[str]:
    """Return the parts of a place in a list; raises ``FaultsInRequest`` for a text that is none of ours."""
    try:
        parts = json_text.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, binascii.Error):
        parts = None
    is_ours = isinstance(parts, list) and len(parts) == length and all(isinstance(p, str) for p in parts)
    if not is_ours:
        raise bad_parameter(name, "Must be the `next` of an earlier page.")
    return list(parts or [])


def bad_parameter(name: str, message: str) -> FaultsInRequest:
    """Return the refusal (400) of one parameter."""
    return FaultsInRequest([Fault(name, "bad-parameter", message)], status=400)
