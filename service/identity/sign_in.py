"""Signing a person in by authorization code: what is asked, what comes back, and what of it counts.

Bound three times: the state to the browser that began, by a secret in its cookie; the code to this sign-in,
by PKCE; the id_token to it, by the nonce. All three come from that secret, so that nothing is kept here.
Source: RFC 6749, 7636, 9700; openid.net/specs/openid-connect-core-1_0.html, 3.1; SMART App Launch 2.2.
"""

import hashlib
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hmac import compare_digest, digest
from typing import Any, Literal
from urllib.parse import quote_plus, urlencode

from fhir_mappings import json_text
from service.errors import EhrError, SignInRefused
from service.http import Http, host_of
from service.identity.issuer_keys import IssuerKeys
from service.identity.provider import Endpoints, ProviderSilent
from service.identity.token import Rules, read_token, verify_token

MOST_SECONDS = 600
_STATE = re.compile(r"(?P<id>[a-f0-9]{16})\.[A-Za-z0-9_-]{43}")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_OK = 200
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are at an authorization server; ``secret`` '': a public client."""

    id: str
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Way:
    """One authorization server at which a clinic's people sign in: the EHR's, by a launch, or the clinic's.

    ``address`` is the EHR's FHIR base, or the provider's issuer; ``ask`` tells its endpoints, which lie on
    ``hosts``. ``rules`` are those of its id_tokens, made for ``client`` alone.
    """

    kind: Literal["launch", "clinic"]
    address: str
    client: Client
    scope: str
    http: Http
    hosts: frozenset[str]
    ask: Callable[[], Endpoints]
    keys: IssuerKeys
    rules: Rules

    def endpoints(self) -> Endpoints:
        """Return where to sign in; raises ``ProviderSilent``, for addresses elsewhere than allowed too."""
        found = self.ask()
        if not all(one and host_of(one) in self.hosts for one in (found.authorization, found.token)):
            raise ProviderSilent("sign-in-host-not-allowed")
        return found


@dataclass(frozen=True, slots=True)
class Asking:
    """One sign-in that begins: ``id`` names it, ``secret`` stays in the browser's cookie."""

    id: str
    secret: str = field(repr=False)

    @property
    def state(self) -> str:
        """The state that goes round by the authorization server."""
        return f"{self.id}.{self._bound('state')}"

    @property
    def verifier(self) -> str:
        """The code verifier of PKCE."""
        return self._bound("verifier")

    @property
    def nonce(self) -> str:
        """What the id_token must repeat."""
        return self._bound("nonce")

    def _bound(self, to: str) -> str:
        return _text(digest(self.secret.encode(), f"{to} {self.id}".encode(), "sha256"))


@dataclass(frozen=True, slots=True)
class Answered:
    """What a token endpoint gave: the id_token, what it granted, and the launch's context ('' without).

    ``alert`` is the one that the followed card was about, by its appContext.
    """

    id_token: str = field(repr=False)
    scope: str
    patient: str
    encounter: str
    alert: str = ""


def find_asking_id(state: str) -> str:
    """Return which sign-in a state claims to be of; raises ``SignInRefused``."""
    found = _STATE.fullmatch(state)
    if found is None:
        raise SignInRefused("bad-state")
    return found["id"]


def check_state(state: str, asking: Asking) -> None:
    """Raise ``SignInRefused`` where a state is not that of what this browser began."""
    if not compare_digest(state.encode(), asking.state.encode()):
        raise SignInRefused("foreign-state")


def authorization_url(way: Way, endpoints: Endpoints, asking: Asking, redirect_uri: str, **more: str) -> str:
    """Return where the browser goes to sign in; ``more`` are ``aud`` and ``launch`` of a launch."""
    challenge = _text(hashlib.sha256(asking.verifier.encode()).digest())
    asked = {
        "response_type": "code",
        "client_id": way.client.id,
        "redirect_uri": redirect_uri,
        "scope": way.scope,
        "state": asking.state,
        "nonce": asking.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **more,
    }
    return f"{endpoints.authorization}?{urlencode(asked)}"


def exchange_code(way: Way, endpoints: Endpoints, asking: Asking, code: str, redirect_uri: str) -> Answered:
    """Return what the code is worth; raises ``SignInRefused``, and ``ProviderSilent``."""
    asked = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": asking.verifier,
        **({} if way.client.secret else {"client_id": way.client.id}),
    }
    headers, body = _FORM | _proof(way.client), urlencode(asked).encode()
    try:
        answer = way.http.exchange("POST", endpoints.token, headers, body)
    except EhrError as error:
        raise ProviderSilent(error.code) from error
    if answer.status != _OK:
        raise SignInRefused(f"code-status-{answer.status}")
    return _answered(answer.body)


def _answered(body: bytes) -> Answered:
    try:
        found = json_text.loads(body)
    except ValueError as error:
        raise ProviderSilent("not-json") from error
    if not isinstance(found, dict) or not isinstance(found.get("id_token"), str):
        raise SignInRefused("no-id-token")
    scope = found.get("scope")
    return Answered(
        id_token=found["id_token"],
        scope=scope if isinstance(scope, str) else "",
        patient=_logical_id(found.get("patient")),
        encounter=_logical_id(found.get("encounter")),
        alert=_alert_of(found.get("appContext")),
    )


def _alert_of(context: object) -> str:
    """Return the alert that a card's appContext names (cds-hooks.hl7.org/2.0, "Link"); '' for another's."""
    try:
        told = json_text.loads(context.encode()) if isinstance(context, str) else context
    except ValueError:
        return ""
    return _logical_id(told.get("alert")) if isinstance(told, dict) else ""


def check_id_token(
    way: Way, endpoints: Endpoints, asking: Asking, text: str, now: datetime
) -> Mapping[str, Any]:
    """Return the claims of an id_token that its issuer made for us, in this sign-in.

    Raises ``CredentialRefused``, and ``SignInRefused`` for another issuer's, client's or sign-in's.
    """
    token = read_token(text)
    if token.issuer != endpoints.issuer:
        raise SignInRefused("another-issuer")
    taken = token.algorithm in way.rules.algorithms
    key = way.keys.find(token.key_id, token.algorithm) if taken else None
    if key is None:
        raise SignInRefused("no-key")
    claims = verify_token(token, key, way.rules, now)
    audience = claims.get("aud")
    several = isinstance(audience, list) and len(audience) > 1
    if claims.get("azp", None if several else way.client.id) != way.client.id:
        raise SignInRefused("another-client")
    if not compare_digest(str(claims.get("nonce", "")).encode(), asking.nonce.encode()):
        raise SignInRefused("nonce")
    return claims


def _proof(client: Client) -> dict[str, str]:
    """Return client_secret_basic, whose parts are form-encoded first (RFC 6749, 2.3.1)."""
    if not client.secret:
        return {}
    pair = f"{quote_plus(client.id)}:{quote_plus(client.secret)}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def _logical_id(value: object) -> str:
    """Return a logical id of the launch's context; '' for what is none."""
    text = value.rpartition("/")[2] if isinstance(value, str) else ""
    return text if _ID.fullmatch(text) else ""


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
