"""The public halves of the keys that we sign in with at the EHR: it reads them here, on nobody's behalf.

Source: hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html, "JWKS URL"; RFC 7517.
"""

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.responses import Response

from fhir_mappings import json_text
from service.api.doors import Doors
from service.ehr.auth.keys import public_set
from service.ehr.connection import signing_keys

_HEADERS = {"Cache-Control": "public, max-age=300"}


def build_router(clinics: Sequence[Doors]) -> APIRouter:
    """Return the route ``/.well-known/jwks.json`` with all clinics' keys; empty where there are none."""
    router = APIRouter(tags=["health"])
    # Computed once: settings do not change while the process runs.
    keys = [key for doors in clinics for key in signing_keys(doors.deployment.settings)]
    body = json_text.dumps(public_set(keys))

    @router.get("/.well-known/jwks.json", summary="The public keys that we sign in with at the EHR")
    def jwks() -> Response:
        return Response(body, media_type="application/json", headers=_HEADERS)

    return router
