"""Who a patient is in the EHR: found by an identifier, and followed where the EHR replaced them."""

from collections.abc import Mapping
from typing import Any

from fhir_mappings.errors import Fault
from fhir_mappings.filled import Identifier
from service.ehr.client import EhrClient, Found
from service.ehr.places import Place, parse_location
from service.errors import EhrError, EhrNotAnswering, EhrUnreadable, FaultsInRequest, NotFound, WrongState

# Real chains are of one or two; a longer one is a circle.
_MOST_REPLACEMENTS = 5
_ALLOWED_SEARCH = "identifier"
NO_SEARCH_BY_IDENTIFIER = "no-search-by-identifier"


def find_patient(client: EhrClient | None, identifier: Identifier) -> str:
    """Return the EHR's logical id of the one patient with this identifier; nothing of it is kept.

    Raises ``NotFound`` where the EHR knows none, ``WrongState`` where it knows several or none is configured,
    and ``EhrNotAnswering``.
    """
    if client is None:
        raise WrongState("No EHR is configured here.")
    try:
        found = patients_with(client, identifier)
    except EhrError as error:
        raise EhrNotAnswering("The EHR did not answer this search; try again later.") from error
    if not found:
        raise NotFound("The EHR knows no patient with this identifier.")
    if len(found) > 1:
        raise WrongState("The EHR knows several patients with this identifier; a person must choose.")
    return found[0]


def patients_with(client: EhrClient, identifier: Identifier) -> tuple[str, ...]:
    """Return the logical ids of the patients with this identifier, each as whoever replaced them.

    Raises ``EhrError``, also where the EHR offers no such search: an ignored parameter finds everybody.
    """
    if _ALLOWED_SEARCH not in client.capabilities().of("Patient").search_params:
        raise EhrUnreadable(NO_SEARCH_BY_IDENTIFIER)
    asked = {"identifier": f"{identifier.system}|{identifier.value}"}
    matches = [
        one for page in client.pages("Patient", asked) for one in page if _has(one.resource, identifier)
    ]
    survivors = [chain[-1] for one in matches if (chain := follow(client, one))]
    return tuple(dict.fromkeys(survivors))


def read_patient(client: EhrClient, patient_id: str) -> tuple[str, ...]:
    """Return the patient's id and those of all who replaced them, the surviving one last; empty: unknown.

    Raises ``EhrError``.
    """
    found = client.read("Patient", patient_id)
    return follow(client, found) if found else ()


def follow(client: EhrClient, found: Found) -> tuple[str, ...]:
    """Return the chain of ids that begins with this patient, each replaced by the next; empty: it breaks off.

    Raises ``EhrError``, for a circle too.
    """
    chain = [found.place.id]
    while (place := _replaced_by(found.resource)) is not None:
        if place.id in chain or len(chain) > _MOST_REPLACEMENTS:
            raise EhrUnreadable("patients-in-a-circle")
        chain.append(place.id)
        following = client.read("Patient", place.id)
        if following is None:
            return ()
        found = following
    return tuple(chain)


def patient_faults(found: tuple[str, ...]) -> FaultsInRequest:
    """Return why a subject that is named by an identifier alone cannot be taken."""
    message = (
        "The EHR knows several patients with this identifier; a person must choose."
        if found
        else "The EHR knows no patient with this identifier."
    )
    reason = "patient-ambiguous" if found else "patient-unknown"
    return FaultsInRequest([Fault("QuestionnaireResponse.subject", reason, message)])


def _replaced_by(patient: Mapping[str, Any]) -> Place | None:
    """Return the patient who stands for this one (hl7.org/fhir/R4/valueset-link-type.html)."""
    links = patient.get("link")
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("type") == "replaced-by":
            other = link.get("other")
            place = parse_location(str(other.get("reference", ""))) if isinstance(other, dict) else None
            return place if place and place.resource_type == "Patient" else None
    return None


def _has(patient: Mapping[str, Any], identifier: Identifier) -> bool:
    given = patient.get("identifier")
    return any(
        isinstance(one, dict)
        and (one.get("system", ""), one.get("value")) == (identifier.system, identifier.value)
        for one in (given if isinstance(given, list) else [])
    )
