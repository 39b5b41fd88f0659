"""Which interactions the scopes of an access token allow, in the spelling of SMART v2 or v1. Pure.

``system/Observation.cruds`` (v2) and ``system/Observation.write`` (v1) are read, ``*`` as the type included.
Scopes of a launch (``launch/patient``, ``openid``) say nothing about resources and are passed over.
Source: hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Interaction = Literal["create", "read", "update", "delete", "search"]

_SCOPE = re.compile(
    r"^(?:system|user|patient)/(?P<type>\*|[A-Za-z]+)\.(?P<rights>[a-z]+|\*)(?P<narrowed>\?\S+)?$"
)
_V2: Mapping[str, Interaction] = {
    "c": "create",
    "r": "read",
    "u": "update",
    "d": "delete",
    "s": "search",
}
_READS: frozenset[Interaction] = frozenset({"read", "search"})
_WRITES: frozenset[Interaction] = frozenset({"create", "update", "delete"})
_V1: Mapping[str, frozenset[Interaction]] = {"read": _READS, "write": _WRITES, "*": _READS | _WRITES}
_ANY_TYPE = "*"


@dataclass(frozen=True, slots=True)
class Scopes:
    """What was granted, by resource type; ``*`` stands for every type. ``granted`` None: not known."""

    granted: Mapping[str, frozenset[Interaction]] | None = None

    @property
    def known(self) -> bool:
        """Whether anything is known; if not, everything counts as allowed and the EHR will tell."""
        return self.granted is not None

    def allows(self, resource_type: str, interaction: Interaction) -> bool:
        """Tell whether the interaction is granted for the type; True where nothing is known."""
        if self.granted is None:
            return True
        return any(interaction in self.granted.get(one, ()) for one in (resource_type, _ANY_TYPE))


UNKNOWN_SCOPES = Scopes()


def parse_scopes(text: str | None) -> Scopes:
    """Return what a token answer's ``scope`` grants: blank-separated, in any order.

    Not known (so everything is allowed) where the text is None, blank, or names no right on a resource that
    we can read: a server that states none may still grant all. A granular scope
    (``Observation.rs?category=…``) counts for reads and searches only, since we cannot tell which of our
    writes it would let through.
    """
    granted: dict[str, frozenset[Interaction]] = {}
    understood = False
    for resource_type, rights in _rights((text or "").split()):
        understood = True
        granted[resource_type] = granted.get(resource_type, frozenset()) | rights
    return Scopes(granted) if understood else UNKNOWN_SCOPES


def _rights(scopes: list[str]) -> Iterator[tuple[str, frozenset[Interaction]]]:
    for scope in scopes:
        read = _SCOPE.match(scope)
        rights = _rights_of(read["rights"]) if read else None
        if read and rights is not None:
            yield read["type"], rights & _READS if read["narrowed"] else rights


def _rights_of(letters: str) -> frozenset[Interaction] | None:
    """Return what the letters or the word grant; None for what is neither v1 nor v2."""
    if letters in _V1:
        return _V1[letters]
    in_order = "".join(letter for letter in _V2 if letter in letters)
    return frozenset(_V2[letter] for letter in letters) if letters == in_order else None
