"""The body of a hook: who opens whose chart, and what its prefetch keeps back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.addresses import is_web_address
from service.api.cds.models import LOGICAL_ID, USER
from service.api.cds.places import Places
from service.api.cds.services import CdsService

# Who may get cards; patients and relatives use the same EHR, and are told nothing.
_CLINICIANS = ("Practitioner/", "PractitionerRole/")
_OVER = frozenset({"cancelled", "entered-in-error"})


@dataclass(frozen=True, slots=True)
class HookCall:
    """One call. ``user`` and ``patient`` are references, absolute where the EHR's server was named.

    ``is_moot``: nobody need be told anything, by what was prefetched.
    """

    user: str
    patient: str
    is_clinician: bool
    is_moot: bool


def read_hook(value: Mapping[str, Any], service: CdsService) -> HookCall:
    """Return what a hook's body says; raises ``FaultsInRequest``."""
    body = Places(value)
    if body.text("hook") not in ("", service.hook):
        body.add("hook", "unknown-choice", f"This service is for {service.hook}.")
    body.uuid("hookInstance")
    server = body.text("fhirServer", required=False, longest=2000).rstrip("/")
    if server and not is_web_address(server):
        body.add("fhirServer", "wrong-type", "This must be an http or https address.")
    context = body.below("context", required=True)
    user = context.matching("userId", USER, "wrong-reference", "Must be the reference of a person.")
    patient = _id(context, "patientId", required=True)
    encounter = _id(context, "encounterId", required=service.needs_encounter)
    is_moot = _is_moot(body, patient, encounter)
    body.refuse_faults()
    return HookCall(
        user=_there(server, user),
        patient=_there(server, f"Patient/{patient}"),
        is_clinician=user.startswith(_CLINICIANS),
        is_moot=is_moot,
    )


def _id(context: Places, name: str, *, required: bool) -> str:
    return context.matching(name, LOGICAL_ID, "wrong-id", "Must be a logical id.", required=required)


def _there(server: str, reference: str) -> str:
    return f"{server}/{reference}" if server else reference


def _is_moot(body: Places, patient: str, encounter: str) -> bool:
    """Tell whether a prefetch says that no card is wanted; one of somebody else is a fault.

    What is missing, or no such resource (null, an OperationOutcome), says nothing.
    """
    prefetch = body.below("prefetch")
    person, visit = _resource(prefetch, "patient", "Patient"), _resource(prefetch, "encounter", "Encounter")
    if person.get("id", patient) != patient:
        prefetch.add("patient", "another-patient", "This is not the patient of the context.")
    if visit.get("id", encounter) != encounter:
        prefetch.add("encounter", "another-encounter", "This is not the encounter of the context.")
    subject = visit.get("subject")
    told = subject.get("reference") if isinstance(subject, dict) else None
    if isinstance(told, str) and told.rpartition("Patient/")[1] and told.rpartition("Patient/")[2] != patient:
        prefetch.add("encounter", "another-patient", "This encounter is of another patient.")
    died = person.get("deceasedBoolean") is True or isinstance(person.get("deceasedDateTime"), str)
    return died or str(visit.get("status")) in _OVER


def _resource(prefetch: Places, key: str, kind: str) -> Mapping[str, Any]:
    found = prefetch.raw(key)
    return found if isinstance(found, dict) and found.get("resourceType") == kind else {}
