"""The lines of a file that comes in pieces: counted and fingerprinted as they are read, never all held."""

from collections import deque
from collections.abc import Iterable, Iterator
from hashlib import sha256

# Excel writes it before UTF-8.
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_HASHED_AT_ONCE = 64
_KEPT_OF_LONG_LINE = 1024


class LongLine(bytes):
    """Stands for a line that is longer than allowed: how it begins, and the digest of all of it."""

    __slots__ = ()


class Lines:
    """Yields lines as bytes, each with its line break; ``number`` is that of the last one.

    One that is longer than ``longest`` bytes is read past, and a ``LongLine`` stands for it.
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
        """Return the next line."""
        line = self._held.popleft() if self._held else next(self._lines)
        self._unhashed.append(line)
        if len(self._unhashed) == _HASHED_AT_ONCE:
            self._hash_all()
        self.number += 1
        return _without_mark(line) if self.number == 1 else line

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
            yield _without_mark(self._held[place]) if is_first else self._held[place]
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


def _without_mark(line: bytes) -> bytes:
    return line if isinstance(line, LongLine) else line.removeprefix(_BYTE_ORDER_MARK)


def _split(pieces: Iterable[bytes], longest: int) -> Iterator[bytes]:
    rest, passed = b"", None
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            if passed is not None:
                yield passed.ended(line + b"\n")
                passed = None
            else:
                yield line + b"\n" if len(line) < longest else _Passed(line).ended(b"\n")
        if passed is not None:
            passed.add(rest)
            rest = b""
        elif len(rest) > longest:
            passed, rest = _Passed(rest), b""
    if passed is not None:
        yield passed.ended(rest)
    elif rest:
        yield rest


class _Passed:
    """A line that is read past, since it is too long to be held."""

    def __init__(self, begin: bytes) -> None:
        self._begin = b""
        self._hash = sha256()
        self.add(begin)

    def add(self, piece: bytes) -> None:
        self._hash.update(piece)
        self._begin += piece[: _KEPT_OF_LONG_LINE - len(self._begin)]

    def ended(self, piece: bytes) -> LongLine:
        self.add(piece)
        return LongLine(self._begin + self._hash.digest())
