"""The CapabilityStatement, made of the one table of what the door offers.

Source: hl7.org/fhir/R4/capabilitystatement.html.
"""

from typing import Any

from fhir_mappings.elements import PUBLISHER, narrative
from service.api.fhir.offered import OFFERED, Offered

FHIR_VERSION = "4.0.1"
# When what is offered last changed.
DATE = "2026-11-27"


def to_capability_statement(base: str, software_version: str) -> dict[str, Any]:
    """Return what this door answers, for the address by which the caller reached it."""
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
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "security": {"description": "Answers callers on this machine only."},
                "resource": [_resource(offered) for offered in OFFERED],
                "interaction": [{"code": code} for code in ("batch", "transaction")],
            }
        ],
    }


def _resource(offered: Offered) -> dict[str, Any]:
    versioned = "vread" in offered.interactions
    operations = [{"name": one.name, "definition": one.definition} for one in offered.operations]
    return {
        "type": offered.type,
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
            {"name": one.name, "type": one.type, "documentation": one.meaning} for one in offered.parameters
        ],
        **({"operation": operations} if operations else {}),
    }
