"""Pages as HTML: the templates, the catalogue of their texts, and the answer that carries them.

Whatever a template is given is escaped; the one exception are the plots of our own picture of a trend, which
escape by themselves (``service/alliance/svg.py``).
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from service.api.browsers import PAGE, page_headers, page_token
from service.api.security import caller_of, sight_for
from service.api.v1.languages import preferred_language
from service.errors import RequestRefused, ScopeMissing
from service.scopes import OPERATIONS, Need
from service.settings import Settings

DEFAULT_LANGUAGE = "en"
_FOLDER = "pages/clinician"
_HTML = "text/html; charset=utf-8"
_UNKNOWN, _NOT_FOUND = HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND
_SIGNING_IN = (f"{PAGE}/sign-in", f"{PAGE}/signed-in", "/launch")

Texts = Mapping[str, Any]


@cache
def texts_by_language() -> Mapping[str, Texts]:
    """Return the pages' own texts by language; every language has every text (tested)."""
    folder = files("service") / "pages" / "clinician" / "texts"
    return {
        file.name.removesuffix(".toml"): tomllib.loads(file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    }


@cache
def _templates() -> Environment:
    loader = PackageLoader("service", _FOLDER)
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    made.trim_blocks = made.lstrip_blocks = True
    made.filters["day"] = lambda moment: str(moment)[:10]
    made.filters["minute"] = _minute
    made.filters["path"] = lambda text: quote(str(text), safe="")
    return made


def _minute(moment: object) -> str:
    """Return a moment to the minute: by the clock of its own offset, an instant of ours by UTC's."""
    told = str(moment)
    return f"{told[:16].replace('T', ' ')}{' UTC' if told.endswith('Z') else ''}"


def language_of(request: Request, settings: Settings) -> str:
    """Return the language of a page: the clinic's, else the reader's favourite of ours, else English."""
    asked = preferred_language(request.headers.get("accept-language", ""), texts_by_language())
    return settings.language or asked or DEFAULT_LANGUAGE


def answer_page(
    request: Request, settings: Settings, template: str, *, status: int = 200, **content: object
) -> Response:
    """Return a page for who is signed in, or asks on this machine."""
    language = language_of(request, settings)
    html = (
        _templates()
        .get_template(template)
        .render(
            t=texts_by_language()[language],
            language=language,
            written_in=settings.clinic_language,
            token=page_token(request.headers),
            can_sign_out=settings.has_sign_in,
            sees_patients=bool(sight_for(request, "DetectedIssue").parts),
            is_operator=caller_of(request).may(Need(OPERATIONS, "r")),
            here=request.url.path,
            **content,
        )
    )
    headers = {name.decode(): value.decode() for name, value in page_headers(settings.frame_ancestors)}
    return Response(html, status, {**headers, "Vary": "Accept-Language, Cookie"}, _HTML)


def plain_page(
    template: str, code: int = 200, *, language: str = DEFAULT_LANGUAGE, **content: object
) -> Response:
    """Return a page for whoever asks, known or not."""
    texts = texts_by_language()[language]
    html = _templates().get_template(template).render(t=texts, language=language, **content)
    return Response(html, code, {"Vary": "Accept-Language, Cookie"}, _HTML)


def asked_language(scope: Scope) -> str:
    """Return the language in which somebody is answered of whose clinic nothing is known yet."""
    accepted = Headers(scope=scope).get("accept-language", "")
    return preferred_language(accepted, texts_by_language()) or DEFAULT_LANGUAGE


def refusal_page(scope: Scope, refusal: RequestRefused) -> Response:
    """Return why a page is not shown, in words, with the way on."""
    path, language = str(scope["path"]), asked_language(scope)
    begins = path.startswith(_SIGNING_IN)
    return plain_page(
        "refusal.html",
        refusal.status,
        language=language,
        said=_said_of(refusal, language),
        message=refusal.message,
        faults=[one for one in refusal.faults if one.message != refusal.message],
        is_forbidden=isinstance(refusal, ScopeMissing),
        sign_in=None if begins else f"{PAGE}/sign-in?to={quote(path, safe='/')}",
        is_unknown=refusal.status == _UNKNOWN,
        is_operator=_may(scope, Need(OPERATIONS, "r")),
        sees_patients=_may(scope, Need("DetectedIssue", "s"), unknown=True),
    )


def _said_of(refusal: RequestRefused, language: str) -> str | None:
    """Return what a refusal says in the reader's language; None where it has words of its own."""
    said = texts_by_language()[language]["refusal"]
    if isinstance(refusal, ScopeMissing):
        return str(said["forbidden"])
    told = {int(_UNKNOWN): said["unknown"], int(_NOT_FOUND): said["not_found"]}
    return told.get(refusal.status)


def _may(scope: Scope, need: Need, *, unknown: bool = False) -> bool:
    """Tell whether who is refused may do something else; ``unknown``: where nobody knows who it is."""
    caller = scope.get("state", {}).get("caller")
    return unknown if caller is None else bool(caller.may(need))


def failure_page(scope: Scope, message: str, request_id: str) -> Response:
    """Return that the service failed, and under which id the log tells more."""
    return plain_page(
        "refusal.html",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        language=asked_language(scope),
        said=None,
        message=f"{message} ({request_id})",
        faults=[],
        is_forbidden=False,
        sign_in=None,
        is_unknown=False,
        is_operator=False,
        sees_patients=True,
    )
