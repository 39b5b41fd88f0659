"""Which elements of the types that we serve FHIR calls a summary, and which must be there.

Elements at the root only; ``value`` stands for ``valueQuantity`` and its kin. Source: hl7.org/fhir/R4, the
flags and cardinalities of each type; a test compares the models of fhir.resources.
"""

from collections.abc import Mapping
from types import MappingProxyType

# Elements of which each type of value has a name of its own.
CHOICES = frozenset({"effective", "identified", "occurred", "value"})

MANDATORY: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "CodeSystem": frozenset({"content", "status"}),
        "DetectedIssue": frozenset({"status"}),
        "Flag": frozenset({"code", "status", "subject"}),
        "Observation": frozenset({"code", "status"}),
        "Provenance": frozenset({"agent", "recorded", "target"}),
        "Questionnaire": frozenset({"status"}),
        "QuestionnaireResponse": frozenset({"status"}),
        "StructureDefinition": frozenset({"abstract", "kind", "name", "status", "type", "url"}),
        "Task": frozenset({"intent", "status"}),
        "ValueSet": frozenset({"status"}),
    }
)

_DEFINITION = frozenset(
    {
        *("contact", "date", "experimental", "identifier", "jurisdiction", "name"),
        *("publisher", "status", "title", "url", "useContext", "version"),
    }
)
SUMMARY: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "CodeSystem": _DEFINITION
        | {
            *("caseSensitive", "compositional", "content", "count", "filter", "hierarchyMeaning"),
            *("property", "supplements", "valueSet", "versionNeeded"),
        },
        "DetectedIssue": frozenset(
            {"author", "code", "identified", "identifier", "implicated", "patient", "severity", "status"}
        ),
        "Flag": frozenset(
            {"author", "category", "code", "encounter", "identifier", "period", "status", "subject"}
        ),
        "Observation": frozenset(
            {
                *("basedOn", "code", "component", "derivedFrom", "effective", "encounter", "focus"),
                *("hasMember", "identifier", "issued", "partOf", "performer", "status", "subject", "value"),
            }
        ),
        "Provenance": frozenset({"recorded", "target"}),
        "Questionnaire": _DEFINITION | {"code", "effectivePeriod", "subjectType"},
        "QuestionnaireResponse": frozenset(
            {
                *("author", "authored", "basedOn", "encounter", "identifier", "partOf"),
                *("questionnaire", "source", "status", "subject"),
            }
        ),
        "StructureDefinition": _DEFINITION
        | {
            *("abstract", "baseDefinition", "context", "contextInvariant", "derivation"),
            *("fhirVersion", "keyword", "kind", "type"),
        },
        "Task": frozenset(
            {
                *("basedOn", "businessStatus", "code", "description", "encounter", "executionPeriod"),
                *("focus", "for", "groupIdentifier", "instantiatesCanonical", "instantiatesUri", "intent"),
                *("lastModified", "location", "owner", "partOf", "requester", "status", "statusReason"),
            }
        ),
        "ValueSet": _DEFINITION | {"immutable"},
    }
)
