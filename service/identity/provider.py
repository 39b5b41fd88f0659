"""What an identity provider publishes: its endpoints, and the keys that its tokens are verified with.

Source: openid.net/specs/openid-connect-discovery-1_0.html; RFC 7517.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from service.addresses import is_private, is_web_address
from service.errors import EhrError
from service.http import Http, host_of, json_object
from service.identity.token import Key

PATH = "/.well-known/openid-configuration"
LAUNCH_PATH = "/.well-known/smart-configuration"
MINIMAL_RSA_BITS = 2048
MOST_KEYS = 100
_JSON = {"Accept": "application/json"}


class ProviderSilent(Exception):
    """The identity provider gave no answer that can be used; ``code`` is a short word for the log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a provider, by its own name, does what; '' where it does not say."""

    issuer: str
    jwks: str
    token: str
    authorization: str
    introspection: str
    revocation: str


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """One public key: its id ('' without) and the algorithm that it is bound to ('' without)."""

    id: str
    algorithm: str
    key: Key


def read_endpoints(http: Http, issuer: str) -> Endpoints:
    """Return what the provider says of itself; raises ``ProviderSilent``.

    CAUTION: where it names keys on another host they are not used: a person has to allow that.
    """
    found = read_object(http, f"{issuer.rstrip('/')}{PATH}")
    if found.get("issuer") != issuer:
        raise ProviderSilent("another-issuer")
    return _endpoints(issuer, found)


def read_launch_endpoints(http: Http, iss: str) -> Endpoints:
    """Return what an EHR says of signing in by a launch; raises ``ProviderSilent``.

    Its FHIR base is ``iss``; what signs id_tokens has a name of its own. One that knows no PKCE by S256 is
    not used. Source: hl7.org/fhir/smart-app-launch/conformance.html.
    """
    found = read_object(http, f"{iss.rstrip('/')}{LAUNCH_PATH}")
    issuer, methods = found.get("issuer"), found.get("code_challenge_methods_supported")
    if not isinstance(issuer, str) or not issuer:
        raise ProviderSilent("no-issuer")
    if not isinstance(methods, list) or "S256" not in methods:
        raise ProviderSilent("no-s256")
    return _endpoints(issuer, found)


def _endpoints(issuer: str, found: Mapping[str, Any]) -> Endpoints:
    def at(name: str) -> str:
        value = found.get(name)
        return value if isinstance(value, str) and is_web_address(value) and is_private(value) else ""

    return Endpoints(
        issuer=issuer,
        jwks=at("jwks_uri"),
        token=at("token_endpoint"),
        authorization=at("authorization_endpoint"),
        introspection=at("introspection_endpoint"),
        revocation=at("revocation_endpoint"),
    )


def find_jwks_url(http: Http, issuer: str) -> str:
    """Return where the provider publishes its keys, on its own host; raises ``ProviderSilent``."""
    url = read_endpoints(http, issuer).jwks
    if not url:
        raise ProviderSilent("no-jwks")
    if host_of(url) != host_of(issuer):
        raise ProviderSilent("jwks-host-not-allowed")
    return url


def read_keys(http: Http, url: str) -> tuple[PublishedKey, ...]:
    """Return the keys of a set that may verify signatures; raises ``ProviderSilent``.

    Left out is what is for encryption, symmetric, too short, or cannot be read.
    """
    return keys_in(read_object(http, url))


def keys_in(key_set: Mapping[str, Any]) -> tuple[PublishedKey, ...]:
    """Return the keys of a JWK set that may verify signatures; raises ``ProviderSilent`` where it is none."""
    listed = key_set.get("keys")
    if not isinstance(listed, list):
        raise ProviderSilent("no-keys")
    found = (_published(one) for one in listed[:MOST_KEYS] if isinstance(one, dict))
    return tuple(one for one in found if one is not None)


def read_object(http: Http, url: str) -> dict[str, Any]:
    """Return the JSON object at an address; raises ``ProviderSilent``."""
    try:
        return json_object(http.exchange("GET", url, _JSON))
    except EhrError as error:
        raise ProviderSilent(error.code) from error


def _published(jwk: Mapping[str, Any]) -> PublishedKey | None:
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    try:
        key = _public_key(jwk)
    except (JoseError, ValueError, KeyError, TypeError):
        return None
    return None if key is None else PublishedKey(str(jwk.get("kid", "")), str(jwk.get("alg", "")), key)


def _public_key(jwk: Mapping[str, Any]) -> Key | None:
    if jwk.get("kty") == "RSA":
        key = RSAKey.import_key({name: jwk[name] for name in ("kty", "n", "e")})
        return key if key.raw_value.key_size >= MINIMAL_RSA_BITS else None
    if jwk.get("kty") == "EC":
        return ECKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "y")})
    return None
