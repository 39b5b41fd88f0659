"""A map of somebody else's columns to ours, from a TOML file: names, words, dates, and what is always so.

```toml
delimiter = ";"                         # "," where it is not said
encoding = "cp1252"                     # of the file, as Python names it; UTF-8 where it is not said
decimal_comma = true                    # 9,2
date_format = "%d.%m.%Y"                # of session_date and treatment_ended; Python's strptime
time_format = "%d.%m.%Y %H:%M"          # of authored
time_zone = "Europe/Berlin"             # of times without an offset
[columns]                               # ours = theirs, or a text with theirs in braces; absent: ours
patient = "Patient/{Client}"
identifier = "urn:clinic:old|{Client}-{No}"
authored = "{Date} 12:00"
item-1 = "Relationship"
[constants]
instrument = "srs-3"
[values.therapist]                      # theirs = ours; a pattern such as "item-*" names several columns
AB = "Practitioner/ada"
```
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

from service.errors import SettingsRefused

UTF_8 = "utf-8"
_TEXTS = ("delimiter", "encoding", "date_format", "time_format", "time_zone")
_DATES = frozenset({"session_date", "treatment_ended"})
_TABLES = ("columns", "constants", "values")
_SOME_DAYS = (datetime(2003, 2, 1, tzinfo=UTC), datetime(2019, 11, 23, tzinfo=UTC))
_ASCII = bytes(range(0x20, 0x7F)) + b"\r\n"


@dataclass(frozen=True, slots=True)
class Text:
    """How one of our columns is put together: pieces, each with their column or None behind it."""

    pieces: tuple[tuple[str, str | None], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Return their columns in it."""
        return tuple(name for _, name in self.pieces if name is not None)


@dataclass(frozen=True, slots=True)
class ImportMap:
    """Where each of our columns comes from. ``columns`` None: the file has our own ones.

    ``values`` give our word for theirs, by a pattern of our columns' names.
    """

    delimiter: str = ","
    encoding: str = UTF_8
    decimal_comma: bool = False
    date_format: str | None = None
    time_format: str | None = None
    time_zone: ZoneInfo | None = None
    columns: Mapping[str, Text] | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def words_of(self, column: str) -> Mapping[str, str] | None:
        """Return what their words mean in one of our columns, None where they are taken as they are."""
        found = [words for pattern, words in self.values.items() if fnmatchcase(column, pattern)]
        return found[0] if found else None

    def reader_of(self, column: str) -> Callable[[str], str]:
        """Return what turns a text of theirs for one of our columns into ours; what it cannot, stays."""
        if column in _DATES and self.date_format:
            return lambda text: _date(text, self.date_format or "")
        if column == "authored" and (self.time_format or self.time_zone):
            return lambda text: _time(text, self.time_format, self.time_zone)
        return str


OWN_TEMPLATE = ImportMap()


def read_import_map(text: str) -> ImportMap:
    """Return the map in a file's text. Raises ``SettingsRefused`` with every fault."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsRefused([f"--map: {error}"]) from error
    faults = list(_faults(found))
    if faults:
        raise SettingsRefused([f"--map: {one}" for one in faults])
    zone = found.get("time_zone")
    return ImportMap(
        delimiter=found.get("delimiter", ","),
        encoding=found.get("encoding", UTF_8),
        decimal_comma=found.get("decimal_comma", False),
        date_format=found.get("date_format"),
        time_format=found.get("time_format"),
        time_zone=ZoneInfo(zone) if zone else None,
        columns={ours: _to_text(theirs) for ours, theirs in found["columns"].items()}
        if "columns" in found
        else None,
        constants=found.get("constants", {}),
        values=found.get("values", {}),
    )


def _faults(found: Mapping[str, Any]) -> Iterator[str]:
    yield from _faults_of_keys(found)
    for name in ("columns", "constants"):
        yield from _not_texts(name, found.get(name, {}))
    values = found.get("values", {})
    for name, words in values.items() if isinstance(values, dict) else [("", None)]:
        yield from _not_texts(f"values.{name}".rstrip("."), words)
    columns = found.get("columns", {})
    for ours, theirs in columns.items() if isinstance(columns, dict) else ():
        if isinstance(theirs, str) and not _is_readable(theirs):
            yield f"columns.{ours}: braces must hold the name of a column"


def _faults_of_keys(found: Mapping[str, Any]) -> Iterator[str]:
    for name in found.keys() - {*_TEXTS, *_TABLES, "decimal_comma"}:
        yield f"{name}: there is no such key"
    for name in _TEXTS:
        if not isinstance(found.get(name, ""), str):
            yield f"{name}: must be a text"
    for name in ("date_format", "time_format"):
        if isinstance(found.get(name), str) and not _says_the_day(found[name]):
            yield f"{name}: must be one of Python's strptime, with year, month and day, such as %d.%m.%Y"
    if not isinstance(found.get("decimal_comma", False), bool):
        yield "decimal_comma: must be true or false"
    delimiter = found.get("delimiter", ",")
    if isinstance(delimiter, str) and (len(delimiter) != 1 or delimiter in '"\r\n'):
        yield "delimiter: must be one character"
    if isinstance(found.get("encoding"), str) and not _is_encoding(found["encoding"]):
        yield "encoding: must be one in which ASCII stands as it is, such as cp1252"
    if isinstance(found.get("time_zone"), str) and not _is_zone(found["time_zone"]):
        yield "time_zone: is not known on this machine; such as Europe/Berlin"


def _not_texts(name: str, table: object) -> Iterator[str]:
    if not isinstance(table, dict):
        yield f"{name}: must be a table"
        return
    for key, value in table.items():
        if not isinstance(value, str):
            yield f"{name}.{key}: must be a text"


def _to_text(theirs: str) -> Text:
    if "{" not in theirs:
        return Text((("", theirs),))
    return Text(tuple((before, name) for before, name, _, _ in Formatter().parse(theirs)))


def _is_readable(theirs: str) -> bool:
    try:
        return bool(theirs) and all(name != "" for _, name in _to_text(theirs).pieces)
    except ValueError:
        return False


def _says_the_day(form: str) -> bool:
    """Tell whether a day that is written in a format is the same when it is read by it."""
    try:
        return all(datetime.strptime(day.strftime(form), form).date() == day.date() for day in _SOME_DAYS)  # noqa: DTZ007 - the day is what counts
    except ValueError:
        return False


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        return False
    return True


def _is_encoding(name: str) -> bool:
    """Tell whether Python knows an encoding in which lines can be told apart before they are decoded."""
    try:
        return _ASCII.decode(name) == _ASCII.decode("ascii")
    except (LookupError, ValueError):  # UnicodeDecodeError is a ValueError
        return False


def _date(text: str, form: str) -> str:
    try:
        return datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        return text


def _time(text: str, form: str | None, zone: ZoneInfo | None) -> str:
    try:
        # Most of theirs have no zone: theirs is put in right below.
        moment = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007
    except ValueError:
        return text
    if moment.tzinfo is None and zone is not None:
        moment = moment.replace(tzinfo=zone)
    return moment.isoformat()
