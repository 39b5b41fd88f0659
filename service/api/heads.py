"""What is wrong with a request's address and headers before anybody reads its body.

The server has taken them apart (h11), and refused what is no HTTP. Here is what HTTP would allow and no
caller of ours needs: it hides a second request, or makes us work.
"""

from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.types import Scope

from fhir_mappings.errors import Fault
from service.api.outcomes import is_fhir
from service.errors import AddressTooLong, FaultsInRequest, HeadTooLarge, NotFound, RequestRefused

MOST_HEADERS = 100
MOST_HEADER_BYTES = 32_768
LONGEST_ADDRESS = 8_192
MOST_PARAMETERS = 100


def find_bad_head(scope: Scope, headers: Headers) -> RequestRefused | None:
    """Return why a request is refused for its address or headers, or None."""
    return _find_bad_headers(headers) or _find_bad_address(scope) or _find_bad_query(scope)


def _find_bad_headers(headers: Headers) -> RequestRefused | None:
    raw = headers.raw
    if len(raw) > MOST_HEADERS or sum(len(name) + len(value) for name, value in raw) > MOST_HEADER_BYTES:
        return HeadTooLarge(f"At most {MOST_HEADERS} headers of {MOST_HEADER_BYTES} bytes are read.")
    if "transfer-encoding" in headers and "content-length" in headers:
        # Two servers that believe one each see two requests where the other sees one (RFC 9112, 6.3).
        fault = Fault("Content-Length", "two-lengths", "A body has a length or comes in chunks, not both.")
        return FaultsInRequest([fault], status=400)
    return None


def _find_bad_address(scope: Scope) -> RequestRefused | None:
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_ADDRESS:
        return AddressTooLong(f"An address has at most {LONGEST_ADDRESS} bytes; search by POST.")
    # No database takes a NUL in what it looks for.
    return NotFound("There is nothing at this address.") if "\x00" in scope["path"] else None


def _find_bad_query(scope: Scope) -> RequestRefused | None:
    query: bytes = scope["query_string"]
    if b"%00" in query:
        return _bad_query("The query holds a character that nothing here has.")
    if query.count(b"&") >= MOST_PARAMETERS:
        return _bad_query(f"At most {MOST_PARAMETERS} parameters are read.")
    if b"&" in query and not is_fhir(scope["path"]):
        names = [name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)]
        if len(set(names)) < len(names):
            # One of them would be left out unseen. At /fhir a parameter that comes twice means both.
            return _bad_query("A parameter is given more than once.")
    return None


def _bad_query(message: str) -> RequestRefused:
    return FaultsInRequest([Fault("", "bad-parameter", message)], status=400)
