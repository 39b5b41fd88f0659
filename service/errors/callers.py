"""Requests by somebody who is not known here, or may not ask for this."""

from collections.abc import Sequence
from types import MappingProxyType

from service.errors.requests import RequestRefused


class CallerRefused(RequestRefused):
    """The request's Host or Origin is not this machine."""

    status = 403
    issue_code = "forbidden"
    reason = "forbidden"


_REALM = 'Bearer realm="alliance"'
_WHY = MappingProxyType(
    {
        "no-credential": "A credential is needed: Authorization: Bearer, with a token or an API key.",
        "expired": "The credential has expired.",
        "invalid-token": "The credential is not valid here.",
    }
)


class CredentialRefused(RequestRefused):
    """No credential came, or one that is not valid here (``why``); what is wrong with it is not told.

    ``cause`` is a short word for those who count refusals. Source: RFC 6750, section 3.
    """

    status = 401
    issue_code = "login"

    def __init__(self, why: str = "invalid-token", *, cause: str = "") -> None:
        self.reason = why
        self.cause = cause or why
        error = f', error="invalid_token", error_description="{_WHY[why]}"' if why != "no-credential" else ""
        self.headers = {"WWW-Authenticate": f"{_REALM}{error}"}
        super().__init__(_WHY[why], at="Authorization")


class ScopeMissing(RequestRefused):
    """The credential is valid and does not open this; ``scopes`` are those that would."""

    status = 403
    issue_code = "forbidden"
    reason = "insufficient-scope"

    def __init__(self, scopes: Sequence[str], message: str = "") -> None:
        named = " ".join(scopes)
        needed = f', scope="{named}"' if named else ""
        self.headers = {"WWW-Authenticate": f'{_REALM}, error="insufficient_scope"{needed}'}
        super().__init__(message or f"This needs the scope {named}.", at="Authorization")


class SignInRefused(RequestRefused):
    """Signing in at a page came to nothing; ``cause`` is a short word for the log, and not told."""

    status = 403
    issue_code = "login"
    reason = "sign-in-refused"

    def __init__(self, cause: str, message: str = "Signing in did not work. Please begin again.") -> None:
        super().__init__(message)
        self.cause = cause


class PageForged(RequestRefused):
    """A change that no page of ours sent: its token is missing, or another sign-in's."""

    status = 403
    issue_code = "forbidden"
    reason = "page-forged"
