"""What an EHR's EpisodeOfCare says of the end of a treatment: whose, with whom, on which day, or nothing.

Nothing is guessed: an open episode, one without a care manager or without an end says nothing. Why it ended
R4 does not tell.
Source: hl7.org/fhir/R4/episodeofcare.html.
"""

from dataclasses import dataclass

from fhir_mappings.elements import Json
from fhir_mappings.visit import day_of, target_of

_ENDED = ("finished", "cancelled")
_THERAPISTS = ("Practitioner", "PractitionerRole")


@dataclass(frozen=True, slots=True)
class EpisodeEnd:
    """The end of one episode: relative references without a version, and the date in its own offset."""

    patient: str
    therapist: str
    ended_on: str


def end_of_episode(episode: Json, base: str) -> EpisodeEnd | None:
    """Return the end that an EpisodeOfCare says, None where it says none; ``base`` is the EHR's FHIR base.

    Example: status ``finished``, ``period.end`` 2026-03-02 -> 2026-03-02.
    """
    period = episode.get("period")
    ended_on = day_of(period.get("end")) if isinstance(period, dict) else ""
    patient, therapist = (target_of(episode.get(name), base) for name in ("patient", "careManager"))
    is_told = episode.get("status") in _ENDED and ended_on and patient.startswith("Patient/")
    if not is_told or therapist.partition("/")[0] not in _THERAPISTS:
        return None
    return EpisodeEnd(patient, therapist, ended_on)
