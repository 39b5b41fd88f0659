"""Typed reading of one table of an instrument file; every complaint names file, key and reason."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from fhir_mappings.errors import InstrumentFileError

Word = TypeVar("Word", bound=str)

# Ids end up in FHIR ids, codes and linkIds; the narrowest of their alphabets (FHIR id) in lower case.
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_ID_LENGTH = 48
LIMIT = 10**6
PLACES = 6


@dataclass(frozen=True, slots=True)
class Table:
    """One table: ``place`` is its path in the file, e.g. ``items[2]``, empty for the file itself.

    Every reading method raises ``InstrumentFileError`` where the key is missing or of another type.
    """

    file: str
    place: str
    content: Mapping[str, object]

    def fault(self, key: str, reason: str) -> InstrumentFileError:
        """Return the error for one key of this table, for the caller to raise."""
        return InstrumentFileError(self.file, f"{self.place}.{key}" if self.place else key, reason)

    def allow_only(self, *keys: str) -> None:
        """Refuse a key that is not one of these: a misspelt key must not pass for a missing one."""
        for key in self.content:
            if key not in keys:
                raise self.fault(key, "unknown key")

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text that is not blank; ``default`` where the key may be absent."""
        value = self._get(key, default)
        if not isinstance(value, str):
            raise self.fault(key, "must be a text")
        if not value.strip() and value is not default:
            raise self.fault(key, "must not be blank")
        return value

    def id(self, key: str) -> str:
        """Return an id: lower-case letters and digits in groups joined by hyphens, at most 48 characters."""
        value = self.text(key)
        if not _ID.fullmatch(value) or len(value) > MAX_ID_LENGTH:
            raise self.fault(
                key, f"must be lower-case words joined by hyphens, at most {MAX_ID_LENGTH} characters"
            )
        return value

    def word(self, key: str, allowed: tuple[Word, ...]) -> Word:
        """Return the one of the allowed words that stands in the file."""
        value = self.text(key)
        for word in allowed:
            if word == value:
                return word
        raise self.fault(key, f"must be one of {', '.join(allowed)}")

    def flag(self, key: str, default: bool | None = None) -> bool:  # noqa: FBT001 - a default has no verb
        """Return true or false; ``default`` where the key may be absent."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise self.fault(key, "must be true or false")
        return value

    def number(self, key: str) -> Decimal:
        """Return a number with the digits of the file: below a million, at most six decimal places."""
        value = self._get(key, None)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise self.fault(key, "must be a number")
        number = Decimal(value)
        # Within these bounds every sum and remainder below is exact in Decimal's 28 digits.
        if not number.is_finite() or abs(number) >= LIMIT or number != round(number, PLACES):
            raise self.fault(key, f"must lie below a million and have at most {PLACES} decimal places")
        return number

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of different texts with at least one in it, in file order."""
        value = self._get(key, None)
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise self.fault(key, "must be a list of texts")
        if not value:
            raise self.fault(key, "must not be empty")
        if len(set(value)) != len(value):
            raise self.fault(key, "names something twice")
        return tuple(value)

    def tables(self, key: str, *, required: bool) -> tuple["Table", ...]:
        """Return a list of tables in file order, at least one where ``required``."""
        value = self._get(key, None if required else [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise self.fault(key, "must be a list of tables")
        if required and not value:
            raise self.fault(key, "must not be empty")
        place = f"{self.place}.{key}" if self.place else key
        return tuple(Table(self.file, f"{place}[{number}]", entry) for number, entry in enumerate(value))

    def named_tables(self, key: str) -> dict[str, "Table"]:
        """Return the tables below this key by their names; empty where the key is absent."""
        value = self._get(key, {})
        if not isinstance(value, dict) or not all(isinstance(entry, dict) for entry in value.values()):
            raise self.fault(key, "must hold tables only")
        return {name: Table(self.file, f"{key}.{name}", entry) for name, entry in value.items()}

    def _get(self, key: str, default: object) -> object:
        value = self.content.get(key, default)
        if value is None:
            raise self.fault(key, "is missing")
        return value
