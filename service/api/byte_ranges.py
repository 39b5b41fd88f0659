"""Which bytes of a file are asked for: one range, all of them, or none where the caller has it already.

A range that cannot be read, of another unit, or several at once, is passed over, and the whole file is
answered, as the standard allows. Source: RFC 9110, 13.1.2, 13.1.5 and 14.
"""

import re
from dataclasses import dataclass

from service.errors import RangeBeyondEnd

_WEAK = "W/"

# More digits than any file has bytes.
_ONE = re.compile(r"bytes=\s*(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes of a file, counted from 0; both ends belong."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """Return how many bytes it has."""
        return self.last - self.first + 1

    def content_range(self, size: int) -> str:
        """Return the header that says which bytes of how many these are."""
        return f"bytes {self.first}-{self.last}/{size}"


def is_there_already(if_none_match: str | None, etag: str) -> bool:
    """Tell whether ``If-None-Match`` names this file; a weak ETag of it does, and so does ``*``."""
    named = [one.strip().removeprefix(_WEAK) for one in (if_none_match or "").split(",")]
    return "*" in named or etag in named


def asked_range(wanted: str | None, if_range: str | None, etag: str, size: int) -> ByteRange | None:
    """Return the range that ``Range`` asks for, None where the whole file is meant.

    So it is where ``If-Range`` names anything but the current strong ETag. Raises ``RangeBeyondEnd``.
    """
    matched = _ONE.fullmatch(wanted or "")
    if matched is None or (if_range is not None and if_range.strip() != etag):
        return None
    first, last = matched["first"], matched["last"]
    if not first and not last:
        return None
    if first and last and int(last) < int(first):
        return None
    begin = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if first and last else size - 1
    if begin >= size:
        raise RangeBeyondEnd(size)
    return ByteRange(begin, end)
