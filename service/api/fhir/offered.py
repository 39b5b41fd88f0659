"""What the FHIR door offers: one table, of which routes, searches, ``metadata`` and OpenAPI are made.

Nothing stands here that does not work; ``tests/service/api/fhir/test_capability.py`` tries every entry.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from service.api.fhir.chart_parameters import ISSUE, OBSERVATION, RESPONSE
from service.api.fhir.definition_parameters import DEFINITION, DEFINITION_SORTS
from service.api.fhir.search_parameter import Parameter
from service.api.fhir.subscription_parameters import SUBSCRIPTION_PARAMETERS
from service.api.fhir.trace_parameters import AUDIT_EVENT_PARAMETERS, PROVENANCE
from service.api.fhir.work_parameters import FLAG, TASK

Interaction = Literal["create", "read", "vread", "update", "delete", "history-instance", "search-type"]
_UPDATED = "_lastUpdated"
# Its routes are its own (subscriptions.py), but for the search.
SUBSCRIPTION = "Subscription"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its name, without the dollar sign, and the canonical URL of its definition."""

    name: str
    definition: str


@dataclass(frozen=True, slots=True)
class Offered:
    """One resource type. ``sort`` is its own parameter that results may be sorted by, '' where none is.

    ``more_sorts`` are others. ``includes`` and ``reverse_includes`` stand in ``includes.py``.
    """

    type: str
    interactions: tuple[Interaction, ...]
    parameters: tuple[Parameter, ...]
    sort: str = ""
    more_sorts: tuple[str, ...] = (_UPDATED,)
    conditional_create: bool = False
    operations: tuple[Operation, ...] = ()
    includes: tuple[str, ...] = ()
    reverse_includes: tuple[str, ...] = ()

    @property
    def by_name(self) -> Mapping[str, Parameter]:
        """Return the parameters by name."""
        return {parameter.name: parameter for parameter in self.parameters}

    @property
    def sorts(self) -> tuple[str, ...]:
        """Return every parameter that results may be sorted by, the type's own first."""
        return (self.sort, *self.more_sorts) if self.sort else self.more_sorts


_VREAD: tuple[Interaction, ...] = ("read", "vread", "search-type")
_VERSIONED: tuple[Interaction, ...] = ("read", "vread", "history-instance", "search-type")
_SDC_OPERATION = "http://hl7.org/fhir/uv/sdc/OperationDefinition"
_CORE_OPERATION = "http://hl7.org/fhir/OperationDefinition"
_POPULATE = Operation("populate", f"{_SDC_OPERATION}/Questionnaire-populate")
_EXTRACT = Operation("extract", f"{_SDC_OPERATION}/QuestionnaireResponse-extract")
_VALIDATE = Operation("validate", f"{_CORE_OPERATION}/Resource-validate")
_BACKPORT_OPERATION = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition"
_STATUS = Operation("status", f"{_BACKPORT_OPERATION}/backport-subscription-status")
_EVENTS = Operation("events", f"{_BACKPORT_OPERATION}/backport-subscription-events")
_LASTN = Operation("lastn", f"{_CORE_OPERATION}/Observation-lastn")


def _definition(kind: str, *operations: Operation) -> Offered:
    return Offered(
        kind,
        _VREAD,
        DEFINITION,
        sort="date",
        more_sorts=DEFINITION_SORTS,
        operations=operations,
    )


OFFERED: tuple[Offered, ...] = (
    _definition("Questionnaire", _POPULATE),
    _definition("CodeSystem"),
    _definition("ValueSet"),
    _definition("StructureDefinition"),
    Offered(
        "QuestionnaireResponse",
        ("create", "read", "vread", "update", "history-instance", "search-type"),
        RESPONSE,
        sort="authored",
        conditional_create=True,
        operations=(_EXTRACT, _VALIDATE),
        includes=("QuestionnaireResponse:questionnaire",),
    ),
    Offered(
        "Observation",
        _VERSIONED,
        OBSERVATION,
        sort="date",
        operations=(_LASTN,),
        includes=("Observation:derived-from", "Observation:has-member"),
        reverse_includes=("Provenance:target",),
    ),
    Offered(
        "DetectedIssue",
        _VERSIONED,
        ISSUE,
        sort="identified",
        includes=("DetectedIssue:implicated",),
    ),
    Offered("Task", ("read", "vread", "update", "search-type"), TASK, sort="authored-on"),
    Offered("Flag", _VREAD, FLAG, sort="date"),
    Offered("Provenance", _VREAD, PROVENANCE, sort="recorded"),
    Offered("AuditEvent", _VREAD, AUDIT_EVENT_PARAMETERS, sort="date"),
    Offered(
        SUBSCRIPTION,
        ("create", "read", "update", "delete", "search-type"),
        SUBSCRIPTION_PARAMETERS,
        operations=(_STATUS, _EVENTS),
    ),
)

# Of the whole door: bulk export, of all, of all patients, of a therapist's caseload.
_BULK = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition"
EXPORT = Operation("export", f"{_BULK}/export")
PATIENT_EXPORT = Operation("export", f"{_BULK}/patient-export")
GROUP_EXPORT = Operation("export", f"{_BULK}/group-export")

# Their references mean the EHR's resources: a read is sent there.
ELSEWHERE = ("Patient", "Practitioner", "Encounter")

# Parameters of every search that narrow nothing.
RESULT_PARAMETERS: Mapping[str, str] = MappingProxyType(
    {
        "_count": "At most so many on a page: 50 unless said, never over 200; 0 counts only",
        "_sort": "One of the type's sorts, with a minus in front for the newest or last first",
        "_total": "none leaves the total out, accurate (the default) counts",
        "_summary": "true, text, data, count or false: which elements are answered",
        "_elements": "The elements to answer, beside those that must be there",
        "_include": "Resources that the found ones refer to, such as Observation:derived-from",
        "_revinclude": "Resources that refer to the found ones, such as Provenance:target",
        "_format": "json, the only format",
        "_pretty": "true indents the answer",
    }
)
