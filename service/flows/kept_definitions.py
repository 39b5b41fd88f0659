"""Our definitions as resources, kept from one delivery to the next: to write them all takes 0.1 seconds."""

import threading
from collections.abc import Mapping, Sequence

from fhir_mappings.codes import Names
from fhir_mappings.elements import Json
from fhir_mappings.instrument import Instrument
from fhir_mappings.terminology import definitions
from service.garbage import leave_out_what_is_here


class KeptDefinitions:
    """Those of the clinic asked for last: they take 12 MB. Thread-safe: one writes them, others wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: tuple[Mapping[str, Instrument], Names] | None = None
        self._kept: Sequence[Json] = ()

    def of(self, instruments: Mapping[str, Instrument], names: Names) -> Sequence[Json]:
        """Return what ``definitions`` gives, for reading only."""
        with self._lock:
            if self._of is None or self._of[0] is not instruments or self._of[1] != names:
                self._of, self._kept = (instruments, names), definitions(instruments, names)
                leave_out_what_is_here()
            return self._kept


# One for the process, since workers of many clinics begin with their definitions and then need them no more.
DEFINITIONS = KeptDefinitions()
