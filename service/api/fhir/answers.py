"""Answers of the FHIR door: one resource, or a page of them, with ETag, Last-Modified and absolute links."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any

from fastapi import Request
from starlette.responses import Response

from fhir_mappings import json_text
from service.api.fhir.negotiation import is_unchanged
from service.api.outcomes import FHIR_JSON
from service.clock import from_instant
from service.settings import Settings

NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class Shown:
    """One resource as it is answered. ``tag`` is its version; ``updated`` the instant of it, where known."""

    resource: dict[str, Any]
    tag: str
    updated: str | None = None

    def headers(self) -> dict[str, str]:
        """Return ETag and, where the moment is known, Last-Modified."""
        found = {"ETag": f'W/"{self.tag}"'}
        if self.updated:
            found["Last-Modified"] = format_datetime(from_instant(self.updated), usegmt=True)
        return found


@dataclass(frozen=True, slots=True)
class ShownPage:
    """One page of a search; ``next_after`` is None at the end, ``total`` None where it was not counted."""

    items: Sequence[Shown]
    total: int | None
    next_after: tuple[str, int] | None


def fhir_base(request: Request, settings: Settings) -> str:
    """Return the address of this door: the public one of the settings, else the one that was used."""
    if settings.public_base_url:
        return f"{settings.public_base_url}/fhir"
    return f"{request.url.scheme}://{request.headers['host']}/fhir"


def answer_read(request: Request, shown: Shown) -> Response:
    """Return the answer to a read: the resource, or 304 where the caller has this version already."""
    headers = shown.headers()
    if is_unchanged(request, headers["ETag"], shown.updated):
        return Response(None, NOT_MODIFIED, headers)
    return answer(request, shown.resource, headers=headers)


def answer(
    request: Request,
    resource: object,
    status: int = 200,
    headers: dict[str, str] | None = None,
    *,
    pretty: bool = False,
) -> Response:
    """Return a resource as FHIR JSON, indented where ``pretty`` or the query's ``_pretty`` asks for it."""
    indented = pretty or request.query_params.get("_pretty") == "true"
    write = json_text.dumps_indented if indented else json_text.dumps
    return Response(write(resource), status, headers, FHIR_JSON)


def to_searchset(base: str, resource_type: str, page: ShownPage, queries: dict[str, str]) -> dict[str, Any]:
    """Return the Bundle of a page; ``queries`` are those of its links by relation."""
    address = f"{base}/{resource_type}"
    links = [
        {"relation": relation, "url": f"{address}?{query}" if query else address}
        for relation, query in queries.items()
    ]
    entries = [
        {
            "fullUrl": f"{address}/{one.resource['id']}",
            "resource": one.resource,
            "search": {"mode": "match"},
        }
        for one in page.items
    ]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        **({} if page.total is None else {"total": page.total}),
        "link": links,
        **({"entry": entries} if entries else {}),
    }
