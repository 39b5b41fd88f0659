"""Who may ask, and for what: this machine only as long as no callers are configured, else by credential.

A web page of somebody else's can make a browser on this machine send requests to it: its Origin gives it
away, and its Host does where it points a name of its own at 127.0.0.1 (DNS rebinding).
"""

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from urllib.parse import urlsplit
from uuid import uuid4

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import Scope

from service.addresses import is_loopback
from service.api.scopes_table import OPENINGS, Opening
from service.api.sights import Grants
from service.callers import DEFAULT_CLINIC, LOOPBACK, Caller
from service.errors import CallerRefused, NotFound, ScopeMissing
from service.flows.deployment import Access, Action
from service.scopes import Need
from service.store.sight import Sight, join_sights

# Returns who sends a request with these headers, or raises ``CallerRefused``.
Identify = Callable[[Headers], Caller]
# The same for a path: an EHR's token is good for one address.
IdentifyAt = Callable[[str, Headers], Caller]

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


def find_unknown_host(headers: Headers, hosts: Collection[str]) -> CallerRefused | None:
    """Return why a request is for somebody else by its Host, or None where it is for us or this machine."""
    given = headers.getlist("host")
    name = _host_name(f"//{given[0]}") if len(given) == 1 else ""
    if name in hosts or is_loopback(name):
        return None
    return CallerRefused("The Host header names no host of this service.", at="Host")


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


def authorize(request: Request, grants: Grants) -> None:
    """Let a request pass that its caller's scopes open, with what it may see; every route asks this first.

    Raises ``ScopeMissing`` naming what is missing, and ``NotFound`` for a route that is in no table.
    """
    opening = OPENINGS.get((request.method, request.scope["route"].path))
    if opening is None:
        raise NotFound("There is nothing at this address.")
    state = request.scope["state"]
    state["grants"] = grants
    if opening.reach == "open":
        return
    state["sight"] = sight = _sight_of(grants, opening)
    state["told_alerts"] = grants.tells_alerts(sight)


def _sight_of(grants: Grants, opening: Opening) -> Sight:
    """Return what a route may reach; raises ``ScopeMissing``."""
    if not opening.needs:
        return Sight(())
    first = opening.needs[0]
    # What a granular scope asks for is asked of its own type alone: the first, which is what is looked up.
    sights = {
        need: sight if need.type == first.type else sight.without_granular()
        for need in opening.needs
        for sight in (grants.sight(need),)
    }
    missing = [grants.caller.missing(need) for need, sight in sights.items() if not sight.parts]
    if missing:
        raise ScopeMissing(missing)
    sight = join_sights(list(sights.values()))
    if not sight.parts or (opening.reach == "whole" and not sight.is_whole):
        raise ScopeMissing([need.spelled() for need in opening.needs])
    return sight


def need_sight(grants: Grants, need: Need) -> Sight:
    """Return what is in sight for one need; raises ``ScopeMissing`` where nothing is granted."""
    return _sight_of(grants, Opening((need,), "own"))


def grants_of(request: Request) -> Grants:
    """Return what the caller of a request was found to hold."""
    grants: Grants = request.scope["state"]["grants"]
    return grants


def sight_for(request: Request, kind: str) -> Sight:
    """Return what of a type may come along with what was asked for; without any part, nothing may.

    CAUTION: by right of search: whoever may only read one that it knows by id does not find others by it.
    """
    return grants_of(request).sight(Need(kind, "s"))


def access_of(request: Request, action: Action) -> Access:
    """Return who asks for what, as the audit keeps it: the route's template, never its values."""
    caller = caller_of(request)
    state = request.scope["state"]
    access = Access(
        clinic=caller.clinic,
        caller=caller.name,
        route=request.scope["route"].path,
        action=action,
        request_id=state["request_id"],
        address=address_of(request.scope),
        sight=state.get("sight", Sight(())),
        person=caller.user,
        also=caller.also,
        person_name=caller.person_name,
        told_alerts=state.get("told_alerts", False),
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
    return Access(
        clinic=caller.clinic,
        caller=caller.name,
        route=route,
        action=action,
        request_id=request_id,
        address=address_of(request.scope),
        person=caller.user,
        person_name=caller.person_name,
    )


def address_of(scope: Scope) -> str:
    """Return the network address that a request came from, as the gate found it; '' where none is known."""
    return str(scope["state"].get("address", ""))


def _host_name(address: str) -> str:
    """Return the host of ``//host:port`` or of an origin; empty where it has none or cannot be read."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
