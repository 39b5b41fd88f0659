"""What the caller's headers ask for: the format (JSON only), the FHIR version (4.0), the Prefer header."""

import re
from datetime import UTC
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import parse_qsl

from fastapi import Request

from fhir_mappings.errors import Fault
from service.api.bodies import FHIR_VERSIONS
from service.clock import from_instant
from service.errors import FaultsInRequest, NotAcceptable

_JSON = frozenset({"application/fhir+json", "application/json", "text/json", "application/*", "*/*"})
_FORMATS = frozenset({"json", "application/fhir+json", "application/json", "text/json"})

Return = Literal["minimal", "representation", "OperationOutcome"]
_RETURNS: dict[str, Return] = {
    "minimal": "minimal",
    "representation": "representation",
    "operationoutcome": "OperationOutcome",
}


async def require_json(request: Request) -> None:
    """Raise ``NotAcceptable`` unless the caller takes FHIR R4 as JSON; ``_format`` beats Accept."""
    # A search by form may have its _format in there: it asks again once the form was read.
    if not request.url.path.endswith("/_search"):
        require_format(request, request.query_params.get("_format"))


def require_format(request: Request, asked: str | None) -> None:
    """Raise ``NotAcceptable`` unless ``asked`` (the value of ``_format``), else Accept, means R4 as JSON."""
    if asked is not None:
        # A + in a query stands for a blank.
        kind, semicolon, parameters = asked.partition(";")
        if not _is_written(f"{kind.strip().replace(' ', '+')}{semicolon}{parameters}", _FORMATS):
            raise NotAcceptable("Only FHIR 4.0 as JSON is written here.", at="_format")
        return
    accept = request.headers.get("accept", "*/*") or "*/*"
    if not any(_is_written(one, _JSON) for one in accept.split(",")):
        raise NotAcceptable("Only FHIR 4.0 as application/fhir+json is written here.", at="Accept")


def _is_written(media_range: str, kinds: frozenset[str]) -> bool:
    header = Message()
    # A short name such as json is no media type: its parameters are read as those of one.
    kind, semicolon, parameters = media_range.strip().partition(";")
    header["Content-Type"] = f"application/json{semicolon}{parameters}"
    version = str(header.get_param("fhirVersion", ""))
    weight = str(header.get_param("q", "1"))
    is_json = kind.strip().lower() in kinds
    return is_json and version in FHIR_VERSIONS and re.fullmatch(r"0(\.0*)?", weight) is None


def preferred_return(request: Request) -> Return:
    """Return which body a create answers with; the representation unless the caller prefers otherwise."""
    return _RETURNS.get(_preference(request, "return"), "representation")


def is_strict(request: Request) -> bool:
    """Tell whether unknown search parameters are to be refused instead of left out."""
    return _preference(request, "handling") == "strict"


def is_lenient(request: Request) -> bool:
    """Tell whether parameters that are not offered are to be left out where they would else be refused."""
    return _preference(request, "handling") == "lenient"


def wants_async(request: Request) -> bool:
    """Tell whether the caller will come again for the answer."""
    return _preference(request, "respond-async", missing="no") != "no"


def _preference(request: Request, name: str, missing: str = "") -> str:
    """Return the value of a preference, '' for one without; ``missing`` where it is not stated."""
    for one in re.split(r"[,;]", ",".join(request.headers.getlist("prefer"))):
        key, _, value = one.partition("=")
        if key.strip().lower() == name:
            return value.strip().strip('"').lower()
    return missing


def matches_version(request: Request, tag: str) -> bool:
    """Tell whether If-None-Match names this ETag."""
    named = request.headers.get("if-none-match", "")
    return named.strip() == "*" or tag.removeprefix("W/") in re.findall(r'"[^"]*"', named)


def is_unchanged(request: Request, tag: str, updated: str | None) -> bool:
    """Tell whether the caller has this version: by If-None-Match, else by If-Modified-Since.

    ``updated`` is an instant, None where it is not known. A date that cannot be read is left out of account.
    """
    if "if-none-match" in request.headers:
        return matches_version(request, tag)
    since = request.headers.get("if-modified-since")
    if since is None or updated is None:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except ValueError:
        return False
    # The header has whole seconds, and so has the Last-Modified that the caller got.
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return from_instant(updated).replace(microsecond=0) <= known


def condition_of_create(header: str | None) -> str | None:
    """Return the ``identifier`` value of If-None-Exist, or None without that header.

    Raises ``FaultsInRequest`` (400) where it asks for anything else: what is ignored would match everything.
    """
    if header is None:
        return None
    pairs = parse_qsl(header.removeprefix("?"), keep_blank_values=True)
    if len(pairs) != 1 or pairs[0][0] != "identifier" or "|" not in pairs[0][1]:
        message = "Only identifier=system|value is offered as a condition, once."
        raise FaultsInRequest([Fault("If-None-Exist", "bad-parameter", message)], status=400)
    return pairs[0][1]
