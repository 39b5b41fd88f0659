"""Write flat tables as Parquet: rows are spooled as CSV, so that memory stays flat, and DuckDB packs them."""

import csv
import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self, TextIO

import duckdb

from service.reporting.tables import TABLES

Row = Mapping[str, Any]
_NULL = "\\N"
_MEMORY = "256MB"
_PRIVATE = 0o600


class TableWriter:
    """Takes rows of any table in any order; ``finish`` makes the Parquet files. Use it in a ``with``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened = ExitStack()
        self._writers: dict[str, Any] = {}

    def __enter__(self) -> Self:
        """Open a spool for each table."""
        for name in TABLES:
            spool = self._opened.enter_context(_open_private(self._spool(name)))
            self._writers[name] = csv.writer(spool, lineterminator="\n")
        return self

    def __exit__(self, *_: object) -> None:
        """Leave no spool behind, whatever happened."""
        self._opened.close()
        for name in TABLES:
            self._spool(name).unlink(missing_ok=True)

    def add(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows; each must have exactly the table's columns."""
        columns = TABLES[table]
        self._writers[table].writerows([_text(row[name]) for name in columns] for row in rows)

    def finish(self) -> None:
        """Make one Parquet file for each table, on the disk and readable by its owner alone."""
        self._opened.close()
        with duckdb.connect(":memory:", config={"threads": 1, "memory_limit": _MEMORY}) as made:
            made.execute("SET temp_directory = ''")
            for name in TABLES:
                self._pack(made, name)

    def _pack(self, made: duckdb.DuckDBPyConnection, name: str) -> None:
        file = self._folder / f"{name}.parquet"
        _open_private(file).close()
        read = (
            "read_csv(?, header = false, delim = ',', quote = '\"', escape = '\"', nullstr = ?,"
            " parallel = false, auto_detect = false, allow_quoted_nulls = false, columns = ?)"
        )
        options = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880, OVERWRITE true"
        query = f"COPY (SELECT * FROM {read}) TO '{_quoted(file)}' ({options})"  # noqa: S608 - paths of ours
        made.execute(query, [str(self._spool(name)), _NULL, dict(TABLES[name])])
        file.chmod(_PRIVATE)
        sync(file)

    def _spool(self, name: str) -> Path:
        return self._folder / f".{name}.csv"


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
