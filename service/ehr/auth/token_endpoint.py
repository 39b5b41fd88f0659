"""Ask a token endpoint for a token: with a signed assertion, or with a client secret."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import quote_plus, urlencode

from service.clock import Clock
from service.ehr.auth.assertion import ASSERTION_TYPE, make_assertion
from service.ehr.auth.keys import SigningKey
from service.ehr.auth.token import WHO, Token, error_code_in, token_in
from service.ehr.told import in_words
from service.errors import EhrError, SignInFailed
from service.http import Answer, Http

_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
# An assertion lasts for clocks a minute apart; refused beyond half of that, the server's own clock is tried.
_SKEW_WORTH_TRYING = timedelta(seconds=30)
_MAYBE_CLOCK = ("", "invalid_client", "invalid_grant", "invalid_request")


class Proof(Protocol):
    """How a client shows who it is; ``name`` is what it shows, for people."""

    @property
    def name(self) -> str:
        """What is shown: "key"."""

    @property
    def depends_on_time(self) -> bool:
        """Whether a wrong clock makes it invalid."""

    def fields(self, token_url: str, now: datetime) -> Mapping[str, str]:
        """Return its form fields."""

    def headers(self) -> Mapping[str, str]:
        """Return its headers."""


@dataclass(frozen=True, slots=True)
class SignedProof:
    """private_key_jwt: a new assertion each time."""

    client_id: str
    key: SigningKey
    name: str = "key"
    depends_on_time: bool = True

    def fields(self, token_url: str, now: datetime) -> Mapping[str, str]:
        """Return the assertion and its type."""
        signed = make_assertion(self.key, self.client_id, token_url, now)
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}

    def headers(self) -> Mapping[str, str]:
        """Return none."""
        return {}


@dataclass(frozen=True, slots=True)
class SecretProof:
    """client_secret_basic, or client_secret_post where it goes into the body (RFC 6749 section 2.3.1)."""

    client_id: str
    secret: str = field(repr=False)
    in_body: bool = False
    name: str = "client id or secret"
    depends_on_time: bool = False

    def fields(self, token_url: str, now: datetime) -> Mapping[str, str]:  # noqa: ARG002 - for every proof alike
        """Return id and secret where they go into the body."""
        return {"client_id": self.client_id, "client_secret": self.secret} if self.in_body else {}

    def headers(self) -> Mapping[str, str]:
        """Return id and secret where they go into the header."""
        if self.in_body:
            return {}
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.secret)}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


class TokenEndpoint:
    """One client at one token endpoint. Not for two threads at a time.

    ``find_url`` tells the endpoint's address; it is asked again after a failure.
    """

    def __init__(
        self, http: Http, find_url: Callable[[], str], proof: Proof, scopes: str, clock: Clock
    ) -> None:
        self._http = http
        self._find_url = find_url
        self._proof = proof
        self._scopes = scopes
        self._clock = clock
        self._url = ""
        self._ahead = timedelta()  # how far the server's clock is ahead of ours, once that mattered

    def fetch(self) -> Token:
        """Return a new token. Raises ``SignInFailed``.

        Where an assertion is refused and the server's Date is far from our clock, it is signed once more for
        the time that the server has.
        """
        try:
            return self._fetch()
        except SignInFailed:
            self._url = ""
            raise

    def _fetch(self) -> Token:
        self._url = self._url or self._find_url()
        asked_at = self._clock()
        answer = self._ask()
        if self._may_be_the_clock(answer):
            answer = self._ask()
        return token_in(answer, asked_at, self._scopes, self._proof.name)

    def _ask(self) -> Answer:
        scope = {"scope": self._scopes} if self._scopes else {}
        proof = self._proof.fields(self._url, self._clock() + self._ahead)
        body = urlencode({"grant_type": "client_credentials", **scope, **proof}).encode()
        try:
            return self._http.exchange("POST", self._url, {**_FORM, **self._proof.headers()}, body)
        except EhrError as error:
            raise SignInFailed(f"token-{error.code}", in_words(error, WHO)) from error

    def _may_be_the_clock(self, answer: Answer) -> bool:
        """Tell whether a refusal may come from our clock; then the server's is taken from now on."""
        refused = answer.status in (400, 401) and error_code_in(answer) in _MAYBE_CLOCK
        told = server_time(answer)
        if not (refused and self._proof.depends_on_time and told):
            return False
        ahead = told - self._clock()
        if abs(ahead - self._ahead) < _SKEW_WORTH_TRYING:
            return False
        self._ahead = ahead
        return True


def server_time(answer: Answer) -> datetime | None:
    """Return the Date header of an answer, or None without a readable one."""
    try:
        told = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)
