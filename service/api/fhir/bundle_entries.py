"""A batch or transaction as it was sent, read into its requests: every fault of its shape at once.

Source: hl7.org/fhir/R4/http.html#transaction.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote

from fhir_mappings.errors import Fault
from service.errors import FaultsInRequest, TooLarge

MOST_ENTRIES = 500
# FHIR's own order of doing: whatever stands first in the Bundle.
_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}
# An address begins with a type or with metadata; another Bundle inside this one has none.
_URL = re.compile(r"[A-Za-z][^\s#]*")
# What comes of an export is no resource but files of any size; who begins one is told where in a header.
_ALONE = re.compile(r"exports(/|$)|[^?]*\$export(\?|$)")
_CONDITIONS = {
    "ifNoneExist": "If-None-Exist",
    "ifMatch": "If-Match",
    "ifNoneMatch": "If-None-Match",
    "ifModifiedSince": "If-Modified-Since",
}
_WITH_BODY = ("POST", "PUT", "PATCH")


@dataclass(frozen=True, slots=True)
class BundleEntry:
    """One request of a Bundle. ``url`` is relative to our base; ``conditions`` are its headers.

    ``faults``: why it cannot be read; then nothing else of it counts.
    """

    place: int
    method: str = ""
    url: str = ""
    full_url: str | None = None
    resource: Mapping[str, Any] | None = None
    conditions: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def fault(self, below: str, reason: str, message: str) -> Fault:
        """Return a fault in this entry; ``below`` is the rest of its FHIRPath, such as ``.request.url``."""
        return Fault(f"{entry_path(self.place)}{below}", reason, message)


@dataclass(frozen=True, slots=True)
class SentBundle:
    """A batch or transaction; its entries stand as they were sent."""

    type: Literal["batch", "transaction"]
    entries: tuple[BundleEntry, ...]

    def in_order_of_doing(self) -> list[BundleEntry]:
        """Return the entries in the order in which they are done: DELETE, POST, PUT and PATCH, GET."""
        return sorted(self.entries, key=lambda entry: _ORDER.get(entry.method, len(_ORDER)))


def entry_path(place: int) -> str:
    """Return the FHIRPath of an entry."""
    return f"Bundle.entry[{place}]"


def read_bundle(bundle: Mapping[str, Any], base: str) -> SentBundle:
    """Return the requests of a Bundle; ``base`` is our own address, which their own may begin with.

    The faults of an entry of a batch stay with it, since the others do not depend on it.

    Raises ``FaultsInRequest`` (400) with every fault of the Bundle's shape and, in a transaction, of its
    entries'; ``TooLarge`` for too many entries.
    """
    kind = bundle.get("type")
    listed = bundle.get("entry", [])
    faults: list[Fault] = []
    if bundle.get("resourceType") != "Bundle":
        faults.append(Fault("Bundle.resourceType", "wrong-resource-type", "must be Bundle"))
    elif kind not in {"batch", "transaction"}:
        faults.append(Fault("Bundle.type", "bad-parameter", "must be batch or transaction"))
    if not isinstance(listed, list):
        faults.append(Fault("Bundle.entry", "structure", "must be a list"))
        listed = []
    if len(listed) > MOST_ENTRIES:
        raise TooLarge(f"A Bundle may have {MOST_ENTRIES} entries.", at="Bundle.entry")
    entries = tuple(_read_entry(place, one, base) for place, one in enumerate(listed))
    if kind != "batch":
        faults += [fault for entry in entries for fault in entry.faults]
    if faults:
        raise FaultsInRequest(faults, status=400)
    return SentBundle("transaction" if kind == "transaction" else "batch", entries)


def _read_entry(place: int, given: object, base: str) -> BundleEntry:
    path = entry_path(place)
    request = given.get("request") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(request, dict):
        return BundleEntry(
            place, faults=(Fault(f"{path}.request", "required", "must say what is asked for"),)
        )
    faults: list[Fault] = []
    method, url = request.get("method"), _relative(request.get("url"), base)
    if not isinstance(method, str) or method not in _ORDER:
        faults.append(Fault(f"{path}.request.method", "bad-parameter", "must be a method of HTTP"))
    if url is None:
        faults.append(Fault(f"{path}.request.url", "bad-parameter", "must be an address below our own"))
    elif _ALONE.match(unquote(url)):
        faults.append(Fault(f"{path}.request.url", "not-in-a-bundle", "must be a request of its own"))
    resource, full_url = given.get("resource"), given.get("fullUrl")
    if not isinstance(resource, dict) and (method in _WITH_BODY or resource is not None):
        faults.append(Fault(f"{path}.resource", "required", "must be there"))
    conditions = {
        header: request[name] for name, header in _CONDITIONS.items() if isinstance(request.get(name), str)
    }
    return BundleEntry(
        place=place,
        method=str(method),
        url=url or "",
        full_url=full_url if isinstance(full_url, str) else None,
        resource=resource if isinstance(resource, dict) else None,
        conditions=conditions,
        faults=tuple(faults),
    )


def _relative(url: object, base: str) -> str | None:
    if not isinstance(url, str):
        return None
    relative = url.removeprefix(f"{base}/").removeprefix("/")
    return relative if _URL.fullmatch(relative) else None


def doubled_entries(entries: Sequence[BundleEntry]) -> list[Fault]:
    """Return a fault for each entry that names the same resource as one before it."""
    faults: list[Fault] = []
    seen: set[object] = set()
    for entry in entries:
        names = {name for name in _names(entry) if name is not None}
        if names & seen:
            faults.append(entry.fault("", "doubled-entry", "is about the same resource as another entry"))
        seen |= names
    return faults


def _names(entry: BundleEntry) -> list[object]:
    """Return by what an entry's resource may be known to be the same as another's."""
    condition = entry.conditions.get("If-None-Exist")
    identifier = entry.resource.get("identifier") if entry.resource else None
    of = (identifier.get("system"), identifier.get("value")) if isinstance(identifier, dict) else (None, None)
    return [
        ("url", entry.url) if entry.method == "PUT" else None,
        ("full url", entry.full_url) if entry.full_url else None,
        ("condition", condition) if condition else None,
        ("identifier", *map(str, of)) if all(of) else None,
    ]
