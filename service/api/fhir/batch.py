"""A batch: every entry goes through the app as a request of its own; it is answered and audited as one."""

import asyncio
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from fastapi import Request
from starlette.datastructures import Headers

from fhir_mappings import json_text
from service.api.fhir.bundle_entries import BundleEntry, SentBundle
from service.api.outcomes import to_outcome
from service.errors import FaultsInRequest

Json = dict[str, Any]
# What the entries share of the headers of the Bundle's own request.
_PASSED_ON = ("host", "origin", "authorization", "accept", "prefer")
_SHARED = ("type", "asgi", "http_version", "scheme", "server", "client")
_FIRST_REFUSAL = 400


@dataclass(slots=True)
class EntryAnswer:
    """The answer to one entry, as it comes in; ``whole`` once its last piece did."""

    status: int = 0
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    whole: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, message: MutableMapping[str, Any]) -> None:
        """Take one message of it, as an ASGI server would."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = Headers(raw=message["headers"])
            return
        self.body += message.get("body", b"")
        if not message.get("more_body", False):
            self.whole.set()


@dataclass(slots=True)
class SentEntry:
    """What an entry's request reads: its body once, and that its caller has gone once it has its answer.

    CAUTION: a body that is handed out again at each asking keeps whoever waits for the caller to go, as every
    streamed answer does, from ever giving the event loop back: the process then answers nobody any more.
    """

    body: bytes
    answer: EntryAnswer
    is_read: bool = False

    async def receive(self) -> MutableMapping[str, Any]:
        """Return the next message, as an ASGI server would."""
        if not self.is_read:
            self.is_read = True
            return {"type": "http.request", "body": self.body, "more_body": False}
        await self.answer.whole.wait()
        return {"type": "http.disconnect"}


async def answer_batch(request: Request, bundle: SentBundle, base: str) -> Json:
    """Return the ``batch-response``; one entry that is refused does not hold up another."""
    answered: dict[int, Json] = {}
    for entry in bundle.in_order_of_doing():
        if entry.faults:
            unreadable = to_outcome(FaultsInRequest(entry.faults, status=_FIRST_REFUSAL))
            answered[entry.place] = to_response_entry(_FIRST_REFUSAL, {}, unreadable, base)
        else:
            answered[entry.place] = _shown(await _call(request, entry), base)
    return to_bundle_response("batch", [answered[entry.place] for entry in bundle.entries])


def to_bundle_response(kind: str, entries: list[Json]) -> Json:
    """Return the Bundle that answers a batch or transaction; ``entries`` stand as the requests did."""
    listed = {"entry": entries} if entries else {}
    return {"resourceType": "Bundle", "type": f"{kind}-response", **listed}


def to_response_entry(status: int, headers: Mapping[str, str], body: Json | None, base: str) -> Json:
    """Return one entry of the answer: what its own request would have been answered with."""
    response: Json = {"status": f"{status} {HTTPStatus(status).phrase}"}
    if "location" in headers:
        response["location"] = headers["location"]
    if "etag" in headers:
        response["etag"] = headers["etag"]
    if "last-modified" in headers:
        response["lastModified"] = parsedate_to_datetime(headers["last-modified"]).isoformat()
    if body is None:
        return {"response": response}
    about_the_request = status >= _FIRST_REFUSAL or "location" in headers
    if body["resourceType"] == "OperationOutcome" and about_the_request:
        return {"response": response | {"outcome": body}}
    address = {"fullUrl": f"{base}/{body['resourceType']}/{body['id']}"} if "id" in body else {}
    return {**address, "resource": body, "response": response}


def _shown(answer: EntryAnswer, base: str) -> Json:
    body = json_text.loads(answer.body) if answer.body else None
    return to_response_entry(answer.status, answer.headers, body, base)


async def _call(request: Request, entry: BundleEntry) -> EntryAnswer:
    """Return what is answered to one entry, by way of the entrance."""
    path, _, query = entry.url.partition("?")
    body = json_text.dumps(entry.resource) if entry.resource is not None else b""
    outer = request.scope
    scope = {
        **{key: outer[key] for key in _SHARED if key in outer},
        "method": entry.method,
        "path": f"/fhir/{unquote(path)}",
        "raw_path": f"/fhir/{path}".encode(),
        "root_path": outer.get("root_path", ""),
        "query_string": query.encode(),
        "headers": _headers(request, entry, body),
        # The gate lets it in with its Bundle, as the same caller's.
        "state": {
            "entry_of": outer["state"]["request_id"],
            "caller": outer["state"]["caller"],
            "address": outer["state"]["address"],
        },
    }
    answer = EntryAnswer()
    await request.scope["state"]["entrance"](scope, SentEntry(body, answer).receive, answer.take)
    return answer


def _headers(request: Request, entry: BundleEntry, body: bytes) -> list[tuple[bytes, bytes]]:
    given = request.headers
    headers = {name: given[name] for name in _PASSED_ON if name in given}
    headers["x-request-id"] = request.scope["state"]["request_id"]
    if body:
        headers |= {"content-type": "application/fhir+json", "content-length": str(len(body))}
    headers |= {name.lower(): value for name, value in entry.conditions.items()}
    return [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
