"""What tests read from pages."""

import re
from html import unescape


def token_in(html: str) -> str:
    """Return what the forms of a page carry."""
    return field_in(html, "token")


def field_in(html: str, name: str) -> str:
    """Return the value of the first hidden field of this name."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found, f"no field {name}"
    return unescape(found[1])


def words_in(html: str) -> str:
    """Return the text of a page, without marks and with single blanks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
