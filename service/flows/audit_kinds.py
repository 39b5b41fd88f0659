"""What an access was, in FHIR's words: told from its route and action, so that it costs no question."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

# What /v1 shows under its own names.
_RESOURCES: Mapping[str, str] = MappingProxyType(
    {"responses": "QuestionnaireResponse", "rupture-alerts": "DetectedIssue"}
)
_BY_ACTION: Mapping[str, str] = MappingProxyType(
    {"C": "create", "R": "read", "U": "update", "D": "delete", "E": "operation"}
)
DISCLOSE = "disclose"
SEARCH = "search-type"


@dataclass(frozen=True, slots=True)
class AuditKind:
    """``interaction`` is FHIR's word for it, or ``disclose``; ``resource`` the subject's type, or ''.

    ``action`` is that of the AuditEvent: a search executes, whatever its method.
    Source: hl7.org/fhir/R4/valueset-type-restful-interaction.html.
    """

    interaction: str
    resource: str
    action: str


@cache
def kind_of(route: str, action: str) -> AuditKind:
    """Return what an access to a route's template was; there are no more of them than routes and acts.

    ``/fhir/Observation/{logical_id}``, R -> read of an Observation.
    """
    interaction = _interaction(route, action)
    return AuditKind(interaction, _resource(route), "E" if interaction == SEARCH else action)


def _interaction(route: str, action: str) -> str:
    if route == "deliver" or (route, action) == ("notify", "R"):
        return DISCLOSE
    last = route.rpartition("/")[2]
    if last == "{version}":
        return "vread"
    if last == "_history":
        return "history-instance"
    if "$" in last or not route.startswith("/"):
        return _BY_ACTION[action] if action in "CUD" else "operation"
    is_search = last == "_search" or (action in "RE" and "{" not in route)
    is_fhir_type = route.startswith("/fhir/") and action in "RE"
    if is_search and (is_fhir_type or action == "R"):
        return SEARCH
    return _BY_ACTION[action]


def _resource(route: str) -> str:
    steps = route.split("/")
    if route.startswith("/fhir/"):
        return steps[2] if steps[2][:1].isupper() else ""
    if route.startswith("/v1/"):
        return _RESOURCES.get(steps[2], "")
    return "QuestionnaireResponse" if route in {"/fhir", "inbound"} else ""
