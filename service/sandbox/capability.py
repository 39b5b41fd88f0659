"""The CapabilityStatement: true to the surface that is enforced."""

from datetime import datetime
from typing import Any

from service.sandbox.search_parameters import parameters_of
from service.sandbox.surfaces import Surface, TypeSurface

_SEARCH_TYPE = {
    "token": "token",
    "reference": "reference",
    "uri": "uri",
    "canonical": "reference",
    "date": "date",
}


def capability_statement(surface: Surface, base: str, started_at: datetime) -> dict[str, Any]:
    """Return what the sandbox can do, as a CapabilityStatement of kind ``instance``."""
    bundles = [{"code": name} for name in ("transaction", "batch") if getattr(surface, name)]
    rest = {
        "mode": "server",
        "resource": [_type_capability(name, offered) for name, offered in surface.types.items()],
        **({"interaction": bundles} if bundles else {}),
    }
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": started_at.isoformat(timespec="seconds"),
        "kind": "instance",
        "software": {"name": surface.habits.software},
        "implementation": {"description": f"Sandbox EHR, surface {surface.name}", "url": base},
        "fhirVersion": surface.fhir_version,
        "format": ["application/fhir+json", "json"],
        "rest": [rest],
    }


def _type_capability(resource_type: str, offered: TypeSurface) -> dict[str, Any]:
    kinds = {name: _SEARCH_TYPE[kind] for name, (kind, _) in parameters_of(resource_type).items()}
    searchable = {"_id": "token", "_lastUpdated": "date"} | {name: kinds[name] for name in offered.search}
    search = [{"name": name, "type": kind} for name, kind in searchable.items()]
    return {
        "type": resource_type,
        "interaction": [{"code": code} for code in offered.interactions],
        "versioning": "versioned",
        "updateCreate": offered.update_create,
        "conditionalCreate": offered.conditional_create,
        **({"searchParam": search} if "search-type" in offered.interactions else {}),
    }
