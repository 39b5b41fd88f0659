"""Who calls, by the credential of a request: a token of the clinic's identity provider, or an API key.

Both come as ``Authorization: Bearer``. The clinic follows from the credential alone: from the issuer of a
token, from a key's own row.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from starlette.datastructures import Headers

from service.api.security import Identify, find_unknown_host
from service.caller_settings import CallerSettings
from service.callers import Caller
from service.clock import Clock
from service.errors import CredentialRefused
from service.flows.check_request import LONGEST_TEXT
from service.identity.issuer_keys import IssuerKeys
from service.identity.token import Rules, UnverifiedToken, find_claim, read_token, verify_token, words_in
from service.scopes import Scope, parse_scopes

KEY_MARK = "alk_"
LONGEST_NAME = 120
_OWN_LETTERS = 32
# OpenID Connect Core 1.0, section 2: at most 255 ASCII characters.
_LONGEST_SUBJECT = 255
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_REFERENCE = re.compile(r"(https?://[^\s?#|]+/)?(Patient|Practitioner|PractitionerRole)/[A-Za-z0-9\-.]{1,64}")

# Returns who an API key stands for, None where no such key counts now.
FindKey = Callable[[str], Caller | None]
KeysOf = Callable[[CallerSettings], IssuerKeys]


@dataclass(frozen=True, slots=True)
class _Issuer:
    """One identity provider: whose it is, and what it must say."""

    clinic: str
    settings: CallerSettings
    keys: IssuerKeys

    def caller(self, token: UnverifiedToken, now: datetime) -> Caller:
        """Return whom a token of this issuer stands for; raises ``CredentialRefused``."""
        settings = self.settings
        rules = Rules(settings.token_audience, settings.token_algorithms, settings.token_skew_seconds)
        taken = token.algorithm in rules.algorithms
        key = self.keys.find(token.key_id, token.algorithm) if taken else None
        if key is None:
            raise CredentialRefused(cause="key")
        return to_caller(verify_token(token, key, rules, now), self.clinic, settings)


def build_identify(
    settings_by_clinic: Mapping[str, CallerSettings],
    keys_of: KeysOf,
    find_key: FindKey,
    clock: Clock,
    *,
    hosts: Collection[str],
) -> Identify:
    """Return what tells by its headers who sends a request; ``hosts`` are the names that we answer to.

    No two clinics may have one issuer: a token would be of both. Raises ``ValueError`` then.
    """
    issuers = _by_name(settings_by_clinic, keys_of)

    def identify(headers: Headers) -> Caller:
        refusal = find_unknown_host(headers, hosts)
        if refusal:
            raise refusal
        credential = bearer_of(headers)
        if credential.startswith(KEY_MARK):
            found = find_key(credential)
            if found is None:
                raise CredentialRefused(cause="api-key")
            return found
        token = read_token(credential)
        issuer = issuers.get(token.issuer)
        if issuer is None:
            raise CredentialRefused(cause="issuer")
        return issuer.caller(token, clock())

    return identify


def _by_name(settings_by_clinic: Mapping[str, CallerSettings], keys_of: KeysOf) -> dict[str, _Issuer]:
    found: dict[str, _Issuer] = {}
    for clinic, settings in settings_by_clinic.items():
        name = settings.token_issuer
        if name in found:
            raise ValueError("ALLIANCE_TOKEN_ISSUER: two clinics have the same")
        if name is not None:
            found[name] = _Issuer(clinic, settings, keys_of(settings))
    return found


def bearer_of(headers: Headers) -> str:
    """Return the one credential that a request carries; raises ``CredentialRefused``."""
    given = headers.getlist("authorization")
    if not given:
        raise CredentialRefused("no-credential")
    found = _BEARER.fullmatch(given[0]) if len(given) == 1 else None
    if found is None:
        raise CredentialRefused(cause="header")
    return found[1]


def to_caller(claims: Mapping[str, Any], clinic: str, settings: CallerSettings) -> Caller:
    """Return whom the claims of a verified token tell of, in its issuer's clinic."""
    scopes = parse_scopes(" ".join(words_in(claims.get("scope", claims.get("scp")))))
    user = _reference(find_claim(claims, settings.token_user_claim), "Practitioner")
    return Caller(
        name=_name(claims),
        clinic=clinic,
        scopes=scopes,
        user=user,
        person_name="" if user else _person_name(claims, scopes),
        patient=_reference(find_claim(claims, settings.token_patient_claim), "Patient"),
        supervises=_supervises(claims, settings),
        patients_see_alerts=settings.patients_see_alerts,
        patients_see_therapist_forms=settings.patients_see_therapist_forms,
    )


def _supervises(claims: Mapping[str, Any], settings: CallerSettings) -> bool:
    if settings.token_supervisor_claim is None:
        return False
    value = find_claim(claims, settings.token_supervisor_claim)
    said = ["true"] if value is True else words_in(value)
    return settings.token_supervisor_value in said


def _reference(value: object, kind: str) -> str | None:
    """Return a claim as a reference: a bare id is of this kind; None for a claim that is no such thing.

    One that is longer than any reference that is kept is nobody's: cut off it could be another's.
    """
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        return None
    if _ID.fullmatch(value):
        return f"{kind}/{value}"
    found = _REFERENCE.fullmatch(value)
    return value if found and found[2].startswith(kind) else None


def _name(claims: Mapping[str, Any]) -> str:
    """Return what the audit calls the caller: the client, and the subject where that is another."""
    client = claims.get("azp", claims.get("client_id"))
    named = [_printable(one) for one in (client, claims.get("sub")) if isinstance(one, str) and one]
    whole = "/".join(dict.fromkeys(named)) or "token"
    if len(whole) <= LONGEST_NAME:
        return whole
    # What two callers have in common must not make them one: exports are fetched by who asked for them.
    own = sha256(whole.encode()).hexdigest()[:_OWN_LETTERS]
    return f"{whole[: LONGEST_NAME - _OWN_LETTERS - 1]}~{own}"


def _person_name(claims: Mapping[str, Any], scopes: Sequence[Scope]) -> str:
    """Return what a token calls the person behind it; '' where it is a system's own."""
    subject = claims.get("sub")
    is_of_person = any(scope.level != "system" for scope in scopes)
    return _printable(subject)[:_LONGEST_SUBJECT] if is_of_person and isinstance(subject, str) else ""


def _printable(text: str) -> str:
    """Return a text without what no database takes (NUL, half characters) or no person sees."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
