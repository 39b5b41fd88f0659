"""One response's resources as a transaction, their references rewritten for the EHR that takes them."""

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fhir_mappings.elements import SERVICE_DEVICE, Json

_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
_NODES = (dict, list)
# Resources that only we make. CAUTION: a Device that a caller names as author is not ours.
_OUR_REFERENCE = re.compile(
    rf"(QuestionnaireResponse|Observation|DetectedIssue|DocumentReference)/[^/]+|{SERVICE_DEVICE}"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One request of a transaction.

    ``full_url`` is a ``urn:uuid:`` for a POST, else the resource's URL; ``url`` is relative to the EHR's
    base; ``if_none_exist`` is a query without ``?``; ``if_match`` an ETag such as ``W/"3"``.
    """

    resource: Json
    full_url: str
    method: Literal["POST", "PUT"]
    url: str
    if_none_exist: str | None = None
    if_match: str | None = None


def to_transaction(entries: Sequence[Entry]) -> Json:
    """Return the transaction Bundle, entries in the order given; a logical id is left out of a POST.

    Source: hl7.org/fhir/R4/http.html#transaction.
    """
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [_entry(entry) for entry in entries],
    }


def percent_encoded(text: str) -> str:
    """Return a text as it may stand in a query: all but letters, digits and ``-._~`` as ``%XX``.

    Source: RFC 3986, section 2. The standard library's own stands beside its network code.
    """
    return "".join(chr(byte) if chr(byte) in _UNRESERVED else f"%{byte:02X}" for byte in text.encode())


def is_ours(target: str) -> bool:
    """Return whether a reference names a resource that only this service makes."""
    return _OUR_REFERENCE.fullmatch(target) is not None


def references_in(resource: Json) -> set[str]:
    """Return every reference in a resource, ours and others', as written."""
    found: set[str] = set()
    waiting: list[object] = [resource]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            target = node.get("reference")
            if isinstance(target, str) and "resourceType" not in node:
                found.add(target)
            waiting.extend(value for value in node.values() if isinstance(value, _NODES))
        elif isinstance(node, list):
            waiting.extend(value for value in node if isinstance(value, _NODES))
    return found


def rewrite_references(resource: Json, counterparts: Mapping[str, str]) -> Json:
    """Return a resource in which our references are those of the target EHR (``{ours: theirs}``).

    What does not change is not copied. A reference of ours without a counterpart is dropped: what is left of
    it is its display, if any, and an object or list that becomes empty goes with it. References to people and
    encounters stay as they are.
    """
    rewritten = _rewritten(resource, counterparts)
    return rewritten if isinstance(rewritten, dict) else {}


def replace_references(resource: Json, replacements: Mapping[str, str]) -> Json:
    """Return a resource in which the references named are replaced; all others stay as they are."""
    if not replacements:
        return resource
    replaced = _replaced(resource, replacements)
    return replaced if isinstance(replaced, dict) else {}


def _replaced(node: object, replacements: Mapping[str, str]) -> object:
    if isinstance(node, list):
        return [_replaced(value, replacements) for value in node]
    if not isinstance(node, dict):
        return node
    changed = {key: _replaced(value, replacements) for key, value in node.items()}
    target = node.get("reference") if "resourceType" not in node else None
    is_named = isinstance(target, str) and target in replacements
    return changed | {"reference": replacements[str(target)]} if is_named else changed


def _entry(entry: Entry) -> Json:
    request = {"method": entry.method, "url": entry.url}
    if entry.if_none_exist is not None:
        request["ifNoneExist"] = entry.if_none_exist
    if entry.if_match is not None:
        request["ifMatch"] = entry.if_match
    resource = entry.resource
    if entry.method == "POST":
        # The EHR gives the id; our own would only look as if it counted.
        resource = {key: value for key, value in resource.items() if key != "id"}
    return {"fullUrl": entry.full_url, "resource": resource, "request": request}


def _rewritten(node: Json | list[object], counterparts: Mapping[str, str]) -> object:
    """Return the node rewritten, itself where nothing changes; None where nothing is left of it."""
    # Most of a resource is texts, and a call for each would take longer than all the rest.
    if isinstance(node, list):
        items = [_rewritten(value, counterparts) if isinstance(value, _NODES) else value for value in node]
        is_same = all(new is value for new, value in zip(items, node, strict=True)) and None not in items
        return (node if is_same else [value for value in items if value is not None]) or None
    changes: Json = {}
    for key, value in node.items():
        new = _rewritten(value, counterparts) if isinstance(value, _NODES) else value
        if new is not value or new is None:
            changes[key] = new
    # A DetectedIssue has a URI called reference, which is no Reference.
    target = node.get("reference") if "resourceType" not in node else None
    if isinstance(target, str) and (target in counterparts or is_ours(target)):
        changes["reference"] = counterparts.get(target)
    if not changes:
        return node or None
    return {key: value for key, value in (node | changes).items() if value is not None} or None
