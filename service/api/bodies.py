"""Bodies that hold scores, read raw in one place: type, size, depth, JSON with exact decimals, an object.

Example: ``def create(body: Body) -> Response`` gets the bytes as they were sent and the object that they are.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from email.message import Message
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from fhir_mappings import json_text
from fhir_mappings.errors import Fault
from service.errors import FaultsInRequest, WrongMediaType

JSON_TYPES = frozenset({"application/fhir+json", "application/json"})
# As the MIME parameter fhirVersion names them (hl7.org/fhir/R4/http.html#version-parameter); '': not named.
FHIR_VERSIONS = frozenset({"", "4.0", "4.0.1"})
FORM_TYPE = "application/x-www-form-urlencoded"
# A longer body is parsed beside the event loop, so that other requests are not held up by it.
_LONG = 32_768
_LONG_EXPONENT = re.compile(rb"[0-9.][eE][+-]?[0-9]{2}")
_MOST_DIGITS = 100


@dataclass(frozen=True, slots=True)
class JsonBody:
    """One request's body: its bytes, and the object in them with ``Decimal`` for numbers with a point."""

    raw: bytes
    value: dict[str, Any]


async def read_json_body(request: Request) -> JsonBody:
    """Return the body; raises ``WrongMediaType``, ``TooLarge`` or, with status 400, ``FaultsInRequest``."""
    check_media_type(request, JSON_TYPES)
    raw = await request.body()
    return await run_in_threadpool(parse_object, raw) if len(raw) > _LONG else parse_object(raw)


Body = Annotated[JsonBody, Depends(read_json_body)]


async def read_optional_body(request: Request) -> JsonBody:
    """Return the body as ``read_json_body`` does; an empty object where there is none."""
    return await read_json_body(request) if await request.body() else JsonBody(b"", {})


OptionalBody = Annotated[JsonBody, Depends(read_optional_body)]


async def read_form_body(request: Request) -> bytes:
    """Return the bytes of a form-encoded body, none where nothing was sent.

    Raises ``WrongMediaType`` or ``TooLarge``.
    """
    if "content-type" not in request.headers and not await request.body():
        return b""
    check_media_type(request, frozenset({FORM_TYPE}))
    return await request.body()


FormBody = Annotated[bytes, Depends(read_form_body)]


def parse_object(raw: bytes) -> JsonBody:
    """Return the JSON object in these bytes; raises ``FaultsInRequest`` (400) where there is none."""
    try:
        value = json_text.loads(raw)
    except ValueError as error:
        # The text is json_text's own: it holds no part of what was sent.
        reason = "nested-too-deeply" if "deeply" in str(error) else "not-json"
        raise FaultsInRequest([Fault("", reason, f"The body: {error}.")], status=400) from None
    if not isinstance(value, dict):
        fault = Fault("", "not-an-object", "The body must be one JSON object.")
        raise FaultsInRequest([fault], status=400)
    if not _can_be_written(raw, value):
        fault = Fault("", "not-json", "The body holds a number or character that JSON can hardly hold.")
        raise FaultsInRequest([fault], status=400)
    return JsonBody(raw, value)


def _can_be_written(raw: bytes, value: object) -> bool:
    """Tell whether the body could be answered again: no half characters, no numbers without end."""
    if _LONG_EXPONENT.search(raw) and not _is_plain(value):
        return False
    try:
        json_text.dumps(value)
    except TypeError:
        return False
    return True


def _is_plain(node: object) -> bool:
    # CAUTION: 1E999999999 is a short text that would be written with a thousand million digits.
    if isinstance(node, dict):
        return all(_is_plain(one) for one in node.values())
    if isinstance(node, list):
        return all(_is_plain(one) for one in node)
    return not isinstance(node, Decimal) or abs(node.adjusted()) < _MOST_DIGITS


def check_media_type(request: Request, accepted: frozenset[str]) -> None:
    """Raise ``WrongMediaType`` unless the body is of an accepted type, in UTF-8, and not compressed."""
    header = Message()
    header["Content-Type"] = request.headers.get("content-type", "")
    charset = header.get_content_charset("utf-8")
    if header.get_content_type() not in accepted or charset not in {"utf-8", "us-ascii"}:
        names = " or ".join(sorted(accepted))
        raise WrongMediaType(f"Content-Type must be {names}, in UTF-8.", at="Content-Type")
    if str(header.get_param("fhirVersion", "")) not in FHIR_VERSIONS:
        raise WrongMediaType("Only FHIR 4.0 is read here.", at="Content-Type")
    if request.headers.get("content-encoding", "identity") != "identity":
        raise WrongMediaType("A compressed body is not read here.", at="Content-Encoding")
