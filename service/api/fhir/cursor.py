"""The opaque cursor with which the next page of a search is asked for."""

import hashlib
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass

CURSOR = "_cursor"
_CHECK_LENGTH = 16
# Anybody can compute the check, so what it stands before is looked at too. The rows fit into 63 bits.
_PLACE = re.compile(r'\["(?P<at>[0-9TZ:.-]{0,32})", (?P<row>[0-9]{1,18}), (?P<upto>[0-9]{1,18})\]')
# These change how a page looks, and not what is on which.
_LOOKS = frozenset({"_count", "_elements", "_format", "_pretty", "_summary", "_total"})

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place after which a page begins (moment, row), and the newest row when the first was read."""

    at: str
    row_id: int
    upto: int


def write_cursor(cursor: Cursor, others: Pairs) -> str:
    """Return the text of a cursor; it belongs to the search that these other parameters make."""
    payload = json.dumps([cursor.at, cursor.row_id, cursor.upto])
    return urlsafe_b64encode(f"{_check(payload, others)}{payload}".encode()).decode().rstrip("=")


def read_cursor(text: str, others: Pairs) -> Cursor | None:
    """Return the cursor that ``write_cursor`` wrote for the same search, or None for anything else."""
    try:
        written = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return None
    check, payload = written[:_CHECK_LENGTH], written[_CHECK_LENGTH:]
    if check != _check(payload, others):
        return None
    place = _PLACE.fullmatch(payload)
    return Cursor(place["at"], int(place["row"]), int(place["upto"])) if place else None


def _check(payload: str, others: Pairs) -> str:
    """Return what ties a cursor to its search; it guards against mistakes, and hides nothing."""
    narrowing = sorted(pair for pair in others if pair[0] not in _LOOKS)
    return hashlib.sha256(json.dumps([payload, narrowing]).encode()).hexdigest()[:_CHECK_LENGTH]
