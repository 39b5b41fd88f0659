"""The snapshot of a clinic: a folder of Parquet files that is swapped whole, never changed.

``<folder>/<clinic>/<as_of>-<random>``: the newest name counts. It is written under a name that nobody reads,
brought to the disk, and renamed; then the older ones go. Who has just opened an older one looks again.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from fhir_mappings import json_text
from service.reporting.counted_by import CountedBy
from service.reporting.writing import sync

# What a snapshot's files are, and what their rows are made by: one of another shape is no answer to anything.
SHAPE = 7
_UNFINISHED = ".making-"
_FACTS = "snapshot.json"
# Whoever makes one longer than this is gone.
_ABANDONED_SECONDS = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """What a snapshot says of itself. ``as_of`` is an instant, ``mark`` names what it was made from.

    ``shape`` is that of the release that made it.

    ``privacy`` names who was erased, and of whom nothing may be shared: under another one it must not answer
    any more. ``not_shared`` is how many patients were left out since nothing of them may be shared.
    """

    shape: int
    as_of: str
    mark: str
    privacy: str
    not_shared: int
    counted_by: CountedBy


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One finished snapshot."""

    folder: Path
    facts: SnapshotFacts


class Snapshots:
    """The snapshots of one clinic below a folder."""

    def __init__(self, folder: Path, clinic: str) -> None:
        self._own = folder / clinic

    def newest(self) -> Snapshot | None:
        """Return the snapshot that counts, None where there is none (yet)."""
        for folder in reversed(self._finished()):
            try:
                facts = _facts(json_text.loads((folder / _FACTS).read_bytes()))
            except (OSError, KeyError, TypeError):  # it has just been replaced, or is an older release's
                continue
            if facts.shape == SHAPE:
                return Snapshot(folder, facts)
        return None

    @contextmanager
    def making(self) -> Iterator[Path]:
        """Give a folder of one's own to write in; what is left of it at the end goes."""
        self._own.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._clear_abandoned()
        folder = self._own / f"{_UNFINISHED}{uuid4().hex}"
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, folder: Path, facts: SnapshotFacts) -> Snapshot:
        """Make a written folder the snapshot that counts, and delete the older ones."""
        told = folder / _FACTS
        told.write_bytes(json_text.dumps(asdict(facts)))
        told.chmod(0o600)
        sync(told)
        sync(folder)
        name = self._own / f"{facts.as_of.replace(':', '')}-{uuid4().hex[:8]}"
        older = self._finished()
        folder.rename(name)
        sync(self._own)
        for one in older:
            shutil.rmtree(one, ignore_errors=True)
        return Snapshot(name, facts)

    def drop(self) -> None:
        """Delete every snapshot; raises ``OSError`` where one cannot be deleted."""
        for folder in self._finished():
            try:
                shutil.rmtree(folder)
            except FileNotFoundError:
                continue  # somebody else deletes it too

    def _finished(self) -> list[Path]:
        """Return the finished snapshots, the oldest first."""
        if not self._own.is_dir():
            return []
        return sorted(one for one in self._own.iterdir() if one.is_dir() and not one.name.startswith("."))

    def _clear_abandoned(self) -> None:
        for one in self._own.glob(f"{_UNFINISHED}*"):
            try:
                is_old = time.time() - one.stat().st_mtime > _ABANDONED_SECONDS
            except OSError:
                continue
            if is_old:
                shutil.rmtree(one, ignore_errors=True)


def _facts(told: dict[str, Any]) -> SnapshotFacts:
    by = told.pop("counted_by")
    numbers = by | {"critical_mark": float(by["critical_mark"]), "session_bands": tuple(by["session_bands"])}
    return SnapshotFacts(**told, counted_by=CountedBy(**numbers))
