"""What the FHIR door offers: one table, of which routes, searches, ``metadata`` and OpenAPI are made.

Nothing stands here that does not work; ``tests/service/api/fhir/test_capability.py`` tries every entry.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from service.api.fhir import parameters as read
from service.flows.search_chart import Implicated
from service.store.search import Condition

Interaction = Literal["create", "read", "vread", "update", "history-instance", "search-type"]
ParameterType = Literal["token", "reference", "date", "uri", "string"]


@dataclass(frozen=True, slots=True)
class ElementIs:
    """An element of a definition is one of these texts, or begins with one (``begins``, in any case)."""

    element: str
    values: tuple[str, ...]
    begins: bool = False


Asked = Condition | Implicated | ElementIs


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter: its type, what it finds, and how its value is read."""

    name: str
    type: ParameterType
    meaning: str
    read: Callable[[str, read.Context], Asked]


@dataclass(frozen=True, slots=True)
class Offered:
    """One resource type. ``sort`` is the parameter that results may be sorted by, '' where none is."""

    type: str
    interactions: tuple[Interaction, ...]
    parameters: tuple[Parameter, ...]
    sort: str = ""
    conditional_create: bool = False

    @property
    def by_name(self) -> Mapping[str, Parameter]:
        """Return the parameters by name."""
        return {parameter.name: parameter for parameter in self.parameters}


def _element(element: str, *, kind: ParameterType, name: str = "", meaning: str) -> Parameter:
    def read_values(value: str, _: read.Context) -> ElementIs:
        values = read.alternatives(value)
        if kind == "token":
            values = [code or "" for _, code in map(read.token, values)]
        return ElementIs(element, tuple(values), begins=kind == "string")

    return Parameter(name or element, kind, meaning, read_values)


_DEFINITION = (
    _element("url", kind="uri", meaning="The canonical URL"),
    _element("version", kind="token", meaning="The version"),
    _element("id", kind="token", name="_id", meaning="The logical id, which ends in the version"),
    _element("name", kind="string", meaning="The beginning of the computer's name for it"),
    _element("title", kind="string", meaning="The beginning of the title"),
    _element("status", kind="token", meaning="The publication status"),
)
_ID = Parameter("_id", "token", "The logical id", read.ids)
_PATIENT = Parameter(
    "patient", "reference", "Whom it is about: logical id, relative or absolute", read.patients
)
_SUBJECT = Parameter("subject", "reference", "The same as patient", read.patients)

_RESPONSE = (
    _ID,
    _PATIENT,
    _SUBJECT,
    Parameter(
        "questionnaire", "reference", "The form: canonical URL, with or without |version", read.questionnaires
    ),
    Parameter("authored", "date", "When it was filled in", read.moments),
    Parameter("identifier", "token", "The sender's identifier", read.identifiers),
    Parameter("status", "token", "in-progress, stopped, completed, amended, entered-in-error", read.statuses),
    Parameter("encounter", "reference", "The EHR's encounter", read.encounters),
)
_OBSERVATION = (
    Parameter("_id", "token", "The logical id: response id, full stop, part", read.observation_ids),
    _PATIENT,
    _SUBJECT,
    Parameter("code", "token", "The item, score or panel", read.codes),
    Parameter("category", "token", "survey: every one of ours", read.categories),
    Parameter("date", "date", "When the form was filled in", read.moments),
    Parameter("derived-from", "reference", "The response that gave it", read.derived_from),
    Parameter("status", "token", "final, amended or entered-in-error", read.statuses),
    Parameter("identifier", "token", "Our identifier of the score", read.observation_identifiers),
)
_ISSUE = (
    _ID,
    _PATIENT,
    Parameter("implicated", "reference", "A score that the alert rests on", read.implicated),
    Parameter("identified", "date", "When it was raised", read.moments),
    Parameter("identifier", "token", "Our identifier of the alert", read.alert_identifiers),
)

_VERSIONED: tuple[Interaction, ...] = ("read", "vread", "history-instance", "search-type")
OFFERED: tuple[Offered, ...] = (
    Offered("Questionnaire", ("read", "vread", "search-type"), _DEFINITION),
    Offered("CodeSystem", ("read", "vread", "search-type"), _DEFINITION),
    Offered("ValueSet", ("read", "vread", "search-type"), _DEFINITION),
    Offered("StructureDefinition", ("read", "vread", "search-type"), _DEFINITION),
    Offered(
        "QuestionnaireResponse",
        ("create", "read", "vread", "update", "history-instance", "search-type"),
        _RESPONSE,
        sort="authored",
        conditional_create=True,
    ),
    Offered("Observation", _VERSIONED, _OBSERVATION, sort="date"),
    Offered("DetectedIssue", _VERSIONED, _ISSUE, sort="identified"),
)

# Their references mean the EHR's resources: a read is sent there.
ELSEWHERE = ("Patient", "Practitioner", "Encounter")

# Parameters of every search that narrow nothing.
RESULT_PARAMETERS: Mapping[str, str] = MappingProxyType(
    {
        "_count": "At most so many on a page: 50 unless said, never over 200; 0 counts only",
        "_sort": "The type's date parameter, or that with a minus in front (newest first, the default)",
        "_total": "none leaves the total out, accurate (the default) counts",
        "_format": "json, the only format",
        "_pretty": "true indents the answer",
    }
)
