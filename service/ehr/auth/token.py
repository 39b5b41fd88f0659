"""What a token endpoint answers: a token, or why there is none. Pure.

Source: RFC 6749 sections 5.1 and 5.2; SMART Backend Services, "Access token response".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fhir_mappings import json_text
from service.ehr_settings import TOKEN
from service.errors import SignInFailed
from service.http import Answer

# Where the endpoint does not say how long a token lives (it must): SMART recommends five minutes at most.
_DEFAULT_LIFE_SECONDS = 300
_LONGEST_LIFE_SECONDS = 86_400
_RENEWED_AT = 0.8
_OK = 200
_ERROR = re.compile(r"[a-z_]{1,40}")

WHO = "the EHR's token endpoint"
_BY_ERROR = {
    "invalid_client": "refused our {proof} (invalid_client)",
    "invalid_grant": "refused our {proof} (invalid_grant)",
    "invalid_scope": "refused a scope that we ask for (invalid_scope; see ALLIANCE_EHR_SCOPES)",
    "unauthorized_client": "does not let this client sign in on its own (unauthorized_client)",
    "unsupported_grant_type": "does not let anybody sign in without a person (unsupported_grant_type)",
}


@dataclass(frozen=True, slots=True)
class Token:
    """A token and its times; ``scopes`` is what was granted with it, None where that was not told."""

    value: str = field(repr=False)
    renew_at: datetime
    ends_at: datetime
    scopes: str | None


def token_in(answer: Answer, asked_at: datetime, asked_scopes: str, proof: str) -> Token:
    """Return the token of an answer; its life counts from the moment of asking.

    ``proof`` is what we showed ("key", "client id or secret"). Raises ``SignInFailed``.
    """
    found = _object_in(answer)
    if answer.status != _OK:
        raise _refused(answer.status, found, proof)
    value = found.get("access_token")
    if not isinstance(value, str) or not TOKEN.fullmatch(value):
        raise SignInFailed("token-unreadable", f"{WHO} gave an answer without a usable token")
    if str(found.get("token_type", "bearer")).lower() != "bearer":
        raise SignInFailed("token-not-bearer", f"{WHO} gave a token that is no bearer token")
    life = _life_seconds(found.get("expires_in"))
    return Token(
        value=value,
        renew_at=asked_at + timedelta(seconds=life * _RENEWED_AT),
        ends_at=asked_at + timedelta(seconds=life),
        scopes=_scopes(found.get("scope"), asked_scopes),
    )


def error_code_in(answer: Answer) -> str:
    """Return OAuth's word for a refusal, such as ``invalid_client``; '' where there is none."""
    code = _object_in(answer).get("error")
    return code if isinstance(code, str) and _ERROR.fullmatch(code) else ""


def _refused(status: int, found: Mapping[str, Any], proof: str) -> SignInFailed:
    code = found.get("error")
    word = code if isinstance(code, str) and _ERROR.fullmatch(code) else ""
    if word in _BY_ERROR:
        sentence = _BY_ERROR[word].format(proof=proof)
    elif status in (429, 503):
        sentence = f"is busy ({status})"
    elif status >= 500:  # noqa: PLR2004 - an HTTP status
        sentence = f"failed ({status})"
    elif 300 <= status < 400:  # noqa: PLR2004 - HTTP statuses
        sentence = f"points to another address ({status}), which is not followed; see ALLIANCE_EHR_TOKEN_URL"
    else:
        sentence = f"refused us ({word or status})"
    return SignInFailed(f"token-{word.replace('_', '-') or f'status-{status}'}", f"{WHO} {sentence}")


def _object_in(answer: Answer) -> Mapping[str, Any]:
    try:
        found = json_text.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _life_seconds(told: object) -> float:
    text = str(told)
    seconds = int(text) if text.isdecimal() else _DEFAULT_LIFE_SECONDS  # some say it as text
    return float(min(max(seconds, 1), _LONGEST_LIFE_SECONDS))


def _scopes(told: object, asked: str) -> str | None:
    """Return the granted scopes: those told, else those asked for (RFC 6749 section 5.1)."""
    if isinstance(told, str):
        return " ".join(told.split())
    return asked or None
