"""What recognises callers while the service runs: connections to identity providers, and API keys."""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from service.api.browsers import identify_by_cookie
from service.api.ehr_tokens import EhrTokens, SetKeys, build_identify_hook
from service.api.identify import build_identify
from service.api.security import Identify, IdentifyAt, find_unknown_host
from service.caller_settings import CallerSettings
from service.callers import Caller
from service.cds_settings import CdsSettings
from service.clock import Clock
from service.flows.api_keys import KnownKeys
from service.flows.name_person import KnownPeople
from service.flows.sign_ins import KnownSignIns
from service.http import Http, host_of
from service.identity.issuer_keys import IssuerKeys, Patience
from service.identity.provider import (
    Endpoints,
    ProviderSilent,
    find_jwks_url,
    read_endpoints,
    read_keys,
    read_launch_endpoints,
)
from service.identity.sign_in import Client, Way
from service.identity.token import Rules
from service.log import Log
from service.settings import Settings
from service.store.database import Database

PROVIDER_SECONDS = 5.0
_FRESH, _RETRY = timedelta(minutes=10), timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls; ``endpoints`` asks the identity provider where callers get tokens.

    It is None without one, and where several clinics have one each: nobody can be told whose is meant.
    ``identify_hook`` tells who asks for cards, None where no clinic's EHR shows tokens of its own.
    ``by_cookie`` tells who asks for a page, None where nobody can sign in; ``ways`` of signing in are by
    clinic.
    """

    identify: Identify
    endpoints: Callable[[], Endpoints] | None
    identify_hook: IdentifyAt | None = None
    by_cookie: Identify | None = None
    ways: Mapping[str, tuple[Way, ...]] = field(default_factory=dict)


class KeptEndpoints:
    """A provider's endpoints, asked for now and then: everybody may ask us, without a credential."""

    def __init__(self, ask: Callable[[], Endpoints], clock: Clock, patience: Patience) -> None:
        self._ask = ask
        self._clock = clock
        self._patience = patience
        self._lock = threading.Lock()
        self._kept: Endpoints | ProviderSilent = ProviderSilent("not-asked")
        self._asked_at: datetime | None = None

    def __call__(self) -> Endpoints:
        """Return them; raises ``ProviderSilent``."""
        is_silent = isinstance(self._kept, ProviderSilent)
        if self._is_due() and self._patience.enter(self._lock, waits=is_silent):
            try:
                self._renew()
            finally:
                self._lock.release()
        if isinstance(self._kept, ProviderSilent):
            raise ProviderSilent(self._kept.code)
        return self._kept

    def _is_due(self) -> bool:
        pause = _RETRY if isinstance(self._kept, ProviderSilent) else _FRESH
        return self._asked_at is None or self._clock() - self._asked_at >= pause

    def _renew(self) -> None:
        # Another one did it meanwhile, or as many threads ask providers as may.
        if not self._is_due() or not self._patience.asking.acquire(blocking=False):
            return
        # What is kept counts until there is an answer: then others need not wait for it.
        try:
            self._kept = self._ask()
        except ProviderSilent as silent:
            self._kept = silent
        finally:
            self._patience.asking.release()
        self._asked_at = self._clock()


def _addresses_of(settings: CallerSettings) -> list[str]:
    return [one for one in (settings.token_issuer, settings.token_jwks_url) if one]


