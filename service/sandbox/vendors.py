"""Surfaces of products: what each declares, and what it refuses all the same.

Modelled on the project's notes on EHRs (statements of 2022 to 2026, vendors' pages, second-hand notes), not
on the products themselves: what passes here is not thereby proven there.
"""

from collections.abc import Mapping
from dataclasses import replace

from service.sandbox.search_parameters import KNOWN_TYPES
from service.sandbox.surfaces import (
    EVERYTHING,
    FHIR_VERSIONS,
    NO_TRANSACTION,
    Habits,
    Interaction,
    Surface,
    TypeSurface,
    whole,
)
from service.sandbox.vendor_checks import (
    check_canvas_response,
    check_epic_note,
    check_oracle_resource,
    refuse_epic_observation,
    refuse_epic_response,
)

_READ: tuple[Interaction, ...] = ("read", "search-type")
_CREATE: tuple[Interaction, ...] = ("create", *_READ)
_UPDATE: tuple[Interaction, ...] = ("update", *_READ)
_WRITE: tuple[Interaction, ...] = ("create", "update", *_READ)
_PEOPLE: Mapping[str, TypeSurface] = {
    "Patient": TypeSurface(_READ, ("identifier", "birthdate")),
    "Practitioner": TypeSurface(_READ, ("identifier",)),
    "Encounter": TypeSurface(_READ, ("patient", "date")),
}
_RESPONSES = ("patient", "encounter", "authored", "questionnaire", "status")
_SCORES = ("patient", "category", "code", "date")
_NOTES = ("patient", "type", "date")

_EPIC = Surface(
    name="epic",
    types={
        **_PEOPLE,
        "QuestionnaireResponse": TypeSurface(
            _CREATE, ("identifier", *_RESPONSES), check=refuse_epic_response
        ),
        "Observation": TypeSurface(_WRITE, _SCORES, check=refuse_epic_observation),
        "DocumentReference": TypeSurface(_WRITE, _NOTES, check=check_epic_note),
        "Communication": TypeSurface(_CREATE, ("patient",)),
        "Task": TypeSurface(_UPDATE, ("patient", "status")),
    },
    habits=Habits(software="Epic", relative_location=True, tells_version=False, max_count=100),
)
_ORACLE = Surface(
    name="oracle",
    types={
        **_PEOPLE,
        "QuestionnaireResponse": TypeSurface(_UPDATE, ("patient",), check=check_oracle_resource),
        "Observation": TypeSurface(_WRITE, _SCORES, check=check_oracle_resource),
        "DocumentReference": TypeSurface(_WRITE, _NOTES, check=check_oracle_resource),
        "Communication": TypeSurface(_CREATE, ("patient",)),
        "Provenance": TypeSurface(_CREATE, ("target",)),
    },
    batch=True,
    habits=Habits(
        software="Oracle Health",
        search_needs=("patient", "_id", "target"),
        repeats_on_pages=True,
        stale_status=409,
    ),
)
_ATHENAHEALTH = Surface(
    name="athenahealth",
    types={
        **_PEOPLE,
        "QuestionnaireResponse": TypeSurface(_CREATE, _RESPONSES),
        "Observation": TypeSurface(_READ, _SCORES),
        "DocumentReference": TypeSurface(_READ, _NOTES),
    },
    habits=Habits(software="athenahealth", plain_not_found=True),
)
_MEDITECH = Surface(
    name="meditech",
    types={
        **_PEOPLE,
        "QuestionnaireResponse": TypeSurface(_WRITE, ("patient", "authored", "questionnaire", "status")),
        "Observation": TypeSurface(_READ, _SCORES),
        "DocumentReference": TypeSurface(_READ, _NOTES),
        "Communication": TypeSurface(_CREATE, ("patient",)),
        "Task": TypeSurface(_READ, ("patient", "status")),
    },
    habits=Habits(software="MEDITECH Greenfield"),
)
_CANVAS = Surface(
    name="canvas",
    types={
        **_PEOPLE,
        "QuestionnaireResponse": TypeSurface(
            _WRITE, ("patient", "questionnaire"), check=check_canvas_response
        ),
        "Observation": TypeSurface(_CREATE, _SCORES),
        "DocumentReference": TypeSurface(_CREATE, _NOTES),
        "Communication": TypeSurface(_CREATE, ("patient",)),
        "Task": TypeSurface(_WRITE, ("patient", "status")),
    },
    habits=Habits(software="Canvas Medical", max_count=100),
)
_OPENEMR = Surface(
    name="openemr",
    types={
        **_PEOPLE,
        "QuestionnaireResponse": TypeSurface(("create", "update", "read"), ()),
        "Observation": TypeSurface(_READ, _SCORES),
        "DocumentReference": TypeSurface(_READ, _NOTES),
    },
    habits=Habits(software="OpenEMR", answers_uuid=True),
)
# A condition may name identifier only; what is known by its url is put under an id of the client's choice.
_BY_URL = ("Questionnaire", "CodeSystem", "ValueSet")
_GOOGLE = replace(
    EVERYTHING,
    name="google",
    types={
        name: replace(whole(name, conditional=True), conditional_create=name not in _BY_URL)
        for name in KNOWN_TYPES
    },
    habits=Habits(software="Google Cloud Healthcare API"),
)


def _generic(name: str, software: str, stale_status: int = 412) -> Surface:
    return replace(EVERYTHING, name=name, habits=Habits(software=software, stale_status=stale_status))


_ALL = (
    EVERYTHING,
    NO_TRANSACTION,
    _generic("hapi", "HAPI FHIR Server", stale_status=409),
    _generic("medplum", "Medplum"),
    _generic("azure", "Azure Health Data Services"),
    _GOOGLE,
    _EPIC,
    _ORACLE,
    _ATHENAHEALTH,
    _MEDITECH,
    _CANVAS,
    _OPENEMR,
)
SURFACES: Mapping[str, Surface] = {one.name: one for one in _ALL}


def find_surface(name: str, fhir_version: str = "4.0.1") -> Surface:
    """Return the surface of that name, in that release. Raises ``ValueError`` naming those that exist."""
    if name not in SURFACES:
        raise ValueError(f"there is no surface of that name; known: {', '.join(SURFACES)}")
    if fhir_version not in FHIR_VERSIONS:
        raise ValueError(f"there is no such FHIR version; known: {', '.join(FHIR_VERSIONS)}")
    return replace(SURFACES[name], fhir_version=fhir_version)
