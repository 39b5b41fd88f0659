"""Write surfaces: which interactions an EHR offers for which type. The sandbox declares and enforces one.

Those of products are in ``vendors.py``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from service.sandbox.search_parameters import KNOWN_TYPES, parameters_of

Interaction = Literal["create", "update", "read", "vread", "search-type"]
FHIR_VERSIONS = ("4.0.1", "4.3.0", "5.0.0")
ALL: tuple[Interaction, ...] = ("create", "update", "read", "vread", "search-type")


@dataclass(frozen=True, slots=True)
class TypeSurface:
    """What an EHR offers for one resource type.

    ``search`` names its search parameters beyond ``_id`` and ``_lastUpdated``. Without ``conditional_create``
    an If-None-Exist is ignored and the resource created, as real EHRs do; without ``update_create`` a PUT to
    an unknown id is refused. ``check`` raises ``Refusal`` for a resource that the EHR would refuse.
    """

    interactions: tuple[Interaction, ...]
    search: tuple[str, ...]
    conditional_create: bool = False
    update_create: bool = False
    check: Callable[[Mapping[str, Any]], None] | None = None


@dataclass(frozen=True, slots=True)
class Habits:
    """How an EHR answers, where EHRs differ.

    ``answers_uuid``: a create is answered by ``{"uuid": …}`` without a Location. ``search_needs``: a search
    without one of these is refused. ``repeats_on_pages``: the last resource of a page is on the next one too.
    ``plain_not_found``: what is not known is answered by a gateway, in plain text. ``stale_status`` answers
    an If-Match that names another version.
    """

    software: str = "Alliance sandbox EHR"
    relative_location: bool = False
    tells_version: bool = True
    answers_uuid: bool = False
    search_needs: tuple[str, ...] = ()
    max_count: int = 500
    repeats_on_pages: bool = False
    plain_not_found: bool = False
    stale_status: int = 412


AS_FHIR_SAYS = Habits()


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
    habits: Habits = AS_FHIR_SAYS


def whole(resource_type: str, *, conditional: bool) -> TypeSurface:
    """Return a type with everything that the sandbox can do; ``conditional``: by condition and own id too."""
    searchable = tuple(parameters_of(resource_type))
    return TypeSurface(ALL, searchable, conditional_create=conditional, update_create=conditional)


EVERYTHING = Surface(
    name="everything",
    types={name: whole(name, conditional=True) for name in KNOWN_TYPES},
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
NO_TRANSACTION = Surface(
    name="no-transaction",
    types={name: whole(name, conditional=False) for name in _PLAIN_TYPES},
)
