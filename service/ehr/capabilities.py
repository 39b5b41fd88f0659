"""What an EHR declares that it takes, read from its CapabilityStatement.

An upper bound: real statements promise more than their servers keep, so what a server refused although it
declared it is struck out (``without``). What is left of it under the granted scopes and the vendor's profile
has the same shape (``allowed.py``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

WriteKind = Literal["create", "update", "transaction"]


@dataclass(frozen=True, slots=True)
class TypeCapabilities:
    """What the EHR declares for one resource type. ``search_params`` are their names (``identifier``).

    The last two are a profile's: ``find`` narrows a search where our identifier cannot be searched for,
    ``statuses`` are those with which a resource may be created, any where empty.
    """

    create: bool = False
    update: bool = False
    delete: bool = False
    update_create: bool = False
    conditional_create: bool = False
    search_params: frozenset[str] = frozenset()
    profiles: frozenset[str] = frozenset()
    find: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()


_NOTHING = TypeCapabilities()
_BROKEN_PROMISE = "refused although declared"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the EHR declares as a whole; a type that it does not name offers nothing.

    ``software`` is its name as it says it, '' where it does not. ``why_not`` tells in a few words why a type
    (or ``transaction``) is not offered although more is known than that it is not declared.
    """

    fhir_version: str
    transaction: bool
    types: Mapping[str, TypeCapabilities]
    software: str = ""
    why_not: Mapping[str, str] = field(default_factory=dict)

    def of(self, resource_type: str) -> TypeCapabilities:
        """Return what is declared for a type; all False where it is not named."""
        return self.types.get(resource_type, _NOTHING)

    def without(self, kind: WriteKind, resource_type: str = "") -> "Capabilities":
        """Return the same, less one kind of write that the server refused although it declares it."""
        why_not = {**self.why_not, (resource_type or kind): _BROKEN_PROMISE}
        if kind == "transaction":
            return replace(self, transaction=False, why_not=why_not)
        known = self.of(resource_type)
        less = (
            replace(known, create=False)
            if kind == "create"
            else replace(known, update=False, update_create=False)
        )
        return replace(self, types={**self.types, resource_type: less}, why_not=why_not)


def parse_capabilities(statement: Any) -> Capabilities:  # noqa: ANN401 - whatever the EHR answered
    """Return what a CapabilityStatement declares.

    Raises ``ValueError`` where it is none, or describes no server.
    """
    if not isinstance(statement, dict) or statement.get("resourceType") != "CapabilityStatement":
        raise ValueError("not a CapabilityStatement")
    servers = [one for one in _objects(statement.get("rest")) if one.get("mode") == "server"]
    if not servers:
        raise ValueError("the CapabilityStatement describes no server")
    server = servers[0]
    return Capabilities(
        fhir_version=str(statement.get("fhirVersion", "")),
        transaction="transaction" in _codes(server.get("interaction")),
        types={str(one.get("type")): _type_capabilities(one) for one in _objects(server.get("resource"))},
        software=_software(statement),
    )


def _type_capabilities(resource: Mapping[str, Any]) -> TypeCapabilities:
    codes = _codes(resource.get("interaction"))
    profiles = [resource.get("profile"), *_list(resource.get("supportedProfile"))]
    return TypeCapabilities(
        create="create" in codes,
        update="update" in codes,
        delete="delete" in codes,
        update_create="update" in codes and resource.get("updateCreate") is True,
        conditional_create="create" in codes and resource.get("conditionalCreate") is True,
        search_params=frozenset(str(one.get("name")) for one in _objects(resource.get("searchParam"))),
        profiles=frozenset(profile for profile in profiles if isinstance(profile, str)),
    )


def _software(statement: Mapping[str, Any]) -> str:
    software = statement.get("software")
    return str(software.get("name", "")) if isinstance(software, dict) else ""


def _codes(interactions: object) -> set[str]:
    return {str(one.get("code")) for one in _objects(interactions)}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in _list(value) if isinstance(one, dict)]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
