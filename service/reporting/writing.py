"""Write Parquet files: rows are spooled as CSV, so that memory stays flat, and DuckDB packs them."""

import csv
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self, TextIO

import duckdb

from service.reporting.tables import TABLES, Columns

Row = Mapping[str, Any]
_NULL = "\\N"
# What does not fit lies on the disk meanwhile, at half as much time again. Not all of it can: then it is
# tried with twice as much, and again.
MEGABYTES = 128
_MOST_MEGABYTES = 1024
_READ_SPOOL = (
    "read_csv($spool, header = false, delim = ',', quote = '\"', escape = '\"', nullstr = $null,"
    " parallel = false, auto_detect = false, allow_quoted_nulls = false, columns = $columns)"
)
_PRIVATE = 0o600


class TableWriter:
    """Takes rows of any table in any order; ``finish`` makes the Parquet files. Use it in a ``with``."""

    def __init__(self, folder: Path, tables: Mapping[str, Columns] = TABLES) -> None:
        self._folder = folder
        self._tables = tables
        self._opened = ExitStack()
        self._writers: dict[str, Any] = {}

    def __enter__(self) -> Self:
        """Open a spool for each table."""
        for name in self._tables:
            spool = self._opened.enter_context(_open_private(self._spool(name)))
            self._writers[name] = csv.writer(spool, lineterminator="\n")
        return self

    def __exit__(self, *_: object) -> None:
        """Leave no spool behind, whatever happened."""
        self._opened.close()
        for name in self._tables:
            self._spool(name).unlink(missing_ok=True)

    def add(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows; each must have exactly the table's columns."""
        columns = self._tables[table]
        self._writers[table].writerows([_text(row[name]) for name in columns] for row in rows)

    def finish(self) -> None:
        """Make one Parquet file for each table, on the disk and readable by its owner alone."""
        self._opened.close()
        with packing(self._folder) as packer:
            for name, columns in self._tables.items():
                read = f"SELECT * FROM {_READ_SPOOL}"  # noqa: S608 - ours
                given = {"spool": str(self._spool(name)), "null": _NULL, "columns": dict(columns)}
                packer.pack(name, read, given)

    def _spool(self, name: str) -> Path:
        return self._folder / f".{name}.csv"


class Packer:
    """Makes Parquet files in one folder out of queries."""

    def __init__(self, opened: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._opened = opened
        self._folder = folder

    def show(self, name: str) -> None:
        """Let queries name a file that is there."""
        self._opened.execute(view_of(self._folder, name))

    def pack(self, name: str, query: str, values: Mapping[str, object], megabytes: int = MEGABYTES) -> None:
        """Write the rows of a query into a file of this name, on the disk and for its owner alone."""
        file = self._folder / f"{name}.parquet"
        _open_private(file).close()
        options = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880, OVERWRITE true"
        self._run(f"COPY ({query}) TO '{_quoted(file)}' ({options})", values, megabytes)
        file.chmod(_PRIVATE)
        sync(file)

    def pack_all(self, name: str, queries: Sequence[str]) -> None:
        """Write the rows of several queries into one file; what one needs of memory is free for the next."""
        together = " UNION ALL BY NAME ".join(queries)
        self._opened.execute(f"CREATE OR REPLACE TEMP TABLE together AS SELECT * FROM ({together}) LIMIT 0")  # noqa: S608 - ours
        for query in queries:
            self._run(f"INSERT INTO together BY NAME {query}", {}, MEGABYTES)
        self.pack(name, "SELECT * FROM together", {})

    def _run(self, statement: str, values: Mapping[str, object], megabytes: int) -> None:
        """Run a statement in so much memory, and in twice as much as long as it needs more."""
        while True:
            self._opened.execute(f"SET memory_limit = '{megabytes}MB'")
            try:
                self._opened.execute(statement, dict(values))
            except duckdb.OutOfMemoryException:
                if megabytes >= _MOST_MEGABYTES:
                    raise
                megabytes *= 2
            else:
                return


@contextmanager
def packing(folder: Path) -> Iterator[Packer]:
    """Give a packer for a folder of one's own; what does not fit into memory lies in it meanwhile."""
    spill = folder / ".spill"
    config: dict[str, str | bool | int | float | list[str]] = {"threads": 1, "memory_limit": f"{MEGABYTES}MB"}
    try:
        with duckdb.connect(":memory:", config=config) as opened:
            opened.execute("SET temp_directory = ?", [str(spill)])
            yield Packer(opened, folder)
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def view_of(folder: Path, name: str) -> str:
    """Return the SQL that lets a name stand for its Parquet file."""
    return f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{_quoted(folder / f'{name}.parquet')}')"  # noqa: S608 - ours


def sync(path: Path) -> None:
    """Return once a file or folder is on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _open_private(path: Path) -> TextIO:
    """Open a file that only its owner may read."""
    flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY
    return os.fdopen(os.open(path, flags, _PRIVATE), "w", encoding="utf-8", newline="")


def _text(value: object) -> object:
    if value is None:
        return _NULL
    return str(value).lower() if isinstance(value, bool) else value


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
