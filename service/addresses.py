"""What a web address says of where it leads. Pure."""

from ipaddress import ip_address
from urllib.parse import urlsplit

_IPV4 = 4


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def reached_here(host: str) -> str:
    """Return where this machine reaches what listens on a host: its own address for "any address"."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == _IPV4 else "::1"


def is_web_address(value: str) -> bool:
    """Tell whether a text is an http or https address without query, fragment or user."""
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    surplus = parts.query or parts.fragment or parts.username is not None
    return parts.scheme in ("http", "https") and bool(host) and not surplus


def is_private(address: str) -> bool:
    """Tell whether what is sent to an address is seen by nobody else: it is https, or this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


def origin_of(address: str) -> tuple[str, str]:
    """Return scheme, and host with port, in small letters: ``("https", "ehr.example:8443")``."""
    parts = urlsplit(address)
    return parts.scheme.lower(), parts.netloc.lower()
