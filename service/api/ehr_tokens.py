"""Who asks for cards: the EHR of the clinic whose token it shows, made for one call of one address.

The clinic follows from the token's issuer. Its keys are the clinic's own: an address in the token (``jku``)
is not looked at. Source: cds-hooks.hl7.org/2.0, "Trusting CDS Clients".
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from starlette.datastructures import Headers

from fhir_mappings import json_text
from service.api.identify import KEY_MARK, bearer_of
from service.api.scopes_table import HOOKS
from service.api.security import Identify, IdentifyAt, find_unknown_host
from service.callers import Caller
from service.clock import Clock, as_instant
from service.errors import CredentialRefused, SettingsRefused
from service.identity.provider import keys_in
from service.identity.token import Key, Rules, UnverifiedToken, fits, read_token, verify_token
from service.scopes import parse_scopes
from service.settings import Settings
from service.store.database import Database
from service.store.lost_races import repeat_lost_races
from service.store.used_tokens import use_token

# Those that every CDS client can sign with, by the specification.
ALGORITHMS = ("ES384", "RS384")
# Made for one call; a longer life would only make us remember it for longer.
LONGEST_LIFE = timedelta(hours=1)
LONGEST_ID = 255
SCOPES = parse_scopes("system/DetectedIssue.s system/Observation.s system/Task.u")
_FEEDBACK = "/feedback"


class FindsKeys(Protocol):
    """Where the keys of an issuer are found."""

    def find(self, key_id: str, algorithm: str) -> Key | None:
        """Return the key of this id that fits the algorithm, None where there is none."""


class SetKeys:
    """The keys of a set that the clinic gave itself; raises ``SettingsRefused`` where none can be used."""

    def __init__(self, text: str) -> None:
        self._keys = keys_in(json_text.loads(text.encode()))
        if not self._keys:
            raise SettingsRefused(["ALLIANCE_CDS_KEYS: holds no public key that can be used"])

    def find(self, key_id: str, algorithm: str) -> Key | None:
        """Return the key of this id that fits the algorithm; without an id the only one that fits."""
        fitting = [
            one.key
            for one in self._keys
            if key_id in ("", one.id) and one.algorithm in ("", algorithm) and fits(one.key, algorithm)
        ]
        return fitting[0] if len(fitting) == 1 else None


@dataclass(frozen=True, slots=True)
class EhrTokens:
    """The tokens of one clinic's EHR; ``database`` is the clinic's own view."""

    clinic: str
    settings: Settings
    keys: FindsKeys
    database: Database

    def caller(self, token: UnverifiedToken, path: str, now: datetime) -> Caller:
        """Return the EHR as a caller; raises ``CredentialRefused``."""
        key = self.keys.find(token.key_id, token.algorithm) if token.algorithm in ALGORITHMS else None
        if key is None:
            raise CredentialRefused(cause="key")
        audiences = tuple(f"{self.settings.public_base_url}{one}" for one in addresses_above(path))
        rules = Rules(audiences, ALGORITHMS, self.settings.token_skew_seconds)
        self._use(verify_token(token, key, rules, now), now)
        return Caller(name="EHR by CDS Hooks", clinic=self.clinic, scopes=SCOPES)

    def _use(self, claims: Mapping[str, Any], now: datetime) -> None:
        """Let a token count this once, in whichever process it is shown again."""
        token_id, expires = claims.get("jti"), datetime.fromtimestamp(int(claims["exp"]), UTC)
        if not isinstance(token_id, str) or not 0 < len(token_id) <= LONGEST_ID or "iat" not in claims:
            raise CredentialRefused(cause="no-token-id")
        if expires - now > LONGEST_LIFE:
            raise CredentialRefused(cause="lifetime")
        named = json_text.dumps([self.settings.cds_issuer, token_id])
        # Until no clock takes it any more.
        until = expires + timedelta(seconds=self.settings.token_skew_seconds + 1)
        if not _use_once(self.database, self.clinic, hashlib.sha256(named).hexdigest(), until, now):
            raise CredentialRefused(cause="replayed")


@repeat_lost_races
def _use_once(database: Database, clinic: str, token_hash: str, until: datetime, now: datetime) -> bool:
    with database.write() as tx:
        return use_token(tx, clinic, token_hash, as_instant(until), as_instant(now))


def addresses_above(path: str) -> tuple[str, ...]:
    """Return the paths that a token's ``aud`` may end in for a call of this one.

    That is the address called, by the specification; clients sign for the service too whose feedback they
    send, and for all services. ``/cds-services/x/feedback`` -> it, ``/cds-services/x``, ``/cds-services``.
    """
    return tuple(dict.fromkeys((path, path.removesuffix(_FEEDBACK), HOOKS)))


def build_identify_hook(
    ehrs: Sequence[EhrTokens], identify: Identify, clock: Clock, *, hosts: Collection[str]
) -> IdentifyAt:
    """Return what tells by path and headers who asks for cards.

    Whoever shows a credential of another kind is told by ``identify``, like every caller of the API.
    """
    by_issuer = {one.settings.cds_issuer: one for one in ehrs}

    def identify_hook(path: str, headers: Headers) -> Caller:
        refusal = find_unknown_host(headers, hosts)
        if refusal:
            raise refusal
        credential = bearer_of(headers)
        token = None if credential.startswith(KEY_MARK) else read_token(credential)
        ehr = by_issuer.get(token.issuer) if token else None
        return ehr.caller(token, path, clock()) if token and ehr else identify(headers)

    return identify_hook
