"""An identity provider's keys, and tokens that it (or somebody else) signs. Nobody here exists."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from functools import cache
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
ISSUER = "https://idp.north.example/realms/clinic"
SOUTH = "https://idp.south.example/realms/clinic"
AUDIENCE = "alliance-service-api"


@cache
def rsa(name: str = "one") -> RSAKey:
    return RSAKey.generate_key(2048, parameters={"kid": name})


@cache
def ec(name: str = "curved", curve: str = "P-256") -> ECKey:
    return ECKey.generate_key(curve, parameters={"kid": name})


def public(*keys: RSAKey | ECKey, **changes: Any) -> bytes:
    """Return the JWK set of these keys, as a provider publishes it."""
    listed = [{**key.as_dict(private=False), "use": "sig", **changes} for key in keys]
    return json.dumps({"keys": listed}).encode()


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a good token; a change to None leaves that claim out."""
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "azp": "ehr-caller",
        "sub": "7f",
        "iat": SECONDS - 10,
        "exp": SECONDS + 300,
        "scope": "system/*.cruds",
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def token(key: RSAKey | ECKey | None = None, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """Return a signed token."""
    key = key or rsa()
    algorithm = "RS256" if isinstance(key, RSAKey) else "ES256"
    named = {"alg": algorithm, "kid": key.kid, "typ": "JWT"} | (header or {})
    return jws.serialize_compact(
        {name: value for name, value in named.items() if value is not None},
        json.dumps(claims(**changes)),
        key,
        algorithms=[named["alg"]],
        registry=jws.JWSRegistry(algorithms=[named["alg"]], strict_check_header=False),
    )


def signed_text(payload: bytes, key: RSAKey | None = None) -> str:
    """Return a signed token with this text as its claims, JSON or not."""
    return jws.serialize_compact({"alg": "RS256", "kid": "one"}, payload, key or rsa(), algorithms=["RS256"])


def forged(header: dict[str, Any], **changes: Any) -> str:
    """Return what looks like a token and is signed by nobody."""
    return f"{_part(json.dumps(header).encode())}.{_part(json.dumps(claims(**changes)).encode())}.AAAA"


def with_shared_secret(secret: bytes) -> str:
    """Return a token signed with HS256, as if the public key were a secret."""
    signed = forged({"alg": "HS256", "kid": "one"}).removesuffix(".AAAA")
    return f"{signed}.{_part(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def _part(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")
