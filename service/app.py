"""The app: each clinic's deployment behind its doors, and one gate before them all."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from fastapi import Depends, FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from fhir_mappings.codes import Names
from service import VERSION
from service.api import forms, health, notices, public_keys, smart
from service.api.browsers import is_page
from service.api.cds import discovery, hooks
from service.api.clinician import routes as clinician
from service.api.clinician import sign_in
from service.api.clinics import Clinics, Face
from service.api.doors import Doors
from service.api.fhir import door as fhir
from service.api.fhir import export_results as exports
from service.api.fhir.answers import fhir_base
from service.api.fhir.values import context_of
from service.api.gate import Gate, Limits
from service.api.head import HeadAsGet
from service.api.identity import Identity
from service.api.preflight import Preflights
from service.api.proxies import source_of
from service.api.refusals import add_refusal_handlers
from service.api.refused_audit import RefusedAudit
from service.api.schema import describe
from service.api.security import authorize, caller_of, serve_loopback
from service.api.sights import Grants
from service.api.v1 import routes as v1
from service.api.v1.imports import IMPORTS
from service.callers import NO_CLINIC
from service.ehr.client import EhrClient
from service.flows.deployment import Deployment
from service.log import Log
from service.service_settings import ServiceSettings
from service.settings import Settings
from service.store.audit import ReadAudit

# What a page of a configured origin may send, and see of the answer (fetch.spec.whatwg.org, CORS).
_REQUEST_HEADERS = (
    *("Accept", "Authorization", "Content-Type", "If-Match", "If-Modified-Since", "If-None-Exist"),
    *("If-None-Match", "If-Range", "Prefer", "Range", "X-Request-Id"),
)
_ANSWER_HEADERS = (
    *(
        "Accept-Ranges",
        "Content-Location",
        "Content-Range",
        "ETag",
        "Expires",
        "Last-Modified",
        "Location",
        "Retry-After",
        "X-Progress",
    ),
    "X-Request-Id",
)
# One packet holds less than this anyway; a higher level costs more time than it saves.
_WORTH_PACKING_BYTES = 1400
_PACKING = 5

# The busiest first: the framework asks each router in turn whether an address is its own.
DOORS = (
    *(v1.build_router, fhir.build_router, exports.build_router, hooks.build_router),
    clinician.build_router,
)
# What answers for all clinics of the process.
COMMON = (
    *(health.build_router, notices.build_router, forms.build_router, sign_in.build_router),
    *(public_keys.build_router, smart.build_router, discovery.build_router),
)


@dataclass(frozen=True, slots=True)
class Served:
    """One clinic and what runs beside its doors.

    ``wake`` is called after every write, ``notice`` when the EHR tells of news; ``client`` is the way to it
    for what must be asked there; ``ehr_troubles`` says what is wrong with it, for ``/ready``.
    """

    deployment: Deployment
    wake: Callable[[], None] = lambda: None
    notice: Callable[[], None] = lambda: None
    client: EhrClient | None = None
    ehr_troubles: Callable[[], Sequence[str]] = tuple


def create_app(
    deployment: Deployment,
    log: Log,
    wake: Callable[[], None] = lambda: None,
    *,
    notice: Callable[[], None] = lambda: None,
    client: EhrClient | None = None,
    ehr_troubles: Callable[[], Sequence[str]] = tuple,
    identity: Identity | None = None,
) -> ASGIApp:
    """Return the service of one clinic: see ``create_service``."""
    served = Served(deployment, wake, notice, client, ehr_troubles)
    return create_service([served], log, identity)


def create_service(clinics: Sequence[Served], log: Log, identity: Identity | None = None) -> ASGIApp:
    """Return what serves these clinics, whose database is migrated; there is at least one.

    ``identity`` tells by a credential whose a request is; without it everybody on this machine is the one
    clinic's caller. Of several clinics the first one's settings count for what all share. It starts no thread
    and opens no socket; the workers beside it are the caller's.
    """
    doors = [_doors_of(one, log, identity) for one in clinics]
    first = clinics[0].deployment
    nobody = doors[0] if len(doors) == 1 else _doors_of(Served(_of_no_clinic(first)), log, identity)
    refused = RefusedAudit(nobody, doors)
    clinic = nobody.deployment.clinic
    shared = create_clinic_app(nobody, doors, partial(_flushed, refused))
    face = Face(shared, clinic)
    apps: Mapping[str, ASGIApp] = (
        {first.clinic: shared}
        if len(doors) == 1
        else {one.deployment.clinic: create_clinic_app(one) for one in doors}
    )

    return Gate(
        _wrapped(Clinics(face, apps), first.settings),
        log=log,
        limits=_limits(first.settings),
        identify=identity.identify if identity else serve_loopback(first.settings.cors_origins, first.clinic),
        identify_hook=identity.identify_hook if identity else None,
        figures=first.figures,
        by_cookie=identity.by_cookie if identity else None,
        ancestors=sorted({host for one in doors for host in one.deployment.settings.frame_ancestors}),
        note=refused.add,
        source=partial(source_of, trusted=first.settings.trusted_proxies),
    )


def _limits(settings: Settings) -> Limits:
    return Limits(
        body_bytes=settings.max_body_bytes,
        request_seconds=settings.request_seconds,
        requests_per_minute=settings.requests_per_minute,
        requests_at_once=settings.requests_at_once,
        streamed={("POST", IMPORTS): settings.max_import_bytes},
    )


def create_clinic_app(
    doors: Doors, clinics: Sequence[Doors] = (), lifespan: Lifespan[FastAPI] | None = None
) -> FastAPI:
    """Return the app of one clinic, without the gate; with what answers for all ``clinics``, if any.

    CAUTION: it lets everybody in whom the gate let through, and knows no other clinic than its own.
    """
    app = _ClinicApp(
        lifespan=lifespan,
        title="Alliance service",
        version=VERSION,
        description="The therapeutic alliance beside a clinic's EHR: scores in; FHIR, trend and alert out.",
        docs_url=None,  # the framework's pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(_authorize(doors.deployment))],
    )
    for build_router in DOORS:
        app.include_router(build_router(doors))
    for build_common in COMMON if clinics else ():
        app.include_router(build_common(clinics))
    add_refusal_handlers(app, doors)
    app.openapi = partial(_described, app)  # type: ignore[method-assign] # FastAPI's own way to do so
    return app


def _authorize(deployment: Deployment) -> Callable[[Request], Awaitable[None]]:
    """Return what every route asks before anything else: whether its caller's scopes open it."""

    async def check(request: Request) -> None:
        caller = caller_of(request)
        base = fhir_base(request, deployment.settings)
        context = context_of(deployment, base, caller.name)
        authorize(request, Grants(caller, deployment.settings, context))

    return check


