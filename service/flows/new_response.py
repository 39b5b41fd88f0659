"""A response as a door hands it over, checked; and what recording it gave."""

from dataclasses import dataclass, replace
from typing import Literal

from fhir_mappings.filled import UNFINISHED, Answers, Filled, Identifier, ResponseStatus
from fhir_mappings.instrument import Instrument
from fhir_mappings.prompts import CheckInPrompt, CrossedCutOff
from service.flows.deployment import Access
from service.flows.derive_scores import DerivedScores
from service.store.alerts import AlertRow

Origin = Literal["v1", "fhir", "ehr", "import", "form"]


@dataclass(frozen=True, slots=True)
class NewResponse:
    """One filled instrument whose answers are checked already.

    ``patient`` is a relative or absolute FHIR reference, kept as sent; ``therapist`` None means unknown.
    ``authored`` is an ISO 8601 text with offset. ``session_date`` None means: the date of ``authored``.
    ``body`` is the request, byte for byte. ``wording`` is the version of the clinic's own wording that was
    filled, None for our own descriptors. A form in progress or stopped may lack any answer, and is not
    scored. ``patient_identifier`` is by which identifier the sender knows the patient.
    """

    instrument: Instrument
    answers: Answers
    patient: str
    source: str
    author: str | None
    therapist: str | None
    encounter: str | None
    authored: str
    session_date: str | None
    session_number: int | None
    another_session: bool
    identifier: Identifier | None
    language: str | None
    age_years: int | None
    site: str | None
    team: str | None
    approach: str | None
    ehr_reference: str | None
    origin: Origin
    body: bytes
    wording: str | None = None
    status: ResponseStatus = "completed"
    patient_identifier: Identifier | None = None

    @property
    def scored(self) -> bool:
        """Whether the form was completed, so that it has scores."""
        return self.status not in UNFINISHED


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording, correcting or withdrawing a response gave.

    ``created`` is False where the same response was stored already. ``alerts`` are those that this response
    opened, raised or raised again. ``complete``: no score lacks an answer. ``straight_lined``: the answers
    are all alike, and so contradict each other. ``shared_identifier``: other patients are said to have the
    patient's identifier too. ``clinical_range``: the published limits of an outcome form
    that were crossed, which are no prompts. ``derived``: what the answers yield for other forms.
    """

    filled: Filled
    created: bool
    complete: bool
    straight_lined: bool
    prompts: tuple[CheckInPrompt, ...]
    clinical_range: tuple[CrossedCutOff, ...]
    derived: tuple[DerivedScores, ...]
    alerts: tuple[AlertRow, ...]
    deliveries: tuple[str, ...]
    shared_identifier: bool = False


def as_told(recorded: Recorded, access: Access) -> Recorded:
    """Return what recording gave as this caller may be told: without prompts and alerts, or with them."""
    return recorded if access.told_alerts else replace(recorded, prompts=(), alerts=())
