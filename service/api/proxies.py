"""Where a request comes from, where a proxy stands before the service: only a trusted one is believed."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from service.service_settings import ServiceSettings

_SUBNET_BITS = 64


def source_of(scope: Scope, trusted: Sequence[str]) -> str:
    """Return the address that a request came from: the last one in front of the trusted proxies.

    '' where it cannot be told. Used for counting and for the audit, never for letting anybody in.
    """
    client = scope.get("client")
    source = str(client[0]) if client else ""
    if not is_trusted(source, trusted):
        return _address(source)
    forwarded = Headers(scope=scope).getlist("x-forwarded-for")
    hops = [one.strip() for header in forwarded for one in header.split(",")]
    while hops and is_trusted(source, trusted):
        source = hops.pop()
    return _address(source)


def sender_of(address: str) -> str:
    """Return what is counted as one sender: an address, of IPv6 its subnet, which one customer has whole.

    '' for all that is no address. Source: RFC 6177, section 2.
    """
    known = _address(address)
    return str(ip_network((known, _SUBNET_BITS), strict=False)) if ":" in known else known


def scheme_of(scope: Scope, trusted: Sequence[str]) -> str:
    """Return the scheme that the caller used: what a trusted proxy says, else that of the connection."""
    client = scope.get("client")
    said = Headers(scope=scope).get("x-forwarded-proto", "")
    if client and said in {"http", "https"} and is_trusted(str(client[0]), trusted):
        return said
    return str(scope.get("scheme", "http"))


def base_of(request: Request, settings: ServiceSettings) -> str:
    """Return the address under which this service is reached: the public one, else the one that was used."""
    if settings.public_base_url:
        return settings.public_base_url
    return f"{scheme_of(request.scope, settings.trusted_proxies)}://{request.headers['host']}"


def is_trusted(source: str, trusted: Sequence[str]) -> bool:
    """Tell whether an address is that of a trusted proxy."""
    try:
        return any(ip_address(source) in ip_network(one) for one in trusted)
    except ValueError:
        return False


def _address(source: str) -> str:
    """Return what is an address as it is: anything else is the caller's text."""
    try:
        return str(ip_address(source))
    except ValueError:
        return ""
