"""The services that an EHR may ask for cards, each for one hook of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from service.flows.find_cards import DueTold

_PATIENT = ("patient", "Patient/{{context.patientId}}")
_TELLS = "Tells the therapist of a possible strain in the alliance that nobody has looked at"
_ENCOUNTER = ("encounter", "Encounter/{{context.encounterId}}")


@dataclass(frozen=True, slots=True)
class CdsService:
    """One service. ``prefetch`` are queries by key; ``due`` says which forms it tells of.

    Nothing of a prefetch is needed for a card, and nothing is fetched where it is missing: it only keeps a
    card back (a patient who died, an encounter that was cancelled). A fetch of our own would open more of
    the chart to us than a card tells, and take longer than the card.
    """

    id: str
    hook: str
    title: str
    description: str
    prefetch: tuple[tuple[str, str], ...]
    due: DueTold

    @property
    def needs_encounter(self) -> bool:
        """Whether its hook always names an encounter."""
        return _ENCOUNTER in self.prefetch


SERVICES: Mapping[str, CdsService] = MappingProxyType(
    {
        one.id: one
        for one in (
            CdsService(
                id="alliance-patient-view",
                hook="patient-view",
                title="Therapeutic alliance: possible strain",
                description=f"{_TELLS}, and of a form that was not filled in when planned.",
                prefetch=(_PATIENT,),
                due="overdue",
            ),
            CdsService(
                id="alliance-encounter-start",
                hook="encounter-start",
                title="Therapeutic alliance: before the session",
                description=f"{_TELLS}, and which forms are due at this session.",
                prefetch=(_PATIENT, _ENCOUNTER),
                due="at-session",
            ),
        )
    }
)
