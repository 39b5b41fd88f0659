"""The lines of a file that comes in pieces: counted and fingerprinted as they are read, never all held."""

from collections import deque
from collections.abc import Iterable, Iterator
from hashlib import sha256

from service.errors import TooLarge

# Excel writes it before UTF-8.
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_HASHED_AT_ONCE = 64


class Lines:
    """Yields lines as bytes, each with its line break; ``number`` is that of the last one.

    None is longer than ``longest`` bytes.
    """

    def __init__(self, pieces: Iterable[bytes], longest: int) -> None:
        self._lines = _split(pieces, longest)
        self._held: deque[bytes] = deque()
        self._hash = sha256()
        self._unhashed: list[bytes] = []
        self.longest = longest
        self.number = 0

    def __iter__(self) -> Iterator[bytes]:
        """Return itself."""
        return self

    def __next__(self) -> bytes:
        """Return the next line; raises ``TooLarge`` for one that is longer than allowed."""
        line = self._held.popleft() if self._held else next(self._lines)
        self._unhashed.append(line)
        if len(self._unhashed) == _HASHED_AT_ONCE:
            self._hash_all()
        self.number += 1
        return line.removeprefix(_BYTE_ORDER_MARK) if self.number == 1 else line

    def ahead(self, most: int | None = None) -> Iterator[bytes]:
        """Yield the lines that follow, so many at most, without taking them: they are held until then."""
        place = 0
        while most is None or place < most:
            if place == len(self._held):
                line = next(self._lines, None)
                if line is None:
                    return
                self._held.append(line)
            is_first = self.number + place == 0
            yield self._held[place].removeprefix(_BYTE_ORDER_MARK) if is_first else self._held[place]
            place += 1

    def take(self, count: int) -> None:
        """Read past so many lines, or to the end."""
        for _ in range(count):
            if next(self, None) is None:
                return

    @property
    def digest(self) -> str:
        """Return the digest of every line so far."""
        self._hash_all()
        return self._hash.hexdigest()

    def _hash_all(self) -> None:
        self._hash.update(b"".join(self._unhashed))
        self._unhashed.clear()


def _split(pieces: Iterable[bytes], longest: int) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield _at_most(line + b"\n", longest)
        _at_most(rest, longest)
    if rest:
        yield rest


def _at_most(line: bytes, longest: int) -> bytes:
    if len(line) > longest:
        raise TooLarge(f"A line is longer than {longest} bytes.")
    return line
