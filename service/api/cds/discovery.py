"""``GET /cds-services``: which services there are; the same for everybody, and nothing about anybody."""

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.responses import Response

from service.api.cds.models import ServicesAnswer
from service.api.cds.services import SERVICES, CdsService
from service.api.doors import Doors
from service.api.scopes_table import HOOKS
from service.api.v1.reading import answer


def build_router(_: Sequence[Doors]) -> APIRouter:
    """Return the route of the discovery."""
    router = APIRouter(tags=["cards"])

    @router.get(
        HOOKS,
        operation_id="listCdsServices",
        summary="Which services give cards (CDS Hooks discovery)",
        responses={200: {"model": ServicesAnswer}},
    )
    def list_services() -> Response:
        """Answer hook, id and prefetch of each service."""
        return answer({"services": [_shown(one) for one in SERVICES.values()]})

    return router


def _shown(service: CdsService) -> dict[str, object]:
    return {
        "hook": service.hook,
        "id": service.id,
        "title": service.title,
        "description": service.description,
        "prefetch": dict(service.prefetch),
    }
