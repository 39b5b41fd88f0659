"""A service with pages, an EHR that launches it and an identity provider: nobody here exists."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import respx
from starlette.testclient import TestClient

from service.api.identity import Providers, open_identity
from service.app import Served, create_service
from service.flows.deployment import Deployment
from service.log import Log
from service.settings import Settings
from tests.service.identity.signing import ISSUER, public, rsa, token

# A browser keeps and sends our cookies by https alone, but on this machine.
BASE = "https://alliance.north.example"
RETURN = f"{BASE}/clinician/signed-in"
EHR = "https://ehr.north.example/fhir"
EHR_ISSUER = "https://ehr.north.example/auth"
CLIENT, LAUNCHED = "alliance-page", "alliance-launched"
PAGES: dict[str, Any] = {
    "token_issuer": ISSUER,
    "token_audience": ("alliance-service-api",),
    "token_supervisor_claim": "roles",
    "sign_in_client_id": CLIENT,
    "sign_in_client_secret": "hush",
    "launch_iss": EHR,
    "launch_client_id": LAUNCHED,
    "public_base_url": BASE,
    "ehr_base_url": EHR,
    "canonical_base": "https://alliance.north.example/fhir",
}


def endpoints(server: str, **changes: Any) -> dict[str, Any]:
    """Return what an authorization server says of itself."""
    return {
        "issuer": server,
        "jwks_uri": f"{server}/keys",
        "token_endpoint": f"{server}/token",
        "authorization_endpoint": f"{server}/auth",
        "code_challenge_methods_supported": ["S256"],
    } | changes


@contextmanager
def mocked_servers() -> Iterator[respx.MockRouter]:
    """Give both authorization servers; what the token endpoints answer is a test's affair."""
    with respx.mock(assert_all_called=False) as mocked:
        mocked.get(f"{ISSUER}/.well-known/openid-configuration").respond(json=endpoints(ISSUER))
        mocked.get(f"{EHR}/.well-known/smart-configuration").respond(json=endpoints(EHR_ISSUER))
        for issuer in (ISSUER, EHR_ISSUER):
            mocked.get(f"{issuer}/keys").respond(content=public(rsa()))
        yield mocked


@dataclass(frozen=True)
class Site:
    """The service, its authorization servers, and one browser."""

    browser: TestClient
    servers: respx.MockRouter
    deployment: Deployment

    def another_browser(self) -> TestClient:
        """Return a browser that knows nothing of the first one's cookies."""
        return TestClient(self.browser.app, BASE, follow_redirects=False)

    def send_away(self, path: str = "/clinician/sign-in") -> dict[str, str]:
        """Begin to sign in, and return what the authorization server is asked."""
        answer = self.browser.get(path)
        assert answer.status_code == 303, answer.text
        asked = parse_qs(urlsplit(answer.headers["location"]).query)
        return {name: value for name, (value,) in asked.items()}

    def grant(
        self, asked: dict[str, str], *, scope: str = "openid", context: Any = None, **claims: Any
    ) -> None:
        """Let the token endpoint answer the next code with an id_token of these claims."""
        issuer = EHR_ISSUER if asked["client_id"] == LAUNCHED else ISSUER
        facts = {
            "iss": issuer,
            "aud": asked["client_id"],
            "azp": None,
            "nonce": asked["nonce"],
            "scope": None,
            "fhirUser": "Practitioner/ada",
        }
        answer = {"id_token": token(**(facts | claims)), "access_token": "unused", "scope": scope}
        self.servers.post(f"{issuer}/token").respond(json=answer | (context or {}))

    def come_back(self, asked: dict[str, str], **changes: str) -> Any:
        """Return the answer to the browser that comes back with a code."""
        return self.browser.get(
            "/clinician/signed-in", params={"code": "code-of-ada", "state": asked["state"]} | changes
        )

    def sign_in(self, path: str = "/clinician/sign-in", **granted: Any) -> Any:
        """Sign in, and return the answer that lets the browser in."""
        asked = self.send_away(path)
        self.grant(asked, **granted)
        return self.come_back(asked)


@contextmanager
def a_site(deployment: Deployment, log: Log, **changes: Any) -> Iterator[Site]:
    """Give a service whose people can sign in in both ways."""
    settings = Settings(database_url=deployment.settings.database_url, **(PAGES | changes))
    own = replace(deployment, settings=settings)
    with mocked_servers() as servers, closing(Providers(own.clock, log)) as providers:
        identity = open_identity({own.clinic: settings}, own.database, own.clock, providers)
        app = create_service([Served(own)], log, identity)
        yield Site(TestClient(app, BASE, follow_redirects=False), servers, own)
