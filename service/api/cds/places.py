"""The parts of a CDS Hooks body, each of its type; every fault is gathered, none repeats a value.

Unlike ours, these bodies may hold what we do not know: extensions, and what a later version adds.
"""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fhir_mappings.errors import Fault
from service.errors import FaultsInRequest

_LONGEST = 255


class Places:
    """One JSON object of a body, and the faults found in all of them; what is null is absent."""

    def __init__(self, value: Mapping[str, Any], at: str = "", faults: list[Fault] | None = None) -> None:
        self._value = value
        self._at = at
        self.faults: list[Fault] = [] if faults is None else faults

    def below(self, name: str, *, required: bool = False) -> "Places":
        """Return the object at a name, empty where there is none (a fault where it is ``required``)."""
        found = self._value.get(name)
        if found is None and required:
            self.add(name, "required", "An object must be given.")
        elif found is not None and not isinstance(found, dict):
            self.add(name, "wrong-type", "This must be an object.")
        return Places(found if isinstance(found, dict) else {}, f"{self._at}{name}.", self.faults)

    def each(self, name: str, most: int) -> list["Places"]:
        """Return the objects of the list at a name; nothing where there is none."""
        found = self._value.get(name)
        if found is None:
            return []
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            self.add(name, "wrong-type", "This must be a list of objects.")
            return []
        if len(found) > most:
            self.add(name, "too-long", f"At most {most} are taken at a time.")
            return []
        return [Places(one, f"{self._at}{name}[{place}].", self.faults) for place, one in enumerate(found)]

    def raw(self, name: str) -> object:
        """Return whatever stands at a name, None where nothing does."""
        return self._value.get(name)

    def text(self, name: str, *, required: bool = True, longest: int = _LONGEST) -> str:
        """Return a text, '' where there is none that can be taken."""
        found = self._value.get(name)
        if found is None:
            if required:
                self.add(name, "required", "The text must be given.")
        elif not isinstance(found, str):
            self.add(name, "wrong-type", "This must be a text.")
        elif len(found) > longest:
            self.add(name, "too-long", f"At most {longest} characters are taken.")
        elif "\x00" in found:  # PostgreSQL keeps none
            self.add(name, "unprintable", "Control characters are not taken.")
        else:
            return found
        return ""

    def matching(self, name: str, pattern: str, reason: str, message: str, *, required: bool = True) -> str:
        """Return a text of this form, '' where there is none."""
        found = self.text(name, required=required)
        if found and re.fullmatch(pattern, found) is None:
            self.add(name, reason, message)
            return ""
        if not found and self._value.get(name) == "":
            self.add(name, reason, message)
        return found

    def uuid(self, name: str) -> str:
        """Return a UUID as we write them, '' where there is none."""
        found = self.text(name)
        try:
            return str(UUID(found)) if found else ""
        except ValueError:
            self.add(name, "wrong-id", "This must be a UUID.")
            return ""

    def add(self, name: str, reason: str, message: str) -> None:
        """Add a fault at a name."""
        self.faults.append(Fault(f"{self._at}{name}", reason, message))

    def refuse_faults(self) -> None:
        """Raise ``FaultsInRequest`` with every fault that was gathered; do nothing where there is none."""
        if self.faults:
            raise FaultsInRequest(self.faults)
