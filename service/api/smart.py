"""``.well-known/smart-configuration``: where callers get tokens, and which scopes there are.

Source: hl7.org/fhir/smart-app-launch/conformance.html.
"""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from fhir_mappings import json_text
from service.api.doors import Doors
from service.api.scopes_table import OPENINGS
from service.errors import IdentityProviderSilent, NotFound
from service.identity.provider import Endpoints, ProviderSilent
from service.scopes import METRICS, OPERATIONS, THERAPIST_METRICS

PATHS = ("/.well-known/smart-configuration", "/fhir/.well-known/smart-configuration")
# What the identity provider can do is its own affair; these are ours.
CAPABILITIES = ("permission-v1", "permission-v2", "permission-patient", "permission-user")


def build_router(clinics: Sequence[Doors]) -> APIRouter:
    """Return the routes of the SMART configuration; without a credential nobody's clinic is known."""
    router = APIRouter(tags=["health"])
    ask = clinics[0].endpoints

    def smart_configuration() -> Response:
        """Answer what the identity provider says of itself; 404 without one, or with one for each clinic."""
        if ask is None:
            raise NotFound("There is no one identity provider here: ask the clinic where callers get tokens.")
        try:
            endpoints = ask()
        except ProviderSilent as silent:
            raise IdentityProviderSilent("The clinic's identity provider does not answer.") from silent
        found = to_smart_configuration(endpoints)
        return Response(json_text.dumps(found), media_type="application/json")

    for path in PATHS:
        router.add_api_route(
            path,
            smart_configuration,
            methods=["GET"],
            name=f"SMART configuration at {path}",
            summary="Where callers get tokens",
            include_in_schema=path == PATHS[0],
            responses={404: {"description": "No identity provider is configured, or one for each clinic."}},
        )
    return router


def to_smart_configuration(endpoints: Endpoints) -> dict[str, Any]:
    """Return the configuration; what the provider does not say is left out."""
    told = {
        "jwks_uri": endpoints.jwks,
        "authorization_endpoint": endpoints.authorization,
        "token_endpoint": endpoints.token,
        "introspection_endpoint": endpoints.introspection,
        "revocation_endpoint": endpoints.revocation,
    }
    return {
        "issuer": endpoints.issuer,
        **{name: address for name, address in told.items() if address},
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": scopes_supported(),
        "capabilities": list(CAPABILITIES),
    }


def scopes_supported() -> list[str]:
    """Return every scope that opens a route, by level and type."""
    rights: dict[str, str] = {}
    for opening in OPENINGS.values():
        for need in opening.needs:
            rights[need.type] = rights.get(need.type, "") + need.right
    types = [
        (kind, "".join(one for one in "cruds" if one in found)) for kind, found in sorted(rights.items())
    ]
    fhir = [
        f"{level}/{kind}.{found}"
        for level in ("system", "user", "patient")
        for kind, found in types
        if kind[0].isupper()
    ]
    read = [f"alliance/{one}.read" for one in (OPERATIONS, METRICS, THERAPIST_METRICS)]
    return [*fhir, *read, f"alliance/{OPERATIONS}.write"]
