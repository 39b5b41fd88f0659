"""Whose a PractitionerRole is."""

import re

from fhir_mappings.elements import Json

_PRACTITIONER = re.compile(r"(https?://\S+/)?Practitioner/[A-Za-z0-9\-.]{1,64}")
_LONGEST = 255


def practitioner_of_role(role: Json) -> str:
    """Return the reference of the Practitioner who holds a role, as the EHR wrote it; '' where it names none.

    A version in the reference is left out; one by identifier alone names nobody.
    Source: hl7.org/fhir/R4/practitionerrole.html.
    """
    named = role.get("practitioner")
    reference = named.get("reference") if isinstance(named, dict) else None
    if not isinstance(reference, str):
        return ""
    person = reference.partition("/_history/")[0]
    return person if _PRACTITIONER.fullmatch(person) and len(person) <= _LONGEST else ""
