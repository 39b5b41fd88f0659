"""How people come to the clinician's page: an EHR that launches it, and the form of the identity provider."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

from tests.system.identity import Idp
from tests.system.small_site import a_small_site


@contextmanager
def a_launching_ehr(idp: Idp) -> Iterator[str]:
    """Give the FHIR base of an EHR that says no more than where its people sign in: at this Keycloak."""
    told = {
        "issuer": idp.issuer,
        "jwks_uri": f"{idp.issuer}/protocol/openid-connect/certs",
        "authorization_endpoint": f"{idp.issuer}/protocol/openid-connect/auth",
        "token_endpoint": idp.token_url,
        "code_challenge_methods_supported": ["S256"],
    }

    body = json.dumps(told).encode()
    with a_small_site(lambda _: body, "application/json") as origin:
        yield f"{origin}/fhir"


def sign_in(page: Page, address: str, name: str = "ada") -> None:
    """Open an address and fill the form of the identity provider."""
    page.goto(address)
    page.fill("#username", name if "." in name else f"dr.{name}")
    page.fill("#password", name.rpartition(".")[2])
    page.click("#kc-login")
    page.wait_for_url("**/clinician**")
