"""Answers of the FHIR door: one resource, or a page of them, with ETag, Last-Modified and absolute links."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any

from fastapi import Request
from starlette.responses import Response

from fhir_mappings import json_text
from fhir_mappings.errors import Fault
from service.api.fhir.negotiation import is_unchanged
from service.api.fhir.search_request import SearchRequest
from service.api.fhir.shaping import Shape, read_shape, shaped
from service.api.outcomes import FHIR_JSON, warning_outcome
from service.api.proxies import base_of
from service.clock import from_instant
from service.errors import FaultsInRequest
from service.settings import Settings

NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class Shown:
    """One resource as it is answered. ``tag`` is its version; ``updated`` the instant of it, where known.

    ``patient`` is the reference of whom it is about, for the audit; '' for what is about nobody.
    """

    resource: dict[str, Any]
    tag: str
    updated: str | None = None
    patient: str = ""

    def headers(self) -> dict[str, str]:
        """Return ETag and, where the moment is known, Last-Modified."""
        found = {"ETag": f'W/"{self.tag}"'}
        if self.updated:
            found["Last-Modified"] = format_datetime(from_instant(self.updated), usegmt=True)
        return found


@dataclass(frozen=True, slots=True)
class ShownPage:
    """One page of a search; ``next_after`` is None at the end, ``total`` None where it was not counted.

    ``upto`` is the newest row when the first page was read; ``notes`` are sentences that belong to the page.
    """

    items: Sequence[Shown]
    total: int | None
    next_after: tuple[str, int] | None
    upto: int = 0
    notes: tuple[str, ...] = ()


def fhir_base(request: Request, settings: Settings) -> str:
    """Return the address of this door: the public one of the settings, else the one that was used."""
    return f"{base_of(request, settings)}/fhir"


def answer_read(request: Request, shown: Shown) -> Response:
    """Return the answer to a read: the resource, or 304 where the caller has this version already."""
    headers = shown.headers()
    if is_unchanged(request, headers["ETag"], shown.updated):
        return Response(None, NOT_MODIFIED, headers)
    return answer(request, shaped(shown.resource, _shape_of(request)), headers=headers)


def _shape_of(request: Request) -> Shape:
    """Return how a read is to look; raises ``FaultsInRequest`` (400)."""
    faults: list[Fault] = []
    pairs = list(request.query_params.multi_items())
    shape = read_shape(pairs, lambda name, message: faults.append(Fault(name, "bad-parameter", message)))
    if shape.summary == "count":
        faults.append(Fault("_summary", "bad-parameter", "Only a search can be counted."))
    if faults:
        raise FaultsInRequest(faults, status=400)
    return shape


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


def to_searchset(
    base: str, resource_type: str, page: ShownPage, included: Sequence[Shown], asked: SearchRequest
) -> dict[str, Any]:
    """Return the Bundle of a page: what was found, then what comes along, then what is to be said of it."""
    address = f"{base}/{resource_type}"
    links = [
        {"relation": relation, "url": f"{address}?{query}" if query else address}
        for relation, query in asked.links(page.next_after, page.upto).items()
    ]
    # Where it is only counted, nothing else may stand there.
    notes = () if asked.shape.summary == "count" else (*page.notes, *_left_out(asked))
    entries = [
        *(_entry(base, one, "match", asked.shape) for one in page.items),
        *(_entry(base, one, "include", asked.shape) for one in included),
        *({"resource": warning_outcome(note), "search": {"mode": "outcome"}} for note in notes),
    ]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        **({} if page.total is None else {"total": page.total}),
        "link": links,
        **({"entry": entries} if entries else {}),
    }


def _left_out(asked: SearchRequest) -> tuple[str, ...]:
    """Return a sentence on what was not looked at: with a misspelt name everybody's would be found."""
    if not asked.left_out:
        return ()
    named = ", ".join(sorted(name for name in asked.left_out if name)) or "a parameter that has no name"
    return (f"Not offered for this type, so left out of account: {named}.",)


def _entry(base: str, shown: Shown, mode: str, shape: Shape) -> dict[str, Any]:
    resource = shown.resource
    return {
        "fullUrl": f"{base}/{resource['resourceType']}/{resource['id']}",
        "resource": shaped(resource, shape),
        "search": {"mode": mode},
    }
