"""The client's form: no account, no name. Whoever holds the link, or types its code, fills it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from fhir_mappings import json_text
from fhir_mappings.errors import Fault
from service.api.bodies import Body
from service.api.doors import Doors
from service.api.form_pages import PageRefused, form_page, kiosk_page, shut_page
from service.api.form_words import FormWords, all_form_words, asked_languages, choose_language, form_words
from service.api.misses import Misses
from service.api.page_files import page_files
from service.api.security import access_of, address_of
from service.api.shown_form import show_form
from service.api.v1.fields import Fields
from service.errors import NotFound, TooManyRequests
from service.flows.form_link import FORMS, LONGEST_WAIT, FormLink, Standing
from service.flows.open_form import as_form, find_form, redeem_code
from service.flows.take_filled_form import FilledForms, take_filled_form

MISSES_PER_MINUTE = 20
_LONGEST_TOKEN = 128
_LONGEST_CODE = 40
_LONGEST_TAG = 35
Token = Annotated[str, Path(max_length=_LONGEST_TOKEN)]
Language = Annotated[str | None, Query(max_length=_LONGEST_TAG)]
_OPEN_STATUS, _GONE, _BUSY = 200, 410, 429
# How a link stands -> the status for the page's script, and for its reader the page.
_STATUS: Mapping[Standing, int] = {"open": _OPEN_STATUS, "used": 409, "revoked": _GONE, "expired": _GONE}
_SHUT: Mapping[Standing, str] = {"used": "used", "revoked": "over", "expired": "over"}
_MINUTE_SECONDS = 60
# No place on Earth is further from UTC.
_FARTHEST_MINUTES = 14 * 60


def build_router(clinics: Sequence[Doors]) -> APIRouter:
    """Return the pages below ``/form``; what opens a form tells whose clinic it is of."""
    router = APIRouter(include_in_schema=False)
    misses = Misses(MISSES_PER_MINUTE)
    _add_files(router)
    _add_kiosk(router, clinics, misses)
    _add_form(router, clinics, misses)
    return router


def _add_files(router: APIRouter) -> None:
    @router.get(f"{FORMS}worker.js")
    def worker() -> Response:
        """Answer the service worker; it may serve what lies in its own folder alone."""
        return page_files("form").answer_worker("worker.js")

    @router.get(f"{FORMS}assets/{{version}}/{{name}}")
    def file(version: str, name: str) -> Response:
        """Answer a file that a page loads."""
        return page_files("form").answer(version, name)


def _add_kiosk(router: APIRouter, clinics: Sequence[Doors], misses: Misses) -> None:
    @router.get(f"{FORMS}kiosk")
    def kiosk(request: Request) -> Response:
        """Answer the page on which a code is typed."""
        return kiosk_page(_words_for(request))

    @router.post(f"{FORMS}kiosk")
    def redeem(request: Request, body: Body) -> Response:
        """Answer the address of the form that a code opens."""
        source = address_of(request.scope)
        if misses.is_over(source):
            raise TooManyRequests(_MINUTE_SECONDS)
        fields = Fields(body.value, ("code",))
        typed = fields.short_text("code")[:_LONGEST_CODE]
        fields.refuse_faults()
        access = access_of(request, "E")
        # All are asked, however soon one knows it: how long it takes tells nothing of whose it is.
        found = [token for doors in clinics if (token := redeem_code(doors.deployment, typed, access))]
        if len(found) != 1:
            misses.add(source)
            raise NotFound("This code opens nothing.")
        return Response(json_text.dumps({"form": f"{FORMS}{found[0]}"}), media_type="application/json")


def _add_form(router: APIRouter, clinics: Sequence[Doors], misses: Misses) -> None:
    @router.get(f"{FORMS}{{token}}")
    def show(request: Request, token: Token, language: Language = None) -> Response:
        """Answer the page of a form, or one that says why there is none."""
        source, words = address_of(request.scope), _words_for(request, language)
        access = access_of(request, "R")
        if misses.is_over(source):
            return shut_page(words, "busy", _BUSY)
        found = [(doors, link) for doors in clinics if (link := find_form(doors.deployment, token))]
        if not found:
            misses.add(source)
            raise PageRefused(shut_page(words, "unknown", NotFound.status))
        ((doors, link),) = found
        standing = link.standing(doors.deployment.clock())
        status = _OPEN_STATUS if standing == "open" else _GONE
        seen = as_form(access, doors.deployment.clinic)
        doors.audit_read(seen, link.row.id, status, patients=[link.facts.patient])
        return _page_of(request, doors, link, standing, language)

    @router.post(f"{FORMS}{{token}}")
    def take(request: Request, token: Token, body: Body) -> Response:
        """Answer 200 once the answers are kept; sent again, they are not kept again."""
        source = address_of(request.scope)
        if misses.is_over(source):
            raise TooManyRequests(_MINUTE_SECONDS)
        filled = _read_filled(body.value, body.raw)
        access = access_of(request, "C")
        for doors in clinics:
            standing = take_filled_form(doors.deployment, token, filled, access)
            if standing is not None:
                doors.wake()
                told = {"state": "received" if standing == "open" else standing}
                return Response(json_text.dumps(told), _STATUS[standing], media_type="application/json")
        misses.add(source)
        raise NotFound("There is no such form.")


def _page_of(
    request: Request, doors: Doors, link: FormLink, standing: Standing, language: str | None
) -> Response:
    asked = _asked(request, language)
    if standing == "open":
        return form_page(show_form(link, doors.deployment, asked))
    words = form_words(link.facts.language) if link.facts.language else _words_for(request, language)
    return shut_page(words, _SHUT[standing], _GONE, link.row.id)


def _asked(request: Request, language: str | None) -> list[str]:
    tags = asked_languages(request.headers.get("accept-language", ""))
    return [language, *tags] if language else tags


def _words_for(request: Request, language: str | None = None) -> FormWords:
    known = ["en", *all_form_words()]
    return form_words(choose_language(known, _asked(request, language)))


def _read_filled(value: Mapping[str, Any], raw: bytes) -> FilledForms:
    """Return what the page sent; raises ``FaultsInRequest``."""
    fields = Fields(value, ("answers", "language", "waited_seconds", "offset_minutes"))
    answers = fields.object("answers")
    language = fields.text("language")
    waited, offset = fields.whole_number("waited_seconds"), fields.whole_number("offset_minutes")
    if any(not isinstance(one, dict) for one in answers.values()):
        fields.faults.append(Fault("answers", "wrong-type", "Each form's answers must be an object."))
    fields.refuse_faults()
    return FilledForms(
        answers=answers,
        language=language[:_LONGEST_TAG] if language else None,
        waited=timedelta(seconds=min(max(waited or 0, 0), LONGEST_WAIT.total_seconds())),
        offset=timedelta(minutes=min(max(offset or 0, -_FARTHEST_MINUTES), _FARTHEST_MINUTES)),
        body=raw,
    )
