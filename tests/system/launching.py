"""How people come to the clinician's page: an EHR that launches it, and the form of the identity provider."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import Page

from tests.system.identity import Idp


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

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/fhir"
    finally:
        server.shutdown()
        server.server_close()


def sign_in(page: Page, address: str, name: str = "ada") -> None:
    """Open an address and fill the form of the identity provider."""
    page.goto(address)
    page.fill("#username", name if "." in name else f"dr.{name}")
    page.fill("#password", name.rpartition(".")[2])
    page.click("#kc-login")
    page.wait_for_url("**/clinician**")
