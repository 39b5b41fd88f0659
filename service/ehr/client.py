"""Typed calls to one EHR: what it takes, one write, one search. Decides nothing about retries."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from service.clock import Clock
from service.ehr.allowed import allow
from service.ehr.auth.credentials import NO_CREDENTIALS, Credentials, Headers
from service.ehr.auth.token_endpoint import server_time
from service.ehr.capabilities import Capabilities, WriteKind, parse_capabilities
from service.ehr.lookup import Lookup
from service.ehr.places import Place, place_of
from service.ehr.profile import Profile
from service.ehr.profile_file import DEFAULT, load_profile
from service.ehr.rate_limit import RateLimit
from service.ehr.scopes import Scopes, parse_scopes
from service.ehr.told import in_words
from service.ehr.turns import Turns
from service.errors import EhrError, EhrUnreadable
from service.http import Answer, Http, host_of, json_object, same_host

_KEPT = timedelta(hours=24)
# What was refused although declared may be allowed after somebody changed a setting there.
_STRUCK_KEPT = timedelta(hours=1)
_MOST_PAGES = 20
_UNAUTHORIZED = 401
CANNOT_TELL = "cannot-tell"


def _nothing_to_ask() -> None:
    """Do nothing: where an exchange may always leave."""


@dataclass(frozen=True, slots=True)
class Found:
    """A resource that is in the EHR, and where."""

    place: Place
    resource: Mapping[str, Any]


class EhrClient:
    """One EHR below one base URL. Thread-safe.

    ``profile`` is what is known of its vendor, by default nothing; ``credentials`` are ours there; ``turns``
    limits how many requests are on their way.
    """

    def __init__(
        self,
        http: Http,
        base_url: str,
        clock: Clock,
        profile: Profile | None = None,
        *,
        credentials: Credentials = NO_CREDENTIALS,
        rate: RateLimit | None = None,
        turns: Turns | None = None,
    ) -> None:
        self.profile = profile or load_profile(DEFAULT)
        self._allowed: tuple[Capabilities, Scopes, Capabilities] | None = None
        self._http = http
        self._credentials = credentials
        self._rate = rate or RateLimit(None)
        self.turns = turns or Turns(None)
        self._trouble = ""
        self._base = base_url.rstrip("/")
        self._clock = clock
        self._lock = threading.Lock()
        self._capabilities: Capabilities | None = None
        self._struck: set[tuple[WriteKind, str]] = set()
        self._read_at = self._until = datetime.min.replace(tzinfo=clock().tzinfo)

    def trouble(self) -> str:
        """Return what the last exchange failed at, for a person; '' where the EHR answered and let us in."""
        return self._trouble

    def sign_in(self) -> None:
        """Get credentials where there are none that are fresh. Raises ``SignInFailed``."""
        self._credentials.headers()

    def clock_ahead_seconds(self) -> float | None:
        """Return how far the EHR's clock is ahead of ours; None: it does not tell. Raises ``EhrError``."""
        told = server_time(self._get(self._url("metadata")))
        return (told - self._clock()).total_seconds() if told else None

    @property
    def known_to_declare(self) -> Capabilities | None:
        """What the EHR declared when it was last asked; None before. Asks nobody."""
        return self._capabilities

    def granted_scopes(self) -> str | None:
        """Return the scopes granted to us, None where nobody told (yet)."""
        return self._credentials.granted()

    @property
    def base_url(self) -> str:
        """The FHIR base of the EHR, without a slash at its end."""
        return self._base

    def capabilities(self) -> Capabilities:
        """Return what we may do in the EHR, by a statement at most a day old. Raises ``EhrError``.

        That is what it declares, less what the token does not grant and the profile rules out.
        """
        declared, scopes = self.declared(), parse_scopes(self._credentials.granted())
        kept = self._allowed
        if kept is None or kept[0] is not declared or kept[1] != scopes:
            kept = self._allowed = (declared, scopes, allow(declared, scopes, self.profile))
        return kept[2]

    def declared(self) -> Capabilities:
        """Return what the EHR declares, less what it was seen to refuse. Raises ``EhrError``."""
        with self._lock:
            if self._capabilities is None or self._clock() >= self._until:
                self._capabilities = self._read_capabilities()
                self._struck.clear()
                self._read_at = self._clock()
                self._until = self._read_at + _KEPT
            return self._capabilities

    def refresh_capabilities(self, older_than_seconds: float) -> Capabilities:
        """Return what we may do, by a statement that is not older than so. Raises ``EhrError``."""
        with self._lock:
            if (self._clock() - self._read_at).total_seconds() > older_than_seconds:
                self._capabilities = None
        return self.capabilities()

    def forget_capabilities(self) -> None:
        """Read the statement again before the next delivery."""
        with self._lock:
            self._capabilities = None

    def strike_out(self, kind: WriteKind, resource_type: str = "") -> None:
        """Read the statement again after a refusal; what it still promises counts as not offered for an hour.

        Raises ``EhrError`` where the statement cannot be read.
        """
        declared = self._read_capabilities()
        with self._lock:
            self._struck.add((kind, resource_type))
            for refused in self._struck:
                declared = declared.without(*refused)
            self._capabilities = declared
            self._read_at = self._clock()
            self._until = self._read_at + _STRUCK_KEPT

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        make_sure: Callable[[], None] = _nothing_to_ask,
    ) -> Answer:
        """Perform one write; ``path`` is '' for a transaction. Raises ``EhrUnreachable`` or ``EhrSilent``.

        ``make_sure`` is called when all waiting is over, right before something leaves; what it raises keeps
        that from leaving.
        """
        sent = {"Prefer": f"return={self.profile.prefer}", **headers}
        return self._exchange(method, self._url(path), sent, body, make_sure)

    def find(self, lookup: Lookup) -> tuple[Found, ...]:
        """Return every resource in the EHR that is the one looked for; more than one is a mess of its making.

        Caches are passed by; pages are followed; the same resource on two pages counts once. Raises
        ``EhrError``, with the code ``cannot-tell`` where one that is found may or may not be ours.
        """
        size = {"_count": str(self.profile.page_size)} if self.profile.page_size else {}
        found: dict[str, Found] = {}
        for number, page in enumerate(self.pages(lookup.resource_type, {**lookup.parameters, **size}), 1):
            if any(lookup.is_unclear(one.resource) for one in page):
                raise EhrUnreadable(CANNOT_TELL)
            found |= {one.place.id: one for one in page if lookup.matches(one.resource)}
            if number >= _MOST_PAGES:
                raise EhrUnreadable("too-many-pages")
        return tuple(found.values())

    def pages(self, resource_type: str, parameters: Mapping[str, str]) -> Iterator[list[Found]]:
        """Yield the pages of a search, each asked for once the one before was used; caches are passed by.

        Only resources of the type that carry an id. Raises ``EhrError``, also for a next page elsewhere or
        one that came before.
        """
        url = f"{self._url(resource_type)}?{urlencode(parameters, safe=':/|,')}"
        seen: set[str] = set()
        while url:
            if url in seen:
                raise EhrUnreadable("pages-in-a-circle")
            seen.add(url)
            bundle = self._read_json(url)
            yield [
                Found(place, resource)
                for resource in _matches(bundle)
                if (place := place_of(resource)) and place.resource_type == resource_type
            ]
            url = self._next_page(bundle)

    def read(self, resource_type: str, resource_id: str) -> Found | None:
        """Return one resource, or None where it is not there or deleted. Raises ``EhrError``."""
        answer = self._get(self._url(f"{resource_type}/{resource_id}"))
        if answer.status in (404, 410):
            return None
        resource = json_object(answer)
        place = place_of(resource)
        if place is None or place.resource_type != resource_type:
            raise EhrUnreadable("not-the-resource")
        return Found(place, resource)

    def _read_capabilities(self) -> Capabilities:
        statement = self._read_json(self._url("metadata"))
        try:
            return parse_capabilities(statement)
        except ValueError as error:
            raise EhrUnreadable("no-capability-statement") from error

    def _read_json(self, url: str) -> Any:  # noqa: ANN401 - whatever the EHR answered
        return json_object(self._get(url))

    def _get(self, url: str) -> Answer:
        return self._exchange("GET", url, {"Cache-Control": "no-cache"})

    def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        make_sure: Callable[[], None] = _nothing_to_ask,
    ) -> Answer:
        """Exchange as soon as it is our turn, and note how the EHR does."""

        def exchange(carried: Headers) -> Answer:
            self._rate.take()
            make_sure()
            return self._http.exchange(method, url, {**headers, **carried}, body)

        with self.turns.one():
            return self._let_in(exchange)

    def _let_in(self, exchange: Callable[[Headers], Answer]) -> Answer:
        """Exchange with our credentials; where they are refused (401), once more with new ones."""
        try:
            carried = self._credentials.headers()
            answer = exchange(carried)
            if answer.status == _UNAUTHORIZED:
                renewed = self._credentials.renewed(carried)
                if renewed is not None:
                    answer = exchange(renewed)
        except EhrError as error:
            self._trouble = in_words(error)
            raise
        said = "refused our credentials" if carried else "asks for credentials"
        self._trouble = f"the EHR {said} (401)" if answer.status == _UNAUTHORIZED else ""
        return answer

    def _next_page(self, bundle: Mapping[str, Any]) -> str:
        links = bundle.get("link")
        for link in links if isinstance(links, list) else []:
            if isinstance(link, dict) and link.get("relation") == "next":
                url = urlsplit(urljoin(f"{self._base}/", str(link.get("url", ""))))
                base = urlsplit(self._base)
                if not (same_host(url.geturl(), self._base) or url.netloc.lower() == host_of(self._base)):
                    raise EhrUnreadable("next-page-elsewhere")
                # Behind a proxy a server may write http: our credentials go by the base's scheme alone.
                return urlunsplit(url._replace(scheme=base.scheme, netloc=base.netloc))
        return ""

    def _url(self, path: str) -> str:
        return f"{self._base}/{path}" if path else self._base


def _matches(bundle: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if bundle.get("resourceType") != "Bundle":
        raise EhrUnreadable("not-a-bundle")
    entries = bundle.get("entry")
    kept = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return [entry["resource"] for entry in kept if isinstance(entry.get("resource"), dict)]
