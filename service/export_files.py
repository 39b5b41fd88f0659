"""The files of an export: NDJSON, a line for each resource, appended to where the database says they end.

What stands behind that place was written by somebody who died before it was committed, and is never served:
so a restart neither doubles a line nor loses one. Files are their owner's alone (0600, folders 0700).
"""

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

_FOLDER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BUFFER_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 18


class Line(NamedTuple):
    """One line: the file that it belongs to, and its bytes without the end of line."""

    file: str
    content: bytes


@dataclass(frozen=True, slots=True)
class PartFile:
    """One file as far as it counts. ``type`` is that of its resources."""

    name: str
    type: str
    bytes: int = 0
    lines: int = 0


def folder_of(root: str, clinic: str, export_id: str) -> Path:
    """Return where the files of an export lie."""
    return Path(root) / clinic / export_id


class ExportWriter:
    """Appends lines to the files of one attempt, and tells how far they go once they are on disk.

    ``known`` are the files of an export as committed; those of this attempt go on where they end, those of
    others stay as they are. Attempt 0 is one that nobody takes over: its files have no number.
    """

    def __init__(self, folder: Path, known: Sequence[PartFile], attempt: int = 0) -> None:
        self._folder = folder
        self._attempt = attempt
        self._files = {one.name: one for one in known}
        self._open: dict[str, BinaryIO] = {}

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files."""
        for opened in self._open.values():
            opened.close()

    def write(self, lines: Iterable[Line]) -> None:
        """Append lines. Raises ``OSError``."""
        for kind, content in lines:
            name = f"{kind}.{self._attempt}.ndjson" if self._attempt else f"{kind}.ndjson"
            opened = self._open.get(name) or self._begin(name, kind)
            opened.write(content)
            opened.write(b"\n")
            known = self._files[name]
            self._files[name] = replace(known, bytes=known.bytes + len(content) + 1, lines=known.lines + 1)

    def finish(self) -> tuple[PartFile, ...]:
        """Return every file as far as it is on the disk now, in the order in which they were begun."""
        for opened in self._open.values():
            opened.flush()
            os.fsync(opened.fileno())
        return tuple(self._files.values())

    def _begin(self, name: str, kind: str) -> BinaryIO:
        known = self._files.setdefault(name, PartFile(name, kind))
        descriptor = os.open(self._folder / name, os.O_CREAT | os.O_WRONLY, 0o600)
        opened = self._open[name] = os.fdopen(descriptor, "wb", _BUFFER_BYTES)
        opened.truncate(known.bytes)
        opened.seek(known.bytes)
        return opened


def read_part(folder: Path, part: PartFile, first: int = 0, length: int | None = None) -> Iterator[bytes]:
    """Return the bytes of a file that count, piece by piece: from ``first`` on, ``length`` of them or all.

    Raises ``OSError`` where it is not there.
    """
    opened = (folder / part.name).open("rb")  # here, and not when the first piece is asked for
    opened.seek(first)
    left = part.bytes - first
    return _pieces(opened, left if length is None else min(length, left))


def _pieces(opened: BinaryIO, left: int) -> Iterator[bytes]:
    with opened:
        while left and (piece := opened.read(min(left, _CHUNK_BYTES))):
            left -= len(piece)
            yield piece


def make_private(folder: Path) -> None:
    """Make a folder that its owner alone may read, and those above it; one that is there stays."""
    for one in (*reversed(folder.parents), folder):
        with suppress(FileExistsError):
            one.mkdir(mode=0o700)


def keep_only(folder: Path, parts: Iterable[PartFile]) -> None:
    """Remove every file of a folder but these. Raises ``OSError``."""
    kept = {one.name for one in parts}
    for file in folder.iterdir():
        if file.name not in kept:
            file.unlink()


def wipe_folder(folder: Path) -> None:
    """Remove the files of an export. Raises ``OSError``."""
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)


def folders_in(root: str, clinic: str) -> list[str]:
    """Return the ids of the exports of a clinic that have a folder."""
    try:
        return sorted(one.name for one in (Path(root) / clinic).iterdir() if _FOLDER.fullmatch(one.name))
    except OSError:
        return []
