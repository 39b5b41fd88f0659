"""A QuestionnaireResponse as it arrives, read into a response that can be recorded: all faults at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_mappings.elements import Json
from fhir_mappings.errors import Fault, ResourceRefused
from fhir_mappings.form_names import find_form
from fhir_mappings.instrument import Instrument, Perspective
from fhir_mappings.response import CheckedResponse, ReadResponse, read_and_check
from fhir_mappings.response_head import ROOT, Head, read_head
from fhir_mappings.structure import check_structure
from service.errors import FaultsInRequest
from service.flows.check_request import SessionClaims, default_source, find_session_faults
from service.flows.choose_instruments import IS_OFF
from service.flows.deployment import Deployment
from service.flows.new_response import NewResponse

STATUSES = ("completed", "in-progress", "stopped")
# What an update may say too; what it becomes depends on what is stored.
UPDATE_STATUSES = (*STATUSES, "amended", "entered-in-error")
# Faults of the shape alone: the body cannot be read as the resource that it should be.
_UNREADABLE = frozenset({"structure", "wrong-resource-type"})


def read_submitted(
    resource: Json,
    raw: bytes,
    deployment: Deployment,
    statuses: Collection[str] = STATUSES,
    *,
    update: bool = False,
) -> NewResponse:
    """Return the response that a QuestionnaireResponse in one of these statuses holds; ``raw`` is its bytes.

    An ``update`` may be of a form that is turned off by now, and has more statuses to choose from.

    Raises ``FaultsInRequest`` with every fault of structure, answers and session: 400 where it cannot be read
    as a QuestionnaireResponse, else 422.
    """
    faults: list[Fault] = []
    offered = deployment.known if update else deployment.instruments
    accepted = _Accepted(deployment, offered, UPDATE_STATUSES if update else statuses)
    checked = _read(resource, accepted, faults)
    if checked is None:
        status = 400 if {fault.reason for fault in faults} <= _UNREADABLE else 422
        raise FaultsInRequest(faults, status=status)
    response = checked.response
    perspective = response.instrument.perspective
    return NewResponse(
        instrument=response.instrument,
        answers=checked.answers,
        patient=response.patient,
        source=_source(response, perspective) or response.patient,
        author=response.author,
        therapist=response.therapist,
        encounter=response.encounter,
        authored=response.authored,
        session_date=response.session_date,
        session_number=response.session_number,
        another_session=False,
        identifier=response.identifier,
        language=response.language,
        age_years=None,
        site=None,
        team=None,
        approach=None,
        ehr_reference=response.ehr_reference,
        origin="fhir",
        body=raw,
        wording=response.wording,
        patient_identifier=response.patient_identifier,
        status=response.status,  # type: ignore[arg-type] # the reader takes no other
    )


@dataclass(frozen=True, slots=True)
class _Accepted:
    deployment: Deployment
    offered: Mapping[str, Instrument]
    statuses: Collection[str]


def _read(resource: dict[str, Any], accepted: _Accepted, faults: list[Fault]) -> CheckedResponse | None:
    """Return the response where it has no fault at all; else None, its faults added in reading order."""
    deployment, offered, statuses = accepted.deployment, accepted.offered, accepted.statuses
    names = deployment.names
    if resource.get("resourceType") != ROOT:
        faults.append(Fault(f"{ROOT}.resourceType", "wrong-resource-type", f"must be {ROOT}"))
        return None
    checked = None
    try:
        checked = read_and_check(resource, offered, names, statuses=statuses)
        head: Head | ReadResponse = checked.response
    except ResourceRefused as refused:
        faults.extend(_or_off(fault, resource, deployment) for fault in refused.faults)
        head = read_head(resource, offered, names, statuses, [])
    _add_new(faults, check_structure(resource))
    _add_new(faults, _session_faults(resource, head, deployment))
    return None if faults else checked


def _or_off(fault: Fault, resource: Mapping[str, Any], deployment: Deployment) -> Fault:
    """Return the fault; of a form that is known but off, that it is off."""
    if fault.reason != "unknown-instrument":
        return fault
    canonical = str(resource.get("questionnaire"))
    return Fault(fault.at, *IS_OFF) if find_form(canonical, deployment.known, deployment.names) else fault


def _add_new(faults: list[Fault], more: list[Fault]) -> None:
    """Add the faults of places where none was found yet: one thing wrong is told once."""
    taken = {_element(fault.at) for fault in faults}
    faults.extend(fault for fault in more if _element(fault.at) not in taken)


def _element(at: str) -> str:
    """Return the root element in a FHIRPath, or the whole path below the items."""
    return at if ".item" in at else ".".join(at.split(".")[:2])


def _session_faults(
    resource: Mapping[str, Any], head: Head | ReadResponse, deployment: Deployment
) -> list[Fault]:
    perspective = head.instrument.perspective if head.instrument else "client"
    claims = SessionClaims(
        perspective=perspective,
        patient=head.patient,
        authored=head.authored,
        source=_source(head, perspective),
        therapist=head.therapist,
        author=head.author,
        encounter=head.encounter,
        session_date=head.session_date,
        session_number=head.session_number,
        identifier=head.identifier,
        language=head.language,
        ehr_reference=head.ehr_reference,
        patient_identifier=head.patient_identifier,
    )
    places = _places(resource, deployment)
    ehr_base = deployment.settings.ehr_base_url
    found = find_session_faults(claims, deployment.clock(), places, ehr_base=ehr_base)
    # Without a form it is not known who should have answered it.
    return [fault for fault in found if head.instrument or fault.at != places["source"]]


def _source(head: Head | ReadResponse, perspective: Perspective) -> str | None:
    return head.source or default_source(perspective, head.patient, head.therapist)


def _places(resource: Mapping[str, Any], deployment: Deployment) -> dict[str, str]:
    names = deployment.names
    extensions = {
        "session_date": names.extension("session-date"),
        "session_number": names.extension("session-number"),
        "therapist": names.extension("therapist"),
        "ehr_reference": names.extension("ehr-reference"),
    }
    given = resource.get("extension")
    listed = given if isinstance(given, list) else []
    urls = [one.get("url") if isinstance(one, dict) else None for one in listed]
    return {
        "patient": f"{ROOT}.subject",
        "source": f"{ROOT}.source",
        "author": f"{ROOT}.author",
        "encounter": f"{ROOT}.encounter",
        "authored": f"{ROOT}.authored",
        "language": f"{ROOT}.language",
        "identifier.system": f"{ROOT}.identifier.system",
        "identifier.value": f"{ROOT}.identifier.value",
        "patient_identifier.system": f"{ROOT}.subject.identifier.system",
        "patient_identifier.value": f"{ROOT}.subject.identifier.value",
        **{
            name: f"{ROOT}.extension[{urls.index(url)}].value" if url in urls else f"{ROOT}.extension"
            for name, url in extensions.items()
        },
    }
