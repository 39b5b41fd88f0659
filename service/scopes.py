"""The scopes of a credential: what a caller may do with which type of resource. Pure.

``system/Observation.rs`` (SMART v2), ``system/Observation.read`` (v1, read as ``rs``; ``write`` as ``cud``),
``*`` as type or right, and v2's granular ``patient/Observation.rs?code=…``. What FHIR has no type for has
scopes of our own: ``alliance/operations.read``. Those of a launch (``openid``) open nothing.
Source: hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args
from urllib.parse import parse_qsl, urlencode

Level = Literal["system", "user", "patient"]
Right = Literal["c", "r", "u", "d", "s"]

ANY_TYPE = "*"
# Own scopes stand beside the types of FHIR, in small letters: `*` does not reach them.
OPERATIONS, METRICS = "operations", "metrics"
# Figures of single therapists name people at work, so they are not among the metrics.
THERAPIST_METRICS = "therapist-metrics"
MOST_SCOPES = 200

_RIGHTS: tuple[Right, ...] = get_args(Right)
_FHIR = re.compile(
    r"(?P<level>system|user|patient)/(?P<type>\*|[A-Z][A-Za-z]{0,63})\.(?P<rights>[a-z]+|\*)(?:\?(?P<params>\S+))?"
)
_OWN = re.compile(rf"alliance/(?P<type>{OPERATIONS}|{METRICS}|{THERAPIST_METRICS})\.(?P<rights>read|write)")
_WORDS: Mapping[str, str] = MappingProxyType({"read": "rs", "write": "cud", "*": "cruds"})


@dataclass(frozen=True, slots=True)
class Scope:
    """What one scope opens; ``narrowed`` are the search parameters (name, value) that a granular one has."""

    level: Level
    type: str
    rights: frozenset[Right]
    narrowed: tuple[tuple[str, str], ...] = ()

    def opens(self, need: "Need") -> bool:
        """Tell whether it opens this, maybe only a part of it."""
        reaches = self.type == need.type or (self.type == ANY_TYPE and need.type[:1].isupper())
        return reaches and need.right in self.rights


@dataclass(frozen=True, slots=True)
class Need:
    """One right on one type, which a route needs."""

    type: str
    right: Right

    def spelled(self, level: Level = "system") -> str:
        """Return the scope that gives it: ``system/Observation.s``, ``alliance/operations.read``."""
        if self.type[:1].isupper():
            return f"{level}/{self.type}.{self.right}"
        return f"alliance/{self.type}.{'read' if self.right in 'rs' else 'write'}"


def parse_scopes(text: str) -> tuple[Scope, ...]:
    """Return what blank-separated scopes open, in their order; what is not understood opens nothing.

    Letters out of the order ``cruds`` are not understood: SMART says that such a scope must not be granted.
    """
    read = (_read(one) for one in text.split()[:MOST_SCOPES])
    return tuple(one for one in read if one is not None)


def spell_scopes(scopes: Sequence[Scope]) -> str:
    """Return scopes of FHIR's types as the text that ``parse_scopes`` reads them from."""
    return " ".join(_spelled(one) for one in scopes)


def _spelled(scope: Scope) -> str:
    letters = "".join(one for one in _RIGHTS if one in scope.rights)
    narrowed = f"?{urlencode(scope.narrowed)}" if scope.narrowed else ""
    return f"{scope.level}/{scope.type}.{letters}{narrowed}"


def find_unknown(text: str) -> list[str]:
    """Return the scopes of a text that open nothing here: most likely misspelt."""
    return [one for one in text.split() if _read(one) is None]


def _read(text: str) -> Scope | None:
    own = _OWN.fullmatch(text)
    if own:
        return Scope("system", own["type"], _letters(_WORDS[own["rights"]]))
    found = _FHIR.fullmatch(text)
    if found is None:
        return None
    letters = _WORDS.get(found["rights"], found["rights"])
    narrowed = tuple(parse_qsl(found["params"] or "", keep_blank_values=True))
    if letters != "".join(one for one in _RIGHTS if one in letters) or (found["params"] and not narrowed):
        return None
    level: Level = found["level"]  # type: ignore[assignment] # one of the words of the expression
    return Scope(level, found["type"], _letters(letters), narrowed)


def _letters(letters: str) -> frozenset[Right]:
    return frozenset(one for one in _RIGHTS if one in letters)


EVERYTHING = parse_scopes(
    "system/*.cruds alliance/operations.read alliance/operations.write alliance/metrics.read"
    " alliance/therapist-metrics.read"
)
