"""Typed reading of one table of an instrument file; every complaint names file, key and reason."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
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

    ``faults`` is shared by all tables of a file. Every reading method notes a fault where the key is missing
    or of another type, and returns a stand-in (empty, zero, false or the first word allowed), so that one
    reading finds all faults. Whoever builds something from a table asks ``sound`` first.
    """

    file: str
    place: str
    content: Mapping[str, object]
    faults: list[InstrumentFileError] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Return whether no fault was found in this table or below it."""
        return not any(fault.key.startswith(f"{self.place}.") for fault in self.faults)

    def fault(self, key: str, reason: str) -> None:
        """Note what is wrong with one key of this table."""
        place = f"{self.place}.{key}" if self.place else key
        self.faults.append(InstrumentFileError(self.file, place, reason))

    def inner(self, key: str, content: Mapping[str, object]) -> "Table":
        """Return the table at this key."""
        return Table(self.file, f"{self.place}.{key}" if self.place else key, content, self.faults)

    def allow_only(self, *keys: str) -> None:
        """Refuse a key that is not one of these: a misspelt key must not pass for a missing one."""
        for key in self.content:
            if key not in keys:
                self.fault(key, "unknown key")

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text that is not blank; ``default`` where the key may be absent."""
        value = self._get(key, default)
        if not isinstance(value, str):
            self._wrong(key, value, "must be a text")
            return ""
        if not value.strip() and value is not default:
            self.fault(key, "must not be blank")
        return value

    def id(self, key: str) -> str:
        """Return an id: lower-case letters and digits in groups joined by hyphens, at most 48 characters."""
        value = self.text(key)
        if value.strip() and (not _ID.fullmatch(value) or len(value) > MAX_ID_LENGTH):
            self.fault(key, f"must be lower-case words joined by hyphens, at most {MAX_ID_LENGTH} characters")
        return value

    def word(self, key: str, allowed: tuple[Word, ...], default: Word | None = None) -> Word:
        """Return the one of the allowed words that stands in the file; ``default`` where it may be absent."""
        value = self.text(key, default)
        for word in allowed:
            if word == value:
                return word
        if value.strip():
            self.fault(key, f"must be one of {', '.join(allowed)}")
        return allowed[0]

    def flag(self, key: str, default: bool | None = None) -> bool:  # noqa: FBT001 - a default has no verb
        """Return true or false; ``default`` where the key may be absent."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            self._wrong(key, value, "must be true or false")
            return False
        return value

    def number(self, key: str) -> Decimal:
        """Return a number with the digits of the file: below a million, at most six decimal places."""
        value = self._get(key, None)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self._wrong(key, value, "must be a number")
            return Decimal(0)
        number = Decimal(value)
        # Within these bounds every sum and remainder below is exact in Decimal's 28 digits.
        if not number.is_finite() or abs(number) >= LIMIT or number != round(number, PLACES):
            self.fault(key, f"must lie below a million and have at most {PLACES} decimal places")
            return Decimal(0)
        return number

    def years(self, key: str) -> int | None:
        """Return an age in whole years from 0 to 120, or None where the key is absent."""
        value = self.content.get(key)
        if value is None:
            return None
        oldest = 120
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= oldest:
            self.fault(key, f"must be an age in whole years, at most {oldest}")
            return None
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of different texts with at least one in it, in file order."""
        value = self._get(key, None)
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            self._wrong(key, value, "must be a list of texts")
            return ()
        if not value:
            self.fault(key, "must not be empty")
        if len(set(value)) != len(value):
            self.fault(key, "names something twice")
        return tuple(value)

    def tables(self, key: str, *, required: bool) -> tuple["Table", ...]:
        """Return a list of tables in file order, at least one where ``required``."""
        value = self._get(key, None if required else [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            self._wrong(key, value, "must be a list of tables")
            return ()
        if required and not value:
            self.fault(key, "must not be empty")
        return tuple(self.inner(f"{key}[{number}]", entry) for number, entry in enumerate(value))

    def table(self, key: str) -> "Table | None":
        """Return the table at this key, or None where the key is absent."""
        value = self.content.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.fault(key, "must be a table")
            return None
        return self.inner(key, value)

    def named_tables(self, key: str) -> dict[str, "Table"]:
        """Return the tables below this key by their names; empty where the key is absent."""
        value = self._get(key, {})
        if not isinstance(value, dict) or not all(isinstance(entry, dict) for entry in value.values()):
            self.fault(key, "must hold tables only")
            return {}
        return {name: self.inner(f"{key}.{name}", entry) for name, entry in value.items()}

    def _get(self, key: str, default: object) -> object:
        """Return what stands at the key or the default; None where both are missing, which is a fault."""
        value = self.content.get(key, default)
        if value is None:
            self.fault(key, "is missing")
        return value

    def _wrong(self, key: str, value: object, reason: str) -> None:
        """Note a wrong type, but not of what is missing: that was noted already."""
        if value is not None:
            self.fault(key, reason)
