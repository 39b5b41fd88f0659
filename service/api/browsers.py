"""What browsers keep for us and send along: cookies; and what proves a change to come from our page.

A cookie counts at the pages alone, never at the API: there a page of somebody else's could use it.
Source: datatracker.ietf.org/doc/draft-ietf-httpbis-rfc6265bis (``__Host-``); developer.mozilla.org,
"Cookies Having Independent Partitioned State" (what a frame inside the EHR needs).
"""

import secrets
from collections.abc import Callable, Sequence
from functools import cache
from hmac import compare_digest, digest
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers

from service.callers import Caller
from service.errors import CallerRefused, CredentialRefused, PageForged

SIGNED_IN = "__Host-alliance"
BEGUN = "__Host-alliance-begun-"
NO_ONE = "'none'"
LAUNCH, PAGE = "/launch", "/clinician"
_OURSELVES = "same-origin"


def is_page(path: str) -> bool:
    """Tell whether an address is one of the clinician's pages."""
    return path in (LAUNCH, PAGE) or path.startswith(f"{PAGE}/")


def cookie_of(headers: Headers, name: str) -> str:
    """Return a cookie, '' where none came under this name or several did."""
    found = []
    for header in headers.getlist("cookie"):
        for part in header.split(";"):
            given, _, value = part.strip().partition("=")
            if given == name:
                found.append(value)
    return found[0] if len(found) == 1 else ""


def set_cookie(name: str, value: str, seconds: int, *, framed: bool) -> str:
    """Return the header that keeps a cookie for so many seconds; none: that forgets it.

    ``framed``: for a page within a frame of another site's, which alone may send it there.
    """
    try:
        morsel = SimpleCookie({name: value})[name]
    except CookieError as error:
        raise ValueError("no cookie can have this name") from error
    morsel["path"], morsel["max-age"] = "/", str(seconds)
    morsel["secure"] = morsel["httponly"] = True
    morsel["samesite"] = "None" if framed else "Lax"
    return f"{morsel.OutputString()}{'; Partitioned' if framed else ''}"


def page_headers(ancestors: Sequence[str]) -> tuple[tuple[bytes, bytes], ...]:
    """Return what keeps a page to itself: nothing of others', no script, framed by these origins alone.

    The referrer stays within our origin: with ``no-referrer`` browsers would send a form as of nobody.
    """
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors {' '.join(ancestors) or NO_ONE}"
    )
    return (
        (b"referrer-policy", b"same-origin"),
        (b"content-security-policy", policy.encode()),
        (b"x-robots-tag", b"noindex"),
    )


def identify_by_cookie(
    known: Callable[[str], Caller | None], find_refusal: Callable[[Headers], CallerRefused | None]
) -> Callable[[Headers], Caller]:
    """Return what tells by the cookie of a request who sends it; raises ``CredentialRefused``."""

    def identify(headers: Headers) -> Caller:
        refusal = find_refusal(headers)
        if refusal:
            raise refusal
        cookie = cookie_of(headers, SIGNED_IN)
        caller = known(cookie) if cookie else None
        if caller is None:
            raise CredentialRefused("expired" if cookie else "no-credential")
        return caller

    return identify


def page_token(headers: Headers) -> str:
    """Return what a form of a page carries, so that no page of somebody else's can send it for a person."""
    secret = cookie_of(headers, SIGNED_IN) or _own_secret()
    return digest(secret.encode(), b"page", "sha256").hex()


def refuse_forged(headers: Headers, given: str) -> None:
    """Raise ``PageForged`` for a change that was not sent by a page made for this very sign-in."""
    site = headers.get("sec-fetch-site", _OURSELVES)
    if site != _OURSELVES or not compare_digest(given.encode(), page_token(headers).encode()):
        raise PageForged("This page is no longer current. Open it again, and repeat what you did.")


@cache
def _own_secret() -> str:
    """Return this process's own secret, for who has no cookie: on this machine nobody signs in."""
    return secrets.token_urlsafe(32)
