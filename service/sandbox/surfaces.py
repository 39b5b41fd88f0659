"""Write surfaces: which interactions an EHR offers for which type. The sandbox declares and enforces one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from service.sandbox.search_parameters import KNOWN_TYPES, parameters_of

Interaction = Literal["create", "update", "read", "vread", "search-type"]
FHIR_VERSIONS = ("4.0.1", "4.3.0", "5.0.0")
_ALL: tuple[Interaction, ...] = ("create", "update", "read", "vread", "search-type")


@dataclass(frozen=True, slots=True)
class TypeSurface:
    """What an EHR offers for one resource type.

    ``search`` names its search parameters beyond ``_id`` and ``_lastUpdated``. Without ``conditional_create``
    an If-None-Exist is ignored and the resource created, as real EHRs do; without ``update_create`` a PUT to
    an unknown id is refused.
    """

    interactions: tuple[Interaction, ...]
    search: tuple[str, ...]
    conditional_create: bool = False
    update_create: bool = False


@dataclass(frozen=True, slots=True)
class Surface:
    """What an EHR offers as a whole: its types, whether it takes bundles, the release that it says to speak.

    Whatever release it is, resources are stored as they come: nothing is converted.
    """

    name: str
    types: Mapping[str, TypeSurface]
    transaction: bool = False
    batch: bool = False
    fhir_version: str = "4.0.1"


def find_surface(name: str, fhir_version: str = "4.0.1") -> Surface:
    """Return the surface of that name, in that release. Raises ``ValueError`` naming those that exist."""
    if name not in SURFACES:
        raise ValueError(f"there is no surface of that name; known: {', '.join(SURFACES)}")
    if fhir_version not in FHIR_VERSIONS:
        raise ValueError(f"there is no such FHIR version; known: {', '.join(FHIR_VERSIONS)}")
    return replace(SURFACES[name], fhir_version=fhir_version)


def _offered(resource_type: str, *, conditional: bool) -> TypeSurface:
    searchable = tuple(parameters_of(resource_type))
    return TypeSurface(_ALL, searchable, conditional_create=conditional, update_create=conditional)


_EVERYTHING = Surface(
    name="everything",
    types={name: _offered(name, conditional=True) for name in KNOWN_TYPES},
    transaction=True,
    batch=True,
)
_PLAIN_TYPES = (
    "Patient",
    "Practitioner",
    "Questionnaire",
    "CodeSystem",
    "ValueSet",
    "Device",
    "QuestionnaireResponse",
    "Observation",
    "DetectedIssue",
)
# Modelled on no product: what is common to the EHRs that have neither transactions nor conditional create.
_NO_TRANSACTION = Surface(
    name="no-transaction",
    types={name: _offered(name, conditional=False) for name in _PLAIN_TYPES},
)

SURFACES: Mapping[str, Surface] = {one.name: one for one in (_EVERYTHING, _NO_TRANSACTION)}
