"""How one of our resources is found again in an EHR, and whether what is found is what we sent. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

# What a server may set, drop or rewrite without changing what we said.
_SERVERS_OWN = frozenset({"id", "meta", "text"})


@dataclass(frozen=True, slots=True)
class Lookup:
    """A search that finds exactly one of our resources.

    ``parameters`` are search parameters by name; the EHR must declare all of them, since one that is ignored
    would match everything.
    """

    logical: str
    resource_type: str
    parameters: Mapping[str, str]

    def matches(self, resource: Mapping[str, Any]) -> bool:
        """Tell whether a resource that the search returned really is ours."""
        found = lookup_for(resource)
        if resource.get("resourceType") != self.resource_type:
            return False
        if "identifier" in self.parameters:
            return self.parameters["identifier"] in _identifiers(resource)
        return found is not None and found.parameters == self.parameters


def lookup_for(resource: Mapping[str, Any]) -> Lookup | None:
    """Return how to find a resource: by url and version, else by its first identifier; None with neither."""
    resource_type = str(resource.get("resourceType"))
    if resource.get("url") and resource.get("version"):
        query = {"url": str(resource["url"]), "version": str(resource["version"])}
        return Lookup(logical_of(resource), resource_type, query)
    identifiers = _identifiers(resource)
    if not identifiers:
        return None
    return Lookup(logical_of(resource), resource_type, {"identifier": identifiers[0]})


def logical_of(resource: Mapping[str, Any]) -> str:
    """Return our own reference of a resource, which does not change with the EHR: ``Observation/r-7.total``.

    It is made from its identifier, whose value is our logical id; a resource without one has that id itself.
    """
    identifiers = [] if resource.get("url") else _identifiers(resource)
    own_id = identifiers[0].partition("|")[2] if identifiers else resource.get("id")
    return f"{resource.get('resourceType')}/{own_id}"


def condition_of(resource: Mapping[str, Any]) -> str | None:
    """Return the If-None-Exist query of a resource, values percent-encoded; None where it cannot be found."""
    lookup = lookup_for(resource)
    if lookup is None:
        return None
    return "&".join(f"{name}={quote(value, safe=':/|')}" for name, value in lookup.parameters.items())


def holds(stored: object, sent: object) -> bool:
    """Tell whether a stored resource says all that we sent; what the EHR added is no difference."""
    if isinstance(sent, dict):
        if not isinstance(stored, dict):
            return False
        keys = sent.keys() - _SERVERS_OWN if "resourceType" in sent else sent.keys()
        return all(key in stored and holds(stored[key], sent[key]) for key in keys)
    if isinstance(sent, list):
        return (
            isinstance(stored, list)
            and len(stored) == len(sent)
            and all(holds(*pair) for pair in zip(stored, sent, strict=True))
        )
    if isinstance(sent, int | Decimal) and isinstance(stored, int | Decimal):
        return Decimal(stored) == Decimal(sent)
    return stored == sent


def _identifiers(resource: Mapping[str, Any]) -> list[str]:
    found = resource.get("identifier")
    several = found if isinstance(found, list) else [found]
    return [
        f"{one.get('system', '')}|{one['value']}"
        for one in several
        if isinstance(one, dict) and "value" in one
    ]
