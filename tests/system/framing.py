"""A page of an EHR that shows ours in a frame: another origin, and another site than the service's."""

from contextlib import AbstractContextManager
from html import escape
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Frame, Page

from tests.system.small_site import a_small_site

# What Chromium shows in place of a page that does not let itself be framed.
REFUSED = "chrome-error://chromewebdata/"


def a_framing_page() -> AbstractContextManager[str]:
    """Give the origin of a site whose page frames what its query names: ``/?shows=…``."""
    return a_small_site(_framing, "text/html")


def framed(page: Page) -> Frame:
    """Return what the EHR's page shows in its frame."""
    found = page.frame("app")
    assert found is not None
    return found


def _framing(path: str) -> bytes:
    (address,) = parse_qs(urlsplit(path).query).get("shows", ["about:blank"])
    frame = f'<iframe name="app" title="Alliance" width="1200" height="1600" src="{escape(address)}">'
    return f"<!doctype html><title>EHR</title><h1>Chart</h1>{frame}</iframe>".encode()
