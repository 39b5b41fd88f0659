"""A caller's token: read without trust, then verified with a key of its issuer, claim by claim. Pure.

Nothing that a token says about keys is followed (``jku``, ``x5u``, ``jwk``, ``x5c``): its issuer's published
set alone counts. Source: RFC 7515, RFC 7519, RFC 8725 (JWT best current practices), RFC 9068.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from fhir_mappings import json_text
from service.errors import CredentialRefused

Key = RSAKey | ECKey

# More than a token with every scope of ours needs; a longer one is not even decoded.
LONGEST_TOKEN = 16_384
LONGEST_KEY_ID = 255
# A credential that lives longer is as good as a password that nobody changes.
LONGEST_LIFE_SECONDS = 86_400
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_CURVES: Mapping[str, str] = MappingProxyType({"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"})


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """What a token claims to be: good only for choosing the key that proves it. ``key_id`` '': none."""

    text: str
    algorithm: str
    key_id: str
    issuer: str
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rules:
    """What one clinic takes: audiences, algorithms, how many seconds clocks may differ."""

    audiences: tuple[str, ...]
    algorithms: tuple[str, ...]
    skew_seconds: int


def read_token(text: str) -> UnverifiedToken:
    """Return what a token says of itself; raises ``CredentialRefused`` for what cannot be one.

    A token with ``crit`` asks for something that we do not know, and so must be refused (RFC 7515, 4.1.11).
    """
    parts = _COMPACT.fullmatch(text) if len(text) <= LONGEST_TOKEN else None
    if parts is None:
        raise CredentialRefused(cause="not-a-token")
    header, claims = _object_in(parts[1]), _object_in(parts[2])
    algorithm, key_id = header.get("alg"), header.get("kid", "")
    if not isinstance(algorithm, str) or not isinstance(key_id, str) or len(key_id) > LONGEST_KEY_ID:
        raise CredentialRefused(cause="bad-header")
    kind = header.get("typ", "jwt")
    if "crit" in header or not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise CredentialRefused(cause="bad-header")
    issuer = claims.get("iss")
    if not isinstance(issuer, str):
        raise CredentialRefused(cause="no-issuer")
    return UnverifiedToken(text, algorithm, key_id, issuer, claims)


def _object_in(part: str) -> dict[str, Any]:
    try:
        found = json_text.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError as error:  # neither base64 nor JSON; NaN is no JSON either
        raise CredentialRefused(cause="not-a-token") from error
    if not isinstance(found, dict):
        raise CredentialRefused(cause="not-a-token")
    return found


def fits(key: Key, algorithm: str) -> bool:
    """Tell whether a key is of the kind that an algorithm needs."""
    if isinstance(key, RSAKey):
        return algorithm.startswith("RS")
    return _CURVES.get(algorithm) == key.curve_name


def verify_token(token: UnverifiedToken, key: Key, rules: Rules, now: datetime) -> Mapping[str, Any]:
    """Return the claims of a token that its issuer signed for us and that counts now.

    Raises ``CredentialRefused``; that it expired is told apart, since the caller can get another one.
    """
    if token.algorithm not in rules.algorithms or not fits(key, token.algorithm):
        raise CredentialRefused(cause="algorithm")
    try:
        jws.deserialize_compact(token.text, key, algorithms=[token.algorithm])
    except (JoseError, ValueError, TypeError) as error:
        raise CredentialRefused(cause="signature") from error
    _check_audience(token.claims.get("aud"), rules)
    _check_times(token.claims, rules, now.timestamp())
    return token.claims


def _check_audience(audience: object, rules: Rules) -> None:
    listed = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(one, str) and one in rules.audiences for one in listed):
        raise CredentialRefused(cause="audience")


def _check_times(claims: Mapping[str, Any], rules: Rules, now: float) -> None:
    expires = _seconds(claims, "exp")
    if expires is None or expires - now > LONGEST_LIFE_SECONDS:
        raise CredentialRefused(cause="lifetime")
    if now >= expires + rules.skew_seconds:
        raise CredentialRefused("expired")
    for name in ("nbf", "iat"):
        begins = _seconds(claims, name)
        if begins is not None and begins > now + rules.skew_seconds:
            raise CredentialRefused(cause="not-yet")


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    """Return a NumericDate, None where there is none; raises ``CredentialRefused`` for anything else."""
    value = claims.get(name)
    if value is None and name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise CredentialRefused(cause="lifetime")
    try:
        seconds = float(value)
    except OverflowError as error:
        raise CredentialRefused(cause="lifetime") from error
    if not 0 < seconds < _LAST_SECOND:
        raise CredentialRefused(cause="lifetime")
    return seconds


_LAST_SECOND = 253_402_300_800.0  # the year 10000


def find_claim(claims: Mapping[str, Any], name: str) -> object:
    """Return a claim by its name, else by the way that dots lead: ``realm_access.roles``; None without it."""
    if name in claims:
        return claims[name]
    found: object = claims
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def words_in(value: object) -> list[str]:
    """Return the texts of a claim that may be one or a list of them."""
    listed = value if isinstance(value, list) else [value]
    return [one for one in listed if isinstance(one, str)]
