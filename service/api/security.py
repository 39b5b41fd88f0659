"""Who may ask: as long as no callers can be configured, this machine only.

A web page of somebody else's can make a browser on this machine send requests to it: its Origin gives it
away, and its Host does where it points a name of its own at 127.0.0.1 (DNS rebinding).
"""

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import uuid4

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import Scope

from service.addresses import is_loopback
from service.callers import DEFAULT_CLINIC, LOOPBACK, Caller
from service.errors import CallerRefused
from service.flows.deployment import Access, Action

# Returns who sends a request with these headers, or raises ``CallerRefused``.
Identify = Callable[[Headers], Caller]

_ACTIONS: dict[str, Action] = {"GET": "R", "HEAD": "R", "POST": "C", "PUT": "U", "DELETE": "D"}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def find_foreign(headers: Headers, origins: Collection[str] = ()) -> CallerRefused | None:
    """Return why a request does not come from this machine, or None where it does.

    Pages of the ``origins``, exactly as written there, may call as well (ALLIANCE_CORS_ORIGINS).
    """
    hosts = headers.getlist("host")
    if len(hosts) != 1 or not is_loopback(_host_name(f"//{hosts[0]}")):
        return CallerRefused("The Host header must name this machine (127.0.0.1 or localhost).", at="Host")
    given = headers.getlist("origin")
    if any(origin not in origins and not is_loopback(_host_name(origin)) for origin in given):
        return CallerRefused("Pages of other sites may not call this service.", at="Origin")
    return None


def serve_loopback(origins: Collection[str] = (), clinic: str = DEFAULT_CLINIC) -> Identify:
    """Return what takes everyone on this machine for the one clinic's caller, and refuses all others."""
    caller = replace(LOOPBACK, clinic=clinic)

    def identify(headers: Headers) -> Caller:
        refusal = find_foreign(headers, origins)
        if refusal:
            raise refusal
        return caller

    return identify


def request_id_of(headers: Headers) -> str:
    """Return the caller's X-Request-Id where it is a plain word of at most 64 characters, else a new one."""
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else str(uuid4())


def caller_of(request: Request) -> Caller:
    """Return who sent the request, as the gate found it."""
    caller: Caller = request.scope["state"]["caller"]
    return caller


def access_of(request: Request, action: Action) -> Access:
    """Return who asks for what, as the audit keeps it: the route's template, never its values."""
    caller = caller_of(request)
    access = Access(
        clinic=caller.clinic,
        caller=caller.name,
        route=request.scope["route"].path,
        action=action,
        request_id=request.scope["state"]["request_id"],
        address=address_of(request.scope),
    )
    request.scope["state"]["access"] = access
    return access


def access_refused(request: Request) -> Access:
    """Return who asked for what in vain: what the route made of it, else what method and route tell.

    An address that is not ours is the caller's text and is left out.
    """
    known: Access | None = request.scope["state"].get("access")
    if known is not None:
        return known
    action = "E" if request.url.path.endswith("/_search") else _ACTIONS.get(request.method, "E")
    route = getattr(request.scope.get("route"), "path", "none")
    caller = caller_of(request)
    request_id = request.scope["state"]["request_id"]
    return Access(caller.clinic, caller.name, route, action, request_id, address_of(request.scope))


def address_of(scope: Scope) -> str:
    """Return the network address that a request came from, '' where the server tells none that is one."""
    client = scope.get("client")
    return _as_address(client[0]) if client else ""


@lru_cache(maxsize=1024)
def _as_address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return ""


def _host_name(address: str) -> str:
    """Return the host of ``//host:port`` or of an origin; empty where it has none or cannot be read."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
