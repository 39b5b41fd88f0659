"""What a request to the EHR carries so that it is let in."""

import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from service.clock import Clock
from service.ehr.auth.token import Token
from service.errors import SignInFailed

Headers = Mapping[str, str]

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0


class Credentials(Protocol):
    """The way one EHR knows us. Thread-safe."""

    def headers(self) -> Headers:
        """Return what the next request carries. Raises ``SignInFailed``."""

    def renewed(self, refused: Headers) -> Headers | None:
        """Return what to carry in place of what was refused; None where there is nothing else.

        Raises ``SignInFailed``.
        """

    def granted(self) -> str | None:
        """Return the scopes granted to us, None where nobody told."""


class FixedCredentials:
    """The same for each request: a token, a user and password, or nothing."""

    def __init__(self, authorization: str = "") -> None:
        self._headers = {"Authorization": authorization} if authorization else {}

    def headers(self) -> Headers:
        """Return them."""
        return self._headers

    def renewed(self, refused: Headers) -> None:
        """Return None: there are no others."""

    def granted(self) -> None:
        """Return None: nobody tells."""


NO_CREDENTIALS = FixedCredentials()


def bearer(token: str) -> FixedCredentials:
    """Return a fixed token's credentials."""
    return FixedCredentials(f"Bearer {token}")


def basic(user: str, password: str) -> FixedCredentials:
    """Return the credentials of a user (RFC 7617, in UTF-8)."""
    return FixedCredentials(f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}")


class TokenCredentials:
    """Tokens of a token endpoint: kept, renewed at four fifths of their life, by one thread at a time.

    After a failure the endpoint is left alone for a while, longer each time (1 s to a minute).
    """

    def __init__(self, fetch: Callable[[], Token], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._scopes: str | None = None
        self._failure: SignInFailed | None = None
        self._failures = 0
        self._not_before: datetime = clock()

    def headers(self) -> Headers:
        """Return the token's header, after fetching one where there is none that is fresh."""
        return _carrying(self._usable())

    def renewed(self, refused: Headers) -> Headers:
        """Return the header of another token than the refused one, fetched unless another thread did."""
        with self._lock:
            if self._token is not None and _carrying(self._token) == refused:
                self._token = None
        return self.headers()

    def granted(self) -> str | None:
        """Return the scopes of the newest token, also after it was refused; None before the first."""
        return self._scopes

    def _usable(self) -> Token:
        token = self._token
        now = self._clock()
        if token is not None and now < token.renew_at:
            return token
        # While one thread renews a token that still lives, the others go on with it.
        lives = token is not None and now < token.ends_at
        if not self._lock.acquire(blocking=not lives):
            return token  # type: ignore[return-value] # it lives
        try:
            return self._renewed_token()
        finally:
            self._lock.release()

    def _renewed_token(self) -> Token:
        """Return a fresh token, the lock being held; the old one where it lives and no other is to be had."""
        now = self._clock()
        token = self._token
        if token is not None and now < token.renew_at:
            return token  # another thread was here before
        try:
            self._token = self._fetch_unless_resting(now)
        except SignInFailed:
            if token is None or now >= token.ends_at:
                raise
            return token
        return self._token

    def _fetch_unless_resting(self, now: datetime) -> Token:
        if self._failure is not None and now < self._not_before:
            raise SignInFailed(self._failure.code, self._failure.sentence)
        try:
            token = self._fetch()
        except SignInFailed as failure:
            pause = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0 ** min(self._failures, 10))
            self._failure, self._failures = failure, self._failures + 1
            self._not_before = self._clock() + timedelta(seconds=pause)
            raise
        self._failure, self._failures = None, 0
        self._scopes = token.scopes
        return token


def _carrying(token: Token) -> Headers:
    return {"Authorization": f"Bearer {token.value}"}
