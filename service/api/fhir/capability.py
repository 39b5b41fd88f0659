"""The CapabilityStatement, made of the one table of what the door offers.

Source: hl7.org/fhir/R4/capabilitystatement.html.
"""

from typing import Any

from fhir_mappings.codes import BACKPORT, Names
from fhir_mappings.elements import PUBLISHER, extension, narrative
from fhir_mappings.subscription import PROFILE
from fhir_mappings.topics import TOPICS
from service.api.fhir.offered import (
    EXPORT,
    GROUP_EXPORT,
    OFFERED,
    PATIENT_EXPORT,
    SUBSCRIPTION,
    Offered,
    Operation,
)
from service.identity.provider import Endpoints

FHIR_VERSION = "4.0.1"
# When what is offered last changed.
DATE = "2026-11-27"
_BULK_DATA = "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data"
_BACKPORT_SERVER = (
    "http://hl7.org/fhir/uv/subscriptions-backport/CapabilityStatement/backport-subscription-server-r4"
)
_SERVICES = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


def to_capability_statement(
    base: str,
    software_version: str,
    *,
    cors: bool,
    callers: bool = False,
    endpoints: Endpoints | None = None,
    exports: bool = False,
    names: Names | None,
) -> dict[str, Any]:
    """Return what this door answers, for the address by which the caller reached it.

    ``cors``: pages of other sites may call it. ``callers``: they need a credential; ``endpoints``: where they
    get a token, None where the identity provider has not said so. ``exports``: there is a place for them.
    ``names``: whose topics are told, None where nobody knows whose are meant.
    """
    return {
        "resourceType": "CapabilityStatement",
        "id": "alliance-service",
        "text": narrative("What the alliance service offers in FHIR R4"),
        "url": f"{base}/metadata",
        "version": software_version,
        "name": "AllianceService",
        "title": "Alliance service",
        "status": "active",
        "experimental": False,
        "date": DATE,
        "publisher": PUBLISHER,
        "kind": "instance",
        "software": {"name": "alliance-service", "version": software_version},
        "implementation": {"description": "Therapeutic alliance beside an EHR", "url": base},
        "fhirVersion": FHIR_VERSION,
        "instantiates": [_BACKPORT_SERVER, *([_BULK_DATA] if exports else [])],
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "security": {"cors": cors, **_security(endpoints, callers=callers)},
                "resource": [
                    *(_resource(offered, names) for offered in OFFERED),
                    *(_exporting("Patient", PATIENT_EXPORT) if exports else ()),
                    *(_exporting("Group", GROUP_EXPORT) if exports else ()),
                ],
                "interaction": [{"code": code} for code in ("batch", "transaction")],
                **({"operation": [_operation(EXPORT)]} if exports else {}),
            }
        ],
    }


def _security(endpoints: Endpoints | None, *, callers: bool) -> dict[str, Any]:
    """Return what is said of credentials. Source: hl7.org/fhir/smart-app-launch/conformance.html."""
    if not callers:
        return {"description": "Answers callers on this machine only."}
    text = "A bearer token of the clinic's identity provider with SMART scopes, or an API key."
    if endpoints is None:
        return {"description": text}
    told = {"token": endpoints.token, "authorize": endpoints.authorization}
    uris = [{"url": name, "valueUri": address} for name, address in told.items() if address]
    service = [{"coding": [{"system": _SERVICES, "code": "SMART-on-FHIR"}]}]
    return {"extension": [{"url": _URIS, "extension": uris}], "service": service, "description": text}


def _exporting(kind: str, operation: Operation) -> list[dict[str, Any]]:
    """Return a type that nothing but exports are offered of: its resources are the EHR's, or a caseload."""
    return [{"type": kind, "operation": [_operation(operation)]}]


def _operation(one: Operation) -> dict[str, Any]:
    return {"name": one.name, "definition": one.definition}


def _topics(names: Names) -> dict[str, Any]:
    """Return the extensions that name every topic, and what each tells of: R4 has no resource for it."""
    url = f"{BACKPORT}/capabilitystatement-subscriptiontopic-canonical"
    return {
        "extension": [extension(url, valueCanonical=names.topic(one)) for one in TOPICS],
        "documentation": "\n".join(
            f"* `{names.topic(one.id)}`: {one.meaning}. About {one.focus}; filters: {', '.join(one.filters)}."
            for one in TOPICS.values()
        ),
    }


def _resource(offered: Offered, names: Names | None) -> dict[str, Any]:
    versioned = "vread" in offered.interactions
    operations = [_operation(one) for one in offered.operations]
    return {
        **(_topics(names) if names and offered.type == SUBSCRIPTION else {}),
        "type": offered.type,
        **({"supportedProfile": [PROFILE]} if offered.type == SUBSCRIPTION else {}),
        "interaction": [{"code": code} for code in offered.interactions],
        "versioning": "versioned" if versioned else "no-version",
        "readHistory": "history-instance" in offered.interactions,
        "updateCreate": False,
        "conditionalCreate": offered.conditional_create,
        "conditionalRead": "full-support",
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        **({"searchInclude": list(offered.includes)} if offered.includes else {}),
        **({"searchRevInclude": list(offered.reverse_includes)} if offered.reverse_includes else {}),
        "searchParam": [
            {"name": one.name, "type": one.type, "documentation": one.documentation}
            for one in offered.parameters
        ],
        **({"operation": operations} if operations else {}),
    }
