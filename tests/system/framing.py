"""A page of an EHR that shows ours in a frame: another origin, and another site than the service's."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Frame, Page

# What Chromium shows in place of a page that does not let itself be framed.
REFUSED = "chrome-error://chromewebdata/"


@contextmanager
def a_framing_page() -> Iterator[str]:
    """Give the origin of a site whose page frames what its query names: ``/?shows=…``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            (address,) = parse_qs(urlsplit(self.path).query).get("shows", ["about:blank"])
            frame = f'<iframe name="app" title="Alliance" width="1200" height="1600" src="{escape(address)}">'
            body = f"<!doctype html><title>EHR</title><h1>Chart</h1>{frame}</iframe>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def framed(page: Page) -> Frame:
    """Return what the EHR's page shows in its frame."""
    found = page.frame("app")
    assert found is not None
    return found
