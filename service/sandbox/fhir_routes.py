"""The FHIR addresses of the sandbox EHR (hl7.org/fhir/R4/http.html)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from starlette.exceptions import HTTPException

from service.sandbox import decimal_json
from service.sandbox.bundles import perform_bundle
from service.sandbox.capability import capability_statement
from service.sandbox.chart import Chart, Written, etag, location, parse_resource
from service.sandbox.refusals import Refusal, operation_outcome
from service.sandbox.search import Query
from service.sandbox.store import Stored
from service.sandbox.surfaces import Habits, Surface

OpenChart = Callable[[str], AbstractContextManager[Chart]]
FHIR_JSON = "application/fhir+json; charset=utf-8"
MAX_BODY_BYTES = 10_000_000
_ISSUE_CODES = {404: "not-found", 405: "not-supported", 500: "exception"}


async def raw_body(request: Request) -> bytes:
    """Return the body of a write. Raises 413 when it is too long, 415 when it is not called JSON."""
    body = await request.body()
    if len(body) > MAX_BODY_BYTES:
        raise Refusal(413, "too-long", "the body is too long")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in {"application/fhir+json", "application/json"}:
        raise Refusal(415, "not-supported", "the body is to be application/fhir+json")
    return body


async def form_query(request: Request) -> str:
    """Return the query of a search by POST: its form and what stands in its address."""
    form = (await request.body()).decode("utf-8", errors="replace")
    return "&".join(part for part in (request.url.query, form) if part)


Body = Annotated[bytes, Depends(raw_body)]
FormQuery = Annotated[str, Depends(form_query)]


def fhir_routes(open_chart: OpenChart, surface: Surface, started_at: datetime) -> APIRouter:
    """Return the routes below ``/fhir``."""
    router = APIRouter(prefix="/fhir")

    @router.get("/metadata")
    def metadata(request: Request) -> Response:
        return _json(capability_statement(surface, _base(request), started_at))

    @router.post("")
    @router.post("/")
    def post_bundle(request: Request, body: Body) -> Response:
        bundle = parse_resource(body, "Bundle")
        return _json(perform_bundle(bundle, partial(open_chart, _base(request))))

    _add_type_routes(router, open_chart, surface.habits)
    _add_instance_routes(router, open_chart, surface.habits)
    return router


def _add_type_routes(router: APIRouter, open_chart: OpenChart, habits: Habits) -> None:
    @router.post("/{resource_type}")
    def create(request: Request, resource_type: str, body: Body) -> Response:
        resource = parse_resource(body, resource_type)
        with open_chart(_base(request)) as chart:
            match = chart.match_for_create(resource_type, request.headers.get("if-none-exist"))
            written = Written(match, 200) if match else chart.create(resource)
            chart.refuse_dangling([written.stored])
        return _written(written, request, habits)

    @router.get("/{resource_type}")
    def search(request: Request, resource_type: str) -> Response:
        return _search(request, resource_type, request.url.query, open_chart, habits)

    @router.post("/{resource_type}/_search")
    def search_by_post(request: Request, resource_type: str, query: FormQuery) -> Response:
        return _search(request, resource_type, query, open_chart, habits)


def _add_instance_routes(router: APIRouter, open_chart: OpenChart, habits: Habits) -> None:
    @router.get("/{resource_type}/{resource_id}")
    def read(request: Request, resource_type: str, resource_id: str) -> Response:
        with open_chart(_base(request)) as chart:
            return _stored(chart.read(resource_type, resource_id))

    @router.get("/{resource_type}/{resource_id}/_history/{version}")
    def vread(request: Request, resource_type: str, resource_id: str, version: str) -> Response:
        with open_chart(_base(request)) as chart:
            return _stored(chart.read(resource_type, resource_id, version))

    @router.put("/{resource_type}/{resource_id}")
    def update(request: Request, resource_type: str, resource_id: str, body: Body) -> Response:
        resource = parse_resource(body, resource_type)
        with open_chart(_base(request)) as chart:
            written = chart.update(resource, resource_id, request.headers.get("if-match"))
            chart.refuse_dangling([written.stored])
        return _written(written, request, habits)


def answer_as_gateway(_: Request, error: Exception) -> Response:
    """Return a refusal as a gateway would, that knows no FHIR: what is not found in plain text."""
    if isinstance(error, Refusal) and error.status == HTTPStatus.NOT_FOUND:
        return Response("no Route matched with those values", 404, media_type="text/plain")
    return answer_refusal(_, error)


def answer_refusal(_: Request, error: Exception) -> Response:
    """Return the OperationOutcome of a refusal, of an error of the framework, or of a fault of our own."""
    if isinstance(error, Refusal):
        return _json(operation_outcome(error.code, error.text, error.vendor_code), error.status)
    status = error.status_code if isinstance(error, HTTPException) else 500
    text = "the sandbox failed" if status == 500 else "there is nothing like that here"  # noqa: PLR2004 - HTTP's own number
    return _json(operation_outcome(_ISSUE_CODES.get(status, "invalid"), text), status)


def _search(
    request: Request, resource_type: str, query_string: str, open_chart: OpenChart, habits: Habits
) -> Response:
    base = _base(request)
    with open_chart(base) as chart:
        query, page, total = chart.search(resource_type, query_string)
    links = [{"relation": "self", "url": _page_url(base, resource_type, query, query.offset)}]
    following = query.offset + len(page)
    if page and following < total:
        # Never the whole page again, or it would never end.
        following -= 1 if habits.repeats_on_pages and len(page) > 1 else 0
        links.append({"relation": "next", "url": _page_url(base, resource_type, query, following)})
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": total, "link": links}
    entries = [
        f'{{"fullUrl":{decimal_json.dumps(f"{base}/{one.type}/{one.id}")},'
        f'"resource":{one.body},"search":{{"mode":"match"}}}}'
        for one in page
    ]
    text = decimal_json.dumps(bundle)
    # The stored texts go out as they are: no digit of a decimal passes through a float.
    return _text(f'{text[:-1]},"entry":[{",".join(entries)}]}}' if entries else text)


def _page_url(base: str, resource_type: str, query: Query, offset: int) -> str:
    pairs = [pair for pair in query.pairs if pair[0] != "_offset"]
    pairs += [("_offset", str(offset))] if offset else []
    return f"{base}/{resource_type}?{urlencode(pairs)}" if pairs else f"{base}/{resource_type}"


def _written(written: Written, request: Request, habits: Habits) -> Response:
    if habits.answers_uuid and request.method == "POST":
        return _json({"uuid": written.stored.id}, written.status)
    minimal = "return=minimal" in request.headers.get("prefer", "")
    answer = _text("" if minimal else written.stored.body, written.status)
    place = location(written.stored, "" if habits.relative_location else _base(request))
    answer.headers["Location"] = place.removeprefix("/")
    if habits.tells_version:
        answer.headers["ETag"] = etag(written.stored)
    return answer


def _stored(stored: Stored) -> Response:
    answer = _text(stored.body)
    answer.headers["ETag"] = etag(stored)
    return answer


def _json(value: dict[str, Any], status: int = 200) -> Response:
    return _text(decimal_json.dumps(value), status)


def _text(text: str, status: int = 200) -> Response:
    return Response(text, status_code=status, media_type=FHIR_JSON)


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}/fhir"
