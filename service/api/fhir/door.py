"""The routes of the FHIR door, made of the table of what it offers."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from service.api.bodies import Body, FormBody
from service.api.doors import Doors
from service.api.fhir.answers import Shown, answer, answer_read, fhir_base, to_searchset
from service.api.fhir.bundle_route import add_bundles
from service.api.fhir.capability import to_capability_statement
from service.api.fhir.definitions import content_tag
from service.api.fhir.described import (
    answers,
    create_request,
    read_answers,
    search_form,
    search_parameters,
)
from service.api.fhir.includes import Shelf, find_included
from service.api.fhir.negotiation import is_strict, require_format, require_json
from service.api.fhir.offered import ELSEWHERE, OFFERED, SUBSCRIPTION, Offered
from service.api.fhir.operations import add_operations
from service.api.fhir.receive import receive_response
from service.api.fhir.search_request import read_search
from service.api.fhir.sources import Chart, Source, seen_by, shelf_of, sources
from service.api.fhir.subscriptions import add_subscriptions
from service.api.fhir.values import context_of
from service.api.fhir.version_routes import add_history, add_update, add_vread, audit_search, read_audited
from service.api.security import access_of
from service.callers import NO_CLINIC
from service.errors import NotFound
from service.flows.search_chart import NO_SUCH
from service.identity.provider import Endpoints, ProviderSilent

_ID = re.compile(r"[A-Za-z0-9-][A-Za-z0-9.-]{0,63}")
NOT_FOUND = 404
TEMPORARY_REDIRECT = 307


def build_router(doors: Doors) -> APIRouter:
    """Return the routes below ``/fhir``."""
    router = APIRouter(prefix="/fhir", tags=["FHIR"], dependencies=[Depends(require_json)])
    _add_metadata(router, doors)
    add_bundles(router, doors)
    add_operations(router, doors)
    by_type = sources(doors.deployment)
    add_subscriptions(router, doors)
    for offered in OFFERED:
        source = by_type[offered.type]
        if offered.type == SUBSCRIPTION:
            _add_search(router, doors, offered, by_type)
            continue
        if "read" in offered.interactions:
            _add_read(router, doors, offered, source)
        if "search-type" in offered.interactions:
            _add_search(router, doors, offered, by_type)
        if "create" in offered.interactions:
            _add_create(router, doors, offered)
        if "update" in offered.interactions:
            add_update(router, doors, offered.type)
        if "vread" in offered.interactions:
            add_vread(router, doors, offered.type, source)
        if "history-instance" in offered.interactions and isinstance(source, Chart):
            add_history(router, doors, offered.type, source)
    for resource_type in ELSEWHERE:
        _add_elsewhere(router, doors, resource_type)
    return router


def _add_metadata(router: APIRouter, doors: Doors) -> None:
    @router.get("/metadata", summary="What this door offers", responses=read_answers("CapabilityStatement"))
    def metadata(request: Request) -> Response:
        settings = doors.deployment.settings
        base = fhir_base(request, settings)
        statement = to_capability_statement(
            base,
            doors.version,
            cors=bool(settings.cors_origins),
            callers=doors.asks_credentials,
            endpoints=_endpoints(doors),
            exports=settings.export_dir is not None,
            names=doors.deployment.names if doors.deployment.clinic != NO_CLINIC else None,
        )
        return answer_read(request, Shown(statement, content_tag(statement)))


def _endpoints(doors: Doors) -> Endpoints | None:
    """Return where callers get tokens; a provider that does not answer now holds no metadata up."""
    try:
        return doors.endpoints() if doors.endpoints else None
    except ProviderSilent:
        return None


def _add_read(router: APIRouter, doors: Doors, offered: Offered, source: Source) -> None:
    kind = offered.type

    @router.get(
        f"/{kind}/{{logical_id}}", name=f"read {kind}", summary=f"Read a {kind}", responses=read_answers(kind)
    )
    def read(request: Request, logical_id: str) -> Response:
        access = access_of(request, "R")
        found = read_audited(doors, access, lambda: seen_by(source, access.sight).read(logical_id))
        return answer_read(request, found)


def _add_search(router: APIRouter, doors: Doors, offered: Offered, by_type: Mapping[str, Source]) -> None:
    kind = offered.type
    source = by_type[kind]

    def answer_search(request: Request, pairs: Sequence[tuple[str, str]]) -> Response:
        access = access_of(request, "E")
        given = dict(pairs)
        require_format(request, given.get("_format"))
        base = fhir_base(request, doors.deployment.settings)
        context = context_of(doors.deployment, base, access.caller)
        asked = read_search(offered, pairs, context, strict=is_strict(request))
        page = seen_by(source, access.sight).search(asked)
        shelf = Shelf(shelf_of(request, by_type), context)
        included = find_included(asked.includes, page.items, shelf)
        audit_search(doors, access, asked, [*page.items, *included])
        bundle = to_searchset(base, kind, page, included, asked)
        return answer(request, bundle, pretty=given.get("_pretty") == "true")

    @router.get(
        f"/{kind}",
        name=f"search {kind}",
        summary=f"Search {kind}",
        responses=answers("Bundle", 200),
        openapi_extra=search_parameters(offered),
    )
    def search(request: Request) -> Response:
        return answer_search(request, parse_qsl(request.url.query, keep_blank_values=True))

    @router.post(
        f"/{kind}/_search",
        name=f"search {kind} by form",
        summary=f"Search {kind} with the parameters in a form",
        responses=answers("Bundle", 200),
        openapi_extra=search_form(offered),
    )
    def search_by_form(request: Request, form: FormBody) -> Response:
        written = f"{request.url.query}&{form.decode('utf-8', 'replace')}"
        return answer_search(request, parse_qsl(written, keep_blank_values=True))


def _add_create(router: APIRouter, doors: Doors, offered: Offered) -> None:
    kind = offered.type

    @router.post(
        f"/{kind}",
        name=f"create {kind}",
        summary=f"Create a {kind}",
        status_code=201,
        responses=answers(kind, 200, 201),
        openapi_extra=create_request(kind),
    )
    def create(request: Request, body: Body) -> Response:
        return receive_response(doors, request, body)


def _add_elsewhere(router: APIRouter, doors: Doors, resource_type: str) -> None:
    """Send the reader of a resource that is the EHR's there, where its base is known."""

    @router.get(
        f"/{resource_type}/{{logical_id}}",
        name=f"find {resource_type}",
        summary=f"Where to read a {resource_type}: in the EHR",
        status_code=TEMPORARY_REDIRECT,
        responses=answers("OperationOutcome") | {TEMPORARY_REDIRECT: {"description": "In the EHR"}},
    )
    def read_elsewhere(request: Request, logical_id: str) -> Response:
        base = doors.deployment.settings.ehr_base_url
        is_known = base is not None and _ID.fullmatch(logical_id) is not None
        doors.audit_read(
            access_of(request, "R"),
            status=TEMPORARY_REDIRECT if is_known else NOT_FOUND,
            patients=[f"Patient/{logical_id}"] if resource_type == "Patient" and is_known else (),
        )
        if not is_known:
            raise NotFound(NO_SUCH)
        return RedirectResponse(f"{base}/{resource_type}/{logical_id}", TEMPORARY_REDIRECT)

    @router.get(
        f"/{resource_type}",
        name=f"find {resource_type} by search",
        summary=f"Where to search {resource_type}: in the EHR",
        status_code=TEMPORARY_REDIRECT,
        responses=answers("OperationOutcome") | {TEMPORARY_REDIRECT: {"description": "In the EHR"}},
    )
    def search_elsewhere(request: Request) -> Response:
        base = doors.deployment.settings.ehr_base_url
        doors.audit_read(access_of(request, "E"), status=TEMPORARY_REDIRECT if base else NOT_FOUND)
        if base is None:
            raise NotFound(NO_SUCH)
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{base}/{resource_type}{query}", TEMPORARY_REDIRECT)
