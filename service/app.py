"""The app: one deployment behind its doors."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from service import VERSION
from service.api import health, notices, public_keys
from service.api.doors import Doors
from service.api.fhir import door as fhir
from service.api.gate import Gate
from service.api.head import HeadAsGet
from service.api.preflight import Preflights
from service.api.refusals import add_refusal_handlers
from service.api.schema import describe
from service.api.v1 import routes as v1
from service.api.v1.imports import IMPORTS
from service.ehr.client import EhrClient
from service.flows.deployment import Deployment
from service.log import Log
from service.settings import Settings
from service.store.audit import ReadAudit

# What a page of a configured origin may send, and see of the answer (fetch.spec.whatwg.org, CORS).
_REQUEST_HEADERS = (
    *("Accept", "Authorization", "Content-Type", "If-Match", "If-Modified-Since", "If-None-Exist"),
    *("If-None-Match", "Prefer", "X-Request-Id"),
)
_ANSWER_HEADERS = ("Content-Location", "ETag", "Last-Modified", "Location", "X-Request-Id")
# One packet holds less than this anyway; a higher level costs more time than it saves.
_WORTH_PACKING_BYTES = 1400
_PACKING = 5

# The busiest first: the framework asks each router in turn whether an address is its own.
DOORS = (
    v1.build_router,
    fhir.build_router,
    health.build_router,
    notices.build_router,
    public_keys.build_router,
)


def create_app(
    deployment: Deployment,
    log: Log,
    wake: Callable[[], None] = lambda: None,
    *,
    notice: Callable[[], None] = lambda: None,
    client: EhrClient | None = None,
    ehr_troubles: Callable[[], Sequence[str]] = tuple,
) -> FastAPI:
    """Return the app of a deployment whose database is migrated. ``wake`` is called after every write.

    ``notice`` is called when the EHR tells of news, ``client`` the way to it for what must be asked there;
    ``ehr_troubles`` says what is wrong with it, for ``/ready``.
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
    doors = Doors(
        deployment,
        ReadAudit(deployment.database),
        log,
        wake,
        VERSION,
        ehr_troubles=ehr_troubles,
        notice=notice,
        client=client,
    )
    for build_router in DOORS:
        app.include_router(build_router(doors))
    add_refusal_handlers(app, doors)
    app.openapi = partial(_described, app)  # type: ignore[method-assign] # FastAPI's own way to do so
    _add_middleware(app, deployment.settings, log)
    return app


def _add_middleware(app: FastAPI, settings: Settings, log: Log) -> None:
    """Put before the doors what every request passes, the innermost first."""
    app.add_middleware(GZipMiddleware, minimum_size=_WORTH_PACKING_BYTES, compresslevel=_PACKING)
    app.add_middleware(HeadAsGet)
    if settings.cors_origins:
        app.add_middleware(
            Preflights,
            allow_origins=settings.cors_origins,
            allow_methods=("GET", "HEAD", "POST", "PUT"),
            allow_headers=_REQUEST_HEADERS,
            expose_headers=_ANSWER_HEADERS,
        )
    app.add_middleware(
        Gate,
        log=log,
        max_body_bytes=settings.max_body_bytes,
        larger={IMPORTS: settings.max_import_bytes},
        origins=settings.cors_origins,
    )


def _described(app: FastAPI) -> dict[str, Any]:
    """Return the app's OpenAPI description, made at the first asking."""
    if app.openapi_schema is None:
        app.openapi_schema = describe(app)
    return app.openapi_schema
