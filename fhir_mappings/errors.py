"""What can go wrong in the mappings.

MappingError
 ├─ InstrumentFileError    an instrument file cannot be used: file, key, reason
 ├─ ReleaseNotSupported    a resource cannot be written in the FHIR release that was asked for
 └─ FaultsFound            something sent to us has faults: all of them, never just the first
     ├─ AnswersRefused     answers do not fit their instrument
     └─ ResourceRefused    a FHIR resource cannot be read

No message repeats a value that was sent: it names the place and the reason only.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what was sent.

    ``at`` is a linkId for answers and a FHIRPath for resources; ``reason`` is a word of the fixed list
    (`wrong-step`, `unknown-item`, …); ``message`` is a sentence for a person, without any value sent.
    """

    at: str
    reason: str
    message: str


class MappingError(Exception):
    """Anything the mappings refuse."""


class InstrumentFileError(MappingError):
    """An instrument file cannot be used."""

    def __init__(self, file: str, key: str, reason: str) -> None:
        super().__init__(f"{file}: {key}: {reason}")
        self.file = file
        self.key = key
        self.reason = reason


class ReleaseNotSupported(MappingError):
    """A resource cannot be written in the FHIR release that was asked for."""

    def __init__(self, fhir_version: str, resource_type: str) -> None:
        super().__init__(f"{resource_type} is not mapped to FHIR {fhir_version}")
        self.fhir_version = fhir_version
        self.resource_type = resource_type


class FaultsFound(MappingError):
    """Something sent to us has faults; ``faults`` is never empty and in the order they were found."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.at}: {fault.reason}" for fault in faults))
        self.faults = tuple(faults)


class AnswersRefused(FaultsFound):
    """Answers do not fit their instrument; ``at`` is a linkId, or empty for the form as a whole."""


class ResourceRefused(FaultsFound):
    """A FHIR resource cannot be read; ``at`` is a FHIRPath such as ``QuestionnaireResponse.item[0]``."""
