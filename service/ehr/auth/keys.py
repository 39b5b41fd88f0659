"""Our key pairs for SMART Backend Services: private ones sign, their public halves are published. Pure.

Source: hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html (RS384, ES384); RFC 7517; RFC 7638.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from fhir_mappings import json_text

MINIMAL_RSA_BITS = 2048
_PEM_BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)
_PUBLIC = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y")}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, and how it is named and used: ``id`` is the JWK's own, else its thumbprint."""

    id: str
    algorithm: str
    key: RSAKey | ECKey = field(repr=False)

    def public(self) -> dict[str, str]:
        """Return the public half as a JWK, and nothing of the private one."""
        known = self.key.as_dict(private=False)
        half = {name: str(known[name]) for name in _PUBLIC[str(known["kty"])]}
        return {**half, "kid": self.id, "alg": self.algorithm, "use": "sig"}


def public_set(keys: Sequence[SigningKey]) -> dict[str, list[dict[str, str]]]:
    """Return the JWK set of the public halves; a key that is there twice counts once."""
    return {"keys": list({key.id: key.public() for key in keys}.values())}


def read_keys(text: str) -> tuple[SigningKey, ...]:
    """Return the private keys of a PEM text, a JWK or a JWK set, in its order; at least one.

    Raises ``ValueError`` with a sentence that repeats nothing of the text.
    """
    keys = _from_json(text) if text.lstrip().startswith("{") else _from_pem(text)
    if not keys:
        raise ValueError("holds no private key (PEM or JWK set)")
    return keys


def _from_pem(text: str) -> tuple[SigningKey, ...]:
    blocks = [found for found in _PEM_BLOCK.finditer(text) if found[1].endswith("PRIVATE KEY")]
    if any("ENCRYPTED" in found[0] for found in blocks):
        raise ValueError("holds a private key under a password; it must be given without")
    return tuple(_signing_key(_pem_key(found[0])) for found in blocks)


def _pem_key(block: str) -> RSAKey | ECKey:
    try:
        return RSAKey.import_key(block)
    except (JoseError, ValueError):
        pass  # it may be an EC key
    try:
        return ECKey.import_key(block)
    except (JoseError, ValueError) as error:
        raise ValueError("holds a private key that is neither RSA nor EC, or cannot be read") from error


def _from_json(text: str) -> tuple[SigningKey, ...]:
    try:
        found = json_text.loads(text.encode())
    except ValueError as error:
        raise ValueError("is neither PEM nor JSON") from error
    listed = found.get("keys", [found]) if isinstance(found, dict) else None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise ValueError("is no JWK set")
    return tuple(_signing_key(_json_key(one), str(one.get("kid", ""))) for one in listed)


def _json_key(jwk: Mapping[str, Any]) -> RSAKey | ECKey:
    try:
        if jwk.get("kty") == "RSA":
            return RSAKey.import_key(dict(jwk))
        if jwk.get("kty") == "EC":
            return ECKey.import_key(dict(jwk))
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise ValueError("holds a JWK that cannot be read") from error
    raise ValueError("holds a JWK that is neither RSA nor EC")


def _signing_key(key: RSAKey | ECKey, own_id: str = "") -> SigningKey:
    if not key.is_private:
        raise ValueError("holds a public key where a private one is needed")
    if isinstance(key, RSAKey):
        if key.raw_value.key_size < MINIMAL_RSA_BITS:
            raise ValueError(f"holds an RSA key of less than {MINIMAL_RSA_BITS} bits")
        return SigningKey(own_id or key.thumbprint(), "RS384", key)
    if key.curve_name != "P-384":
        raise ValueError("holds an EC key that is not on the curve P-384")
    return SigningKey(own_id or key.thumbprint(), "ES384", key)