def describe_app(deployment: Deployment) -> dict[str, Any]:
    """Return the OpenAPI description of all that is served; nothing is opened for it."""
    doors = _doors_of(Served(deployment), Log())
    return describe(create_clinic_app(doors, [doors]))


class _ClinicApp(FastAPI):
    """FastAPI, but for its outermost layer: the gate answers failures, and before all clinics."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return the layers from the first that the gate does not stand for."""
        outermost = super().build_middleware_stack()
        if not isinstance(outermost, ServerErrorMiddleware):
            raise TypeError("the framework has other layers than expected")
        return outermost.app


def _doors_of(served: Served, log: Log, identity: Identity | None = None) -> Doors:
    return Doors(
        served.deployment,
        ReadAudit(served.deployment.database),
        log,
        served.wake,
        VERSION,
        ehr_troubles=served.ehr_troubles,
        notice=served.notice,
        client=served.client,
        asks_credentials=identity is not None,
        endpoints=identity.endpoints if identity else None,
        ways=identity.ways.get(served.deployment.clinic, ()) if identity else (),
    )


def _of_no_clinic(first: Deployment) -> Deployment:
    """Return a deployment with nothing of a clinic's, for what everybody is told alike."""
    shared = {name: getattr(first.settings, name) for name in ServiceSettings.model_fields}
    settings = Settings.model_validate(shared)
    return Deployment(
        database=first.database,
        settings=settings,
        names=Names(settings.canonical_base),
        instruments=MappingProxyType({}),
        known=MappingProxyType({}),
        norms=MappingProxyType({}),
        parameters=first.parameters,
        clock=first.clock,
        clinic=NO_CLINIC,
        figures=first.figures,
    )


def _packed(app: ASGIApp) -> ASGIApp:
    """Return an app whose answers are packed, but for people's pages.

    Those hold a secret beside what their address says: packed, their length would tell it (breachattack.com).
    """
    packing = GZipMiddleware(app, minimum_size=_WORTH_PACKING_BYTES, compresslevel=_PACKING)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        is_plain = scope["type"] == "http" and is_page(scope["path"])
        await (app if is_plain else packing)(scope, receive, send)

    return serve


def _wrapped(app: ASGIApp, settings: Settings) -> ASGIApp:
    """Return an app behind what every request passes after the gate."""
    app = HeadAsGet(_packed(app))
    if not settings.cors_origins:
        return app
    return Preflights(
        app,
        allow_origins=settings.cors_origins,
        allow_methods=("GET", "HEAD", "POST", "PUT", "DELETE"),
        allow_headers=_REQUEST_HEADERS,
        expose_headers=_ANSWER_HEADERS,
    )


@asynccontextmanager
async def _flushed(refused: RefusedAudit, _: FastAPI) -> AsyncIterator[None]:
    """Serve; at the end the audit gets what was counted last."""
    yield
    await run_in_threadpool(refused.flush)


def _described(app: FastAPI) -> dict[str, Any]:
    """Return the app's OpenAPI description, made at the first asking."""
    if app.openapi_schema is None:
        app.openapi_schema = describe(app)
    return app.openapi_schema
