"""The fields of a JSON body, each of its type; every fault is gathered, none repeats a value."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from fhir_mappings.errors import Fault
from fhir_mappings.filled import Identifier
from service.errors import FaultsInRequest

LONGEST_TEXT = 255
# An unknown key is the sender's own text: it is repeated only where it looks like a key.
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Fields:
    """Reads one JSON object field by field; an absent field and one that is null are the same: None."""

    def __init__(self, value: Mapping[str, Any], known: Collection[str]) -> None:
        self._value = value
        self.faults = [
            Fault(as_key(name), "unknown-field", "There is no such field here.")
            for name in value
            if name not in known
        ]

    def text(self, name: str) -> str | None:
        """Return a text, None where it is absent or no text (a fault)."""
        found = self._value.get(name)
        if found is None or isinstance(found, str):
            return found
        self._wrong(name, "a text")
        return None

    def short_text(self, name: str) -> str:
        """Return a text of 1 to 255 printable characters; anything else is a fault."""
        found = self.text(name)
        if found is None and self.is_sound(name):
            self.faults.append(Fault(name, "required", "The text must be given."))
        elif found is not None and not found.strip():
            self.faults.append(Fault(name, "required", "The text must not be blank."))
        elif found is not None and len(found) > LONGEST_TEXT:
            self.faults.append(Fault(name, "too-long", f"At most {LONGEST_TEXT} characters are kept."))
        elif found is not None and _UNPRINTABLE.search(found):
            self.faults.append(Fault(name, "unprintable", "Control characters are not taken."))
        return found or ""

    def whole_number(self, name: str) -> int | None:
        """Return a whole number, None where it is absent or no whole number (a fault)."""
        found = self._value.get(name)
        # True is an int in Python, and no number in JSON.
        if found is None or (isinstance(found, int) and not isinstance(found, bool)):
            return found
        self._wrong(name, "a whole number")
        return None

    def flag(self, name: str) -> bool:
        """Return a truth value, False where it is absent or none (a fault)."""
        found = self._value.get(name)
        if found is None or isinstance(found, bool):
            return bool(found)
        self._wrong(name, "true or false")
        return False

    def required_flag(self, name: str) -> bool:
        """Return a truth value that must be given; anything else is a fault."""
        if self._value.get(name) is None:
            self.faults.append(Fault(name, "required", "true or false must be given."))
        return self.flag(name)

    def object(self, name: str) -> dict[str, Any]:
        """Return a JSON object, empty where it is absent or none (a fault)."""
        found = self._value.get(name)
        if found is None or isinstance(found, dict):
            return found or {}
        self._wrong(name, "an object")
        return {}

    def is_sound(self, name: str) -> bool:
        """Tell whether no fault was found at this field."""
        return not self.faults or all(fault.at != name for fault in self.faults)

    def refuse_faults(self) -> None:
        """Raise ``FaultsInRequest`` with every fault that was gathered; do nothing where there is none."""
        if self.faults:
            raise FaultsInRequest(self.faults)

    def _wrong(self, name: str, wanted: str) -> None:
        self.faults.append(Fault(name, "wrong-type", f"This must be {wanted}."))


def read_text(value: Mapping[str, Any], name: str) -> str:
    """Return the one text that a body is made of; raises ``FaultsInRequest``."""
    fields = Fields(value, (name,))
    text = fields.short_text(name)
    fields.refuse_faults()
    return text


def read_identifier(
    fields: Fields, why: str = "An identifier makes sending it again safe."
) -> Identifier | None:
    """Return ``system|value``: the system is a URI and holds no bar, the value may.

    ``why`` is said where it is missing.
    """
    text = fields.text("identifier")
    if not text:
        if fields.is_sound("identifier"):
            fields.faults.append(Fault("identifier", "required", why))
        return None
    return to_identifier(fields, "identifier", text)


def to_identifier(fields: Fields, name: str, text: str | None) -> Identifier | None:
    """Return the identifier that a key's text says, None for no text."""
    if not text:
        return None
    system, bar, value = text.partition("|")
    if bar and system and value and not re.search(r"\s", system):
        return Identifier(system, value)
    message = "An identifier is a system, a bar and a value, such as urn:clinic:north|r-7."
    fields.faults.append(Fault(name, "wrong-identifier", message))
    return None


def as_key(name: str) -> str:
    """Return a key for ``Fault.at``: as sent where it looks like one, else empty."""
    return name if _KEY.fullmatch(name) else ""
