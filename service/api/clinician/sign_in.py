"""Signing in at the clinician's page: launched by the EHR, or at the clinic's identity provider.

``/launch`` and ``/clinician/sign-in`` send the browser away with a secret in its cookie; it comes back to
``/clinician/signed-in``, and gets the cookie of a sign-in. No token reaches it.
Source: hl7.org/fhir/smart-app-launch/app-launch.html.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, unquote

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from service.api.browsers import BEGUN, LAUNCH, PAGE, SIGNED_IN, cookie_of, set_cookie
from service.api.clinician.assets import ASSETS, read_asset
from service.api.clinician.deliveries import DELIVERIES
from service.api.clinician.rendering import asked_language, plain_page
from service.api.doors import Doors
from service.api.fhir.answers import fhir_base
from service.api.identify import to_caller
from service.api.security import address_of
from service.errors import CredentialRefused, IdentityProviderSilent, NotFound, SignInRefused
from service.flows.deployment import Access
from service.flows.patient_references import reference_here
from service.flows.sign_ins import SignedIn, begin_sign_in
from service.identity.provider import ProviderSilent
from service.identity.sign_in import (
    MOST_SECONDS,
    Answered,
    Asking,
    Way,
    authorization_url,
    check_id_token,
    check_state,
    exchange_code,
    find_asking_id,
)

SIGN_IN, RETURN = f"{PAGE}/sign-in", f"{PAGE}/signed-in"
_LONGEST = 2048
_TO = re.compile(rf"{PAGE}(/[A-Za-z0-9\-._/]{{0,200}})?")
_OWN_SCOPES = "alliance/"
Given = Annotated[str, Query(max_length=_LONGEST)]
Optional = Annotated[str | None, Query(max_length=_LONGEST)]


@dataclass(frozen=True, slots=True)
class _Begun:
    """What the browser's cookie keeps of a sign-in: its secret, which clinic and way, where it leads."""

    secret: str
    clinic: str
    kind: str
    to: str

    def written(self) -> str:
        return ".".join(quote(part, safe="") for part in (self.secret, self.clinic, self.kind, self.to))

    @staticmethod
    def read(text: str) -> "_Begun":
        parts = [unquote(part) for part in text.split(".", 3)]
        if len(parts) != len(_Begun.__slots__):
            raise SignInRefused("no-cookie", _GONE)
        return _Begun(*parts)


_GONE = "This sign-in was begun elsewhere, or too long ago. Please begin again."


def build_router(clinics: Sequence[Doors]) -> APIRouter:
    """Return the routes of signing in, for all clinics: nobody's clinic is known before."""
    router = APIRouter(include_in_schema=False)
    _add_beginnings(router, clinics)
    _add_return(router, clinics)
    for name in ASSETS:
        router.add_api_route(f"{PAGE}/assets/{name}", read_asset(name), methods=["GET"], name=name)
    return router


def _add_beginnings(router: APIRouter, clinics: Sequence[Doors]) -> None:
    @router.get(LAUNCH)
    def launch(request: Request, iss: Given, launch: Given) -> Response:
        """Go to the EHR's authorization server; only an EHR of the configuration can launch."""
        for doors in clinics:
            for way in doors.ways:
                if way.kind == "launch" and way.address.rstrip("/") == iss.rstrip("/"):
                    return _send_away(request, doors, way, PAGE, aud=way.address, launch=launch)
        raise _refused(clinics, "unknown-iss", "This page is not set up for the system that opened it.")

    @router.get(SIGN_IN)
    def sign_in(request: Request, clinic: Optional = None, to: Given = PAGE) -> Response:
        """Go to the clinic's identity provider; of several clinics ask which."""
        leads = to if _TO.fullmatch(to) and ".." not in to else PAGE
        offered = {doors.deployment.clinic: doors for doors in clinics if _way(doors, "clinic")}
        if clinic is None and len(offered) > 1:
            return plain_page("which_clinic.html", language=asked_language(request.scope), to=leads)
        chosen = offered.get(clinic or next(iter(offered), ""))
        way = _way(chosen, "clinic") if chosen else None
        if chosen is None or way is None:
            raise NotFound("Nobody signs in here. Open the page from the EHR.")
        return _send_away(request, chosen, way, leads)


def _add_return(router: APIRouter, clinics: Sequence[Doors]) -> None:
    @router.get(RETURN)
    def signed_in(request: Request, state: Given = "", code: Given = "", error: Optional = None) -> Response:
        """Take what the browser brought back, and let the person in."""
        try:
            returned = _read_return(request, clinics, state)
            return _let_in(request, returned, "" if error else code)
        except (SignInRefused, CredentialRefused) as refused:
            raise _refused(clinics, refused.cause, _words_of(refused)) from refused


def _send_away(request: Request, doors: Doors, way: Way, to: str, **more: str) -> Response:
    asking = Asking(secrets.token_hex(8), secrets.token_urlsafe(32))
    try:
        url = authorization_url(way, way.endpoints(), asking, _redirect_uri(request, doors), **more)
    except ProviderSilent as silent:
        raise _silent(doors, way, silent) from silent
    begun = _Begun(asking.secret, doors.deployment.clinic, way.kind, to)
    framed = bool(doors.deployment.settings.frame_ancestors)
    cookie = set_cookie(f"{BEGUN}{asking.id}", begun.written(), MOST_SECONDS, framed=framed)
    return Response(status_code=303, headers={"Location": url, "Set-Cookie": cookie})


