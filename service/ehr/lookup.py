"""How one of our resources is found again in an EHR, and whether what is found is what we sent. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

# What a server may set, drop or rewrite without changing what we said.
_SERVERS_OWN = frozenset({"id", "meta", "text"})


@dataclass(frozen=True, slots=True)
class Lookup:
    """A search that finds one of our resources, alone or among few others.

    ``parameters`` are search parameters by name; the EHR must declare all of them, since one that is ignored
    would match everything. ``identifier`` is ours, '' where the url and version say it all. ``since`` is a
    day before which ours cannot be, whatever the EHR did to its time; None where no time is known.
    """

    logical: str
    resource_type: str
    parameters: Mapping[str, str]
    identifier: str = ""
    since: date | None = None

    def matches(self, resource: Mapping[str, Any]) -> bool:
        """Tell whether a resource that the search returned really is ours."""
        found = lookup_for(resource)
        if resource.get("resourceType") != self.resource_type:
            return False
        if self.identifier:
            return self.identifier in _identifiers(resource)
        return found is not None and found.parameters == self.parameters

    def is_of_another(self, resource: Mapping[str, Any]) -> bool:
        """Tell whether a resource says that it is another one of ours: it has an identifier like ours."""
        system = self.identifier.rpartition("|")[0]
        like_ours = [one for one in _identifiers(resource) if one.startswith(f"{system}|")]
        return bool(self.identifier) and bool(like_ours) and self.identifier not in like_ours

    def is_unclear(self, resource: Mapping[str, Any]) -> bool:
        """Tell whether a resource may be ours and does not say: it has no identifier, or lost it there.

        Only where the search did not ask for our identifier itself; what is older than ours is not ours.
        """
        narrowed = bool(self.identifier) and "identifier" not in self.parameters
        if not narrowed or resource.get("resourceType") != self.resource_type or _identifiers(resource):
            return False
        moment = _moment(resource)
        return self.since is None or moment is None or moment.date() >= self.since


def lookup_for(resource: Mapping[str, Any]) -> Lookup | None:
    """Return how to find a resource: by url and version, else by its first identifier; None with neither."""
    resource_type = str(resource.get("resourceType"))
    if resource.get("url") and resource.get("version"):
        query = {"url": str(resource["url"]), "version": str(resource["version"])}
        return Lookup(logical_of(resource), resource_type, query)
    identifiers = _identifiers(resource)
    if not identifiers:
        return None
    parameters = {"identifier": identifiers[0]}
    return Lookup(logical_of(resource), resource_type, parameters, identifiers[0])


def narrowed_lookup(resource: Mapping[str, Any], names: Sequence[str]) -> Lookup | None:
    """Return how to find a resource by what it is about, for an EHR that cannot search by identifier.

    ``names`` are search parameters, at least one. A time is asked for from some day before on, since an EHR
    may keep it to the second, in another zone, or as its own. None where the resource has no identifier to be
    told by, or no value for one of them.
    """
    identifiers = _identifiers(resource)
    values = {name: _ABOUT[name](resource) for name in names if name in _ABOUT}
    if not identifiers or not all(values.values()) or len(values) < max(1, len(names)):
        return None
    kind, since = str(resource.get("resourceType")), _since(resource)
    return Lookup(logical_of(resource), kind, values, identifiers[0], since)


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


def _reference(resource: Mapping[str, Any], element: str) -> str:
    found = resource.get(element)
    return str(found.get("reference", "")) if isinstance(found, dict) else ""


def _moment(resource: Mapping[str, Any]) -> datetime | None:
    """Return when a resource says that it was, in UTC; None where it does not, or not to the day."""
    told = next((resource[name] for name in _TIMES if name in resource), None)
    try:
        moment = datetime.fromisoformat(str(told))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _since(resource: Mapping[str, Any]) -> date | None:
    moment = _moment(resource)
    return (moment - _SLACK).date() if moment else None


def _from_then_on(resource: Mapping[str, Any]) -> str:
    since = _since(resource)
    return f"ge{since.isoformat()}" if since else ""


# Where our resources tell their time.
_TIMES = ("authored", "effectiveDateTime", "date", "sent")
# A time that was cut to its day, and a day that the EHR reads in any zone of the world.
_SLACK = timedelta(hours=36)
# Search parameters by which our resources may be narrowed down, and their values.
_ABOUT: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "patient": lambda one: _reference(one, "subject"),
    "encounter": lambda one: _reference(one, "encounter"),
    "authored": _from_then_on,
    "date": _from_then_on,
    "questionnaire": lambda one: str(one.get("questionnaire", "")).partition("|")[0],
}


def _identifiers(resource: Mapping[str, Any]) -> list[str]:
    found = resource.get("identifier")
    several = found if isinstance(found, list) else [found]
    return [
        f"{one.get('system', '')}|{one['value']}"
        for one in several
        if isinstance(one, dict) and "value" in one
    ]