class Providers:
    """The connections to identity providers, each to the hosts that its clinic's settings name."""

    def __init__(self, clock: Clock, log: Log) -> None:
        self._clock = clock
        self._log = log
        self._opened: list[Http] = []
        self._patience = Patience()

    def keys_of(self, settings: CallerSettings) -> IssuerKeys:
        """Return the keys of a clinic's issuer, which are fetched when they are first needed."""
        http, issuer, url = self._http_of(settings), settings.token_issuer or "", settings.token_jwks_url
        log = self._log

        def tell(code: str) -> None:
            log.event("identity_provider_silent", host=host_of(url or issuer), code=code)

        return IssuerKeys(
            lambda: read_keys(http, url or find_jwks_url(http, issuer)), self._clock, tell, self._patience
        )

    def hook_keys_of(self, settings: CdsSettings) -> IssuerKeys | SetKeys:
        """Return the keys of the tokens with which a clinic's EHR asks for cards.

        Raises ``SettingsRefused`` where a set that was given holds none that can be used.
        """
        url = settings.cds_jwks_url
        if url is None:
            return SetKeys(settings.cds_keys or "")
        http = self._http(url)
        log = self._log

        def tell(code: str) -> None:
            log.event("identity_provider_silent", host=host_of(url), code=code)

        return IssuerKeys(lambda: read_keys(http, url), self._clock, tell, self._patience)

    def endpoints_of(self, settings: CallerSettings) -> Callable[[], Endpoints] | None:
        """Return what asks a clinic's issuer for its endpoints."""
        issuer = settings.token_issuer
        if issuer is None:
            return None
        http = self._http_of(settings)
        return KeptEndpoints(lambda: read_endpoints(http, issuer), self._clock, self._patience)

    def ways_of(self, settings: CallerSettings) -> tuple[Way, ...]:
        """Return the ways in which a clinic's people sign in, each asked when it is first needed."""
        found = []
        if settings.launch_iss is not None:
            client = Client(settings.launch_client_id or "", settings.launch_client_secret or "")
            found.append(self._way("launch", settings.launch_iss, client, settings))
        if settings.sign_in_client_id is not None and settings.token_issuer is not None:
            client = Client(settings.sign_in_client_id, settings.sign_in_client_secret or "")
            found.append(self._way("clinic", settings.token_issuer, client, settings))
        return tuple(found)

    def _way(
        self, kind: Literal["launch", "clinic"], address: str, client: Client, settings: CallerSettings
    ) -> Way:
        http = self._http(*_addresses_of(settings), address, hosts=settings.sign_in_hosts)
        is_launch = kind == "launch"
        read = read_launch_endpoints if is_launch else read_endpoints
        ask = KeptEndpoints(lambda: read(http, address), self._clock, self._patience)
        scopes = ("launch", "openid", "fhirUser") if is_launch else ("openid", *settings.sign_in_scopes)
        return Way(
            kind=kind,
            address=address,
            client=client,
            scope=" ".join(scopes),
            http=http,
            hosts=http.allowed_hosts,
            ask=ask,
            keys=IssuerKeys(lambda: read_keys(http, ask().jwks), self._clock, patience=self._patience),
            rules=Rules((client.id,), settings.token_algorithms, settings.token_skew_seconds),
        )

    def _http_of(self, settings: CallerSettings) -> Http:
        return self._http(*_addresses_of(settings))

    def _http(self, *addresses: str, hosts: Collection[str] = ()) -> Http:
        made = Http(frozenset((*map(host_of, addresses), *hosts)), PROVIDER_SECONDS, connections=4)
        self._opened.append(made)
        return made

    def close(self) -> None:
        """Close every connection."""
        for one in self._opened:
            one.close()


def open_identity(
    settings_by_clinic: Mapping[str, Settings], database: Database, clock: Clock, providers: Providers
) -> Identity | None:
    """Return what recognises the callers of these clinics, None where none are configured.

    Raises ``ValueError`` where two clinics share an issuer.
    """
    configured = {clinic: one for clinic, one in settings_by_clinic.items() if one.has_callers}
    if not configured:
        return None
    issuers = [one for one in configured.values() if one.token_issuer]
    hosts = hosts_of(configured.values())
    known_keys = KnownKeys(database, configured, clock)
    known_sign_ins = KnownSignIns(database, configured, clock)
    named = KnownPeople(database, configured, clock)

    callers = build_identify(configured, providers.keys_of, known_keys, clock, hosts=hosts)
    by_cookie = identify_by_cookie(known_sign_ins, lambda headers: find_unknown_host(headers, hosts))

    def identify(headers: Headers) -> Caller:
        return named(callers(headers))

    ehrs = [
        EhrTokens(clinic, one, providers.hook_keys_of(one), database.of(clinic))
        for clinic, one in configured.items()
        if one.cds_issuer
    ]
    return Identity(
        identify,
        providers.endpoints_of(issuers[0]) if len(issuers) == 1 else None,
        build_identify_hook(ehrs, identify, clock, hosts=hosts) if ehrs else None,
        lambda headers: named(by_cookie(headers)),
        {clinic: providers.ways_of(one) for clinic, one in configured.items() if one.has_sign_in},
    )


def hosts_of(settings: Collection[Settings]) -> frozenset[str]:
    """Return the host names that callers may use."""
    named = {name.lower() for one in settings for name in one.allowed_hosts}
    public = {urlsplit(one.public_base_url).hostname or "" for one in settings if one.public_base_url}
    return frozenset(named | public) - {""}