@dataclass(frozen=True, slots=True)
class _Returned:
    """A browser that came back with the state that it was sent away with."""

    doors: Doors
    way: Way
    asking: Asking
    to: str


def _read_return(request: Request, clinics: Sequence[Doors], state: str) -> _Returned:
    """Return what this browser began under this state; raises ``SignInRefused``."""
    asking_id = find_asking_id(state)
    begun = _Begun.read(cookie_of(request.headers, f"{BEGUN}{asking_id}"))
    asking = Asking(asking_id, begun.secret)
    check_state(state, asking)
    for doors in clinics:
        way = _way(doors, begun.kind)
        if doors.deployment.clinic == begun.clinic and way is not None:
            return _Returned(doors, way, asking, begun.to)
    raise SignInRefused("no-such-way", _GONE)


def _let_in(request: Request, returned: _Returned, code: str) -> Response:
    doors, way, asking = returned.doors, returned.way, returned.asking
    deployment = doors.deployment
    if not code:
        raise SignInRefused("not-granted", "You were not signed in. Please begin again.")
    try:
        endpoints = way.endpoints()
        answered = exchange_code(way, endpoints, asking, code, _redirect_uri(request, doors))
    except ProviderSilent as silent:
        raise _silent(doors, way, silent) from silent
    claims = check_id_token(way, endpoints, asking, answered.id_token, deployment.clock())
    who = _person(doors, way, claims, answered)
    cookie = begin_sign_in(deployment, who, _access(request, doors, who))
    framed, seconds = bool(deployment.settings.frame_ancestors), deployment.settings.page_hours * 3600
    answer = Response(status_code=303, headers={"Location": _leads_to(answered, returned.to, who)})
    answer.headers.append("Set-Cookie", set_cookie(SIGNED_IN, cookie, seconds, framed=framed))
    answer.headers.append("Set-Cookie", set_cookie(f"{BEGUN}{asking.id}", "", 0, framed=framed))
    return answer


def _person(doors: Doors, way: Way, claims: Mapping[str, Any], answered: Answered) -> SignedIn:
    """Return who signed in, and what the page lets them do.

    An EHR's launch makes no supervisor and no operator: only the clinic's own provider is asked for those.
    """
    settings = doors.deployment.settings
    caller = to_caller(claims, doors.deployment.clinic, settings)
    scopes = list(settings.page_scopes)
    if way.kind == "clinic":
        scopes += [one for one in answered.scope.split() if one.startswith(_OWN_SCOPES)]
    elif caller.user is None:
        raise SignInRefused("no-practitioner", "The EHR did not say which practitioner you are.")
    supervises = caller.supervises and way.kind == "clinic"
    return SignedIn(f"page {caller.name}"[:120], " ".join(scopes), caller.user, supervises)


def _leads_to(answered: Answered, to: str, who: SignedIn) -> str:
    """Return the page of the launch's patient, else where the person wanted to go: never elsewhere.

    Whoever has no patients here, and came for none, is led to the deliveries.
    """
    if not answered.patient:
        wanted = to if _TO.fullmatch(to) and ".." not in to else PAGE
        has_patients = who.practitioner is not None or who.supervises
        return wanted if has_patients or wanted != PAGE else DELIVERIES
    visit = f"?encounter={answered.encounter}" if answered.encounter else ""
    alert = f"#alert-{answered.alert}" if answered.alert else ""
    return f"{PAGE}/patients/{answered.patient}{visit}{alert}"


def _way(doors: Doors, kind: str) -> Way | None:
    return next((way for way in doors.ways if way.kind == kind), None)


def _redirect_uri(request: Request, doors: Doors) -> str:
    return fhir_base(request, doors.deployment.settings).removesuffix("/fhir") + RETURN


def _access(request: Request, doors: Doors, who: SignedIn) -> Access:
    request_id = request.scope["state"]["request_id"]
    clinic, settings = doors.deployment.clinic, doors.deployment.settings
    address = address_of(request.scope)
    person = reference_here(who.practitioner, settings) if who.practitioner else None
    return Access(clinic, who.caller, RETURN, "E", request_id, address, person=person)


def _words_of(refused: SignInRefused | CredentialRefused) -> str:
    return refused.message if isinstance(refused, SignInRefused) else "Signing in did not work."


def _refused(clinics: Sequence[Doors], cause: str, message: str) -> SignInRefused:
    clinics[0].log.event("sign_in_refused", reason=cause)
    return SignInRefused(cause, message)


def _silent(doors: Doors, way: Way, silent: ProviderSilent) -> IdentityProviderSilent:
    doors.log.event("sign_in_refused", reason=silent.code, clinic=doors.deployment.clinic, state=way.kind)
    return IdentityProviderSilent("The place where you sign in does not answer. Please try again later.")
