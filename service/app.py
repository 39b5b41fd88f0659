"""The app: one deployment behind its doors."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import FastAPI

from service import VERSION
from service.api import health
from service.api.doors import Doors
from service.api.fhir import door as fhir
from service.api.gate import Gate
from service.api.refusals import add_refusal_handlers
from service.api.schema import describe
from service.api.v1 import routes as v1
from service.flows.deployment import Deployment
from service.log import Log
from service.store.audit import ReadAudit

# The busiest first: the framework asks each router in turn whether an address is its own.
DOORS = (v1.build_router, fhir.build_router, health.build_router)


def create_app(deployment: Deployment, log: Log, wake: Callable[[], None] = lambda: None) -> FastAPI:
    """Return the app of a deployment whose database is migrated. ``wake`` is called after every write.

    It starts no thread and opens no socket; the worker beside it is the caller's.
    """
    app = FastAPI(
        title="Alliance service",
        version=VERSION,
        description="The therapeutic alliance beside a clinic's EHR: scores in; FHIR, trend and alert out.",
        docs_url=None,  # the framework's pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    doors = Doors(deployment, ReadAudit(deployment.database), log, wake, VERSION)
    for build_router in DOORS:
        app.include_router(build_router(doors))
    add_refusal_handlers(app, doors)
    app.openapi = partial(_described, app)  # type: ignore[method-assign] # FastAPI's own way to do so
    app.add_middleware(Gate, log=log, max_body_bytes=deployment.settings.max_body_bytes)
    return app


def _described(app: FastAPI) -> dict[str, Any]:
    """Return the app's OpenAPI description, made at the first asking."""
    if app.openapi_schema is None:
        app.openapi_schema = describe(app)
    return app.openapi_schema
