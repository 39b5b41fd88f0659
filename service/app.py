"""The app: one deployment behind its doors."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from fastapi import Depends, FastAPI, Request
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Scope

from service import VERSION
from service.api import health, notices, public_keys, smart
from service.api.doors import Doors
from service.api.fhir import door as fhir
from service.api.fhir.answers import fhir_base
from service.api.fhir.values import context_of
from service.api.gate import Gate
from service.api.head import HeadAsGet
from service.api.identity import Identity
from service.api.preflight import Preflights
from service.api.proxies import source_of
from service.api.refusals import add_refusal_handlers
from service.api.schema import describe
from service.api.security import authorize, caller_of, serve_loopback
from service.api.sights import Grants
from service.api.v1 import routes as v1
from service.ehr.client import EhrClient
from service.flows.count_refused import RefusalCounts
from service.flows.deployment import Deployment
from service.log import Log
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
    smart.build_router,
)


def create_app(
    deployment: Deployment,
    log: Log,
    wake: Callable[[], None] = lambda: None,
    *,
    notice: Callable[[], None] = lambda: None,
    client: EhrClient | None = None,
    ehr_troubles: Callable[[], Sequence[str]] = tuple,
    identity: Identity | None = None,
) -> FastAPI:
    """Return the app of a deployment whose database is migrated. ``wake`` is called after every write.

    ``notice`` is called when the EHR tells of news, ``client`` the way to it for what must be asked there;
    ``ehr_troubles`` says what is wrong with it, for ``/ready``. ``identity`` tells who calls by a credential;
    without it this machine alone is served.
    It starts no thread and opens no socket; the worker beside it is the caller's.
    """
    app = FastAPI(
        title="Alliance service",
        version=VERSION,
        description="The therapeutic alliance beside a clinic's EHR: scores in; FHIR, trend and alert out.",
        docs_url=None,  # the framework's pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(_authorize(deployment))],
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
        endpoints=identity.endpoints if identity else None,
    )
    for build_router in DOORS:
        app.include_router(build_router(doors))
    add_refusal_handlers(app, doors)
    app.openapi = partial(_described, app)  # type: ignore[method-assign] # FastAPI's own way to do so
    _add_middleware(app, deployment, log, identity)
    return app


def _authorize(deployment: Deployment) -> Callable[[Request], Awaitable[None]]:
    """Return what every route asks before anything else: whether its caller's scopes open it."""

    async def check(request: Request) -> None:
        caller = caller_of(request)
        base = fhir_base(request, deployment.settings)
        context = context_of(deployment, base, caller.name)
        authorize(request, Grants(caller, deployment.settings, context))

    return check


def _add_middleware(app: FastAPI, deployment: Deployment, log: Log, identity: Identity | None) -> None:
    """Put before the doors what every request passes, the innermost first."""
    settings = deployment.settings
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
    counts = RefusalCounts(deployment.database, deployment.clinic, deployment.clock)

    def count_refusal(scope: Scope, cause: str) -> None:
        counts.add(source_of(scope, settings.trusted_proxies), cause)

    app.router.add_event_handler("shutdown", counts.flush)
    app.add_middleware(
        Gate,
        log=log,
        max_body_bytes=settings.max_body_bytes,
        identify=identity.identify if identity else serve_loopback(settings.cors_origins),
        identify_waits=identity is not None,
        count_refusal=count_refusal,
    )


def _described(app: FastAPI) -> dict[str, Any]:
    """Return the app's OpenAPI description, made at the first asking."""
    if app.openapi_schema is None:
        app.openapi_schema = describe(app)
    return app.openapi_schema
