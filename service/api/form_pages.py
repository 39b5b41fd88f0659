"""The pages of the client's form as HTML: one shell, what the script is told, and what is said without it."""

import html
from string import Template

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from fhir_mappings import json_text
from service.api.form_words import (
    FormWords,
    all_form_words,
    asked_languages,
    choose_language,
    direction_of,
    form_words,
)
from service.api.page_files import page_files
from service.api.shown_form import Json, ShownForm
from service.errors import NotFound
from service.flows.form_link import FORMS

_FOLDER = "form"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Robots-Tag": "noindex",
    "Vary": "Accept-Language",
}
# What of the folder a page loads; kept on the device for a reload without a network.
_NOT_LOADED = frozenset({"page.html", "worker.js"})
_READS = frozenset({"GET", "HEAD"})
_LATER = frozenset({429, *range(500, 600)})


class PageRefused(NotFound):
    """A page's request that is refused, with the page that says so to a person."""

    def __init__(self, page: Response) -> None:
        super().__init__("There is nothing at this address.")
        self.page = page


def form_page(shown: ShownForm) -> Response:
    """Return the page on which the forms are filled."""
    return _page(shown.words, "main.js", shown.told, _loading(shown.words))


def kiosk_page(words: FormWords) -> Response:
    """Return the page on which the code of a link is typed."""
    return _page(words, "kiosk.js", {"words": dict(words.texts)}, _loading(words))


def shut_page(words: FormWords, why: str, status: int, link: str = "") -> Response:
    """Return the page that says why there is no form: ``used``, ``over``, ``unknown``, ``busy`` or ``later``.

    It is whole without a script; that only clears what the device still keeps of the link.
    """
    title, text = (html.escape(words.texts[f"{why}_{part}"]) for part in ("title", "text"))
    said = f'<main class="sheet ending"><h1>{title}</h1><p>{text}</p></main>'
    told: Json = {"link": link, "why": why, "words": dict(words.texts)}
    return _page(words, "shut.js", told, said, status)


def is_form_page(scope: Scope) -> bool:
    """Tell whether a person waits for a page of the form's; its script is answered in JSON."""
    return scope["method"] in _READS and str(scope["path"]).startswith(FORMS)


def refused_form_page(scope: Scope, status: int) -> Response:
    """Return that there is no page here, or none just now, in the reader's language."""
    asked = asked_languages(Headers(scope=scope).get("accept-language", ""))
    words = form_words(choose_language(["en", *all_form_words()], asked))
    return shut_page(words, "later" if status in _LATER else "unknown", status)


def _loading(words: FormWords) -> str:
    without_script = html.escape(words.texts["no_script"])
    return f'<main class="sheet" id="sheet"></main><noscript><p>{without_script}</p></noscript>'


def _page(words: FormWords, script: str, told: Json, body: str, status: int = 200) -> Response:
    loaded = page_files(_FOLDER)
    assets = f"/form/assets/{loaded.version}"
    told = told | {"files": [f"{assets}/{name}" for name in loaded.contents if name not in _NOT_LOADED]}
    page = Template(loaded.text("page.html")).substitute(
        language=words.language,
        direction=direction_of(words.language),
        title=html.escape(words.texts["title"]),
        assets=assets,
        script=script,
        body=body,
        # Inside a script element nothing but its end tag means anything.
        told=json_text.dumps(told).decode().replace("<", "\\u003c"),
    )
    return Response(page, status, _HEADERS, "text/html; charset=utf-8")
