"""The page of one dyad, and what a person does there about its alert."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from fhir_mappings.errors import Fault
from fhir_mappings.vocabulary import DISMISSAL_REASON_TERMS
from service.api.bodies import FormBody
from service.api.browsers import PAGE, refuse_forged
from service.api.clinician.dyad_view import Reader, view_dyad
from service.api.clinician.rendering import answer_page, language_of
from service.api.doors import Doors
from service.api.security import access_of, caller_of
from service.api.v1.act_body import (
    read_acknowledgement,
    read_dismissal,
    read_repair_step,
    read_resolution,
)
from service.api.v1.queries import LONGEST
from service.api.v1.trend import PatientId
from service.errors import FaultsInRequest, StaleVersion, WrongState
from service.flows.act_on_alert import (
    PersonsAct,
    act_on_alert,
    read_alert_with_acts,
    refuse_another_person,
)
from service.flows.brief_session import brief_of
from service.flows.patient_references import reference_here, references_to_patient
from service.flows.show_trend import TrendQuery, show_trend
from service.scopes import Need

DYAD, ACT = f"{PAGE}/patients/{{patient}}", f"{PAGE}/alerts/{{alert_id}}"
_ID = r"^[A-Za-z0-9\-.]{1,64}$"
_SEE_OTHER, _CONFLICT, _LONGEST_VERSION = 303, 409, 9
_Read = Callable[[Mapping[str, Any], str | None], PersonsAct]
# What a form's button is called -> how its body is read, and under which name its words go there.
_ACTS: Mapping[str, tuple[_Read, str]] = {
    "acknowledge": (read_acknowledgement, "note"),
    "repair-steps": (read_repair_step, "text"),
    "resolve": (read_resolution, "note"),
    "dismiss": (read_dismissal, "note"),
}
_KEPT = {*_ACTS, "end"}
_TELL_END = Need("EpisodeOfCare", "u")


@dataclass(frozen=True, slots=True)
class Opened:
    """From where the page was opened: ``since`` is the version that a move was made on in vain.

    ``end``: what was said of the end of treatment was in vain, or a session overtook it.
    """

    therapist: Annotated[str | None, Query(max_length=LONGEST)] = None
    encounter: Annotated[str | None, Query(pattern=_ID)] = None
    since: Annotated[int | None, Query(ge=1)] = None
    kept: Annotated[str | None, Query(max_length=20)] = None
    end: Annotated[Literal["changed", "overtaken"] | None, Query()] = None


AlertId = Annotated[str, Path(max_length=64)]
Whence = Annotated[Opened, Depends()]


def add_dyads(router: APIRouter, doors: Doors) -> None:
    """Add the page of a dyad, and the route that its forms are sent to."""
    deployment = doors.deployment

    def answer_dyad(
        request: Request, patient: str, opened: Opened, *, status: int = 200, unkept: str = ""
    ) -> Response:
        access = access_of(request, "R")
        reader = Reader(language_of(request, deployment.settings), opened.encounter or "")
        references = references_to_patient(patient, deployment.settings)
        query = TrendQuery(references, language=reader.language)
        trend = show_trend(deployment, query, access.clinic, access.sight)
        therapist = opened.therapist and reference_here(opened.therapist, deployment.settings)
        brief = brief_of(deployment, trend, therapist)
        doors.audit_read(access, f"patient/{trend.patient_key}", patients=[f"Patient/{patient}"])
        return answer_page(
            request,
            deployment.settings,
            "dyad.html",
            status=status,
            view=view_dyad(deployment, trend, brief, patient, reader),
            reasons=[term.code for term in DISMISSAL_REASON_TERMS.terms],
            person=access.person,
            since=opened.since,
            kept=opened.kept if opened.kept in _KEPT else None,
            can_end=caller_of(request).may(_TELL_END),
            end_told=opened.end,
            unkept=unkept,
        )

    @router.get(DYAD)
    def show(request: Request, patient: PatientId, opened: Whence) -> Response:
        """Show trend, alert, brief and forms of a patient with one therapist."""
        return answer_dyad(request, patient, opened)

    @router.post(ACT)
    def act(request: Request, alert_id: AlertId, body: FormBody) -> Response:
        """Do what a person says, and show the dyad as it is then."""
        given = read_form(body)
        refuse_forged(request.headers, given.pop("token", ""))
        access = access_of(request, "U")
        version, name = read_version(given), given.pop("act", "")
        done = _read_act(name, given, access.person)
        refuse_another_person(done.by, access, deployment, "by")
        try:
            after = act_on_alert(deployment, alert_id, version, done, access).alert
        except (StaleVersion, WrongState) as refused:
            # It changed meanwhile: the page says what did.
            doors.audit_read(access, alert_id, status=refused.status)
            after = read_alert_with_acts(deployment, alert_id, access.clinic, access.sight).alert
            told = {"since": str(version)}
        else:
            doors.wake()
            told = {"kept": name}
        patient = reference_here(after.patient, deployment.settings).removeprefix("Patient/")
        if "since" in told and "words" in given:
            # Words must not be lost, nor stand in an address.
            opened = Opened(therapist=after.therapist or None, since=version)
            return answer_dyad(request, patient, opened, status=_CONFLICT, unkept=given["words"])
        query = urlencode({"therapist": after.therapist, **told} if after.therapist else told)
        return RedirectResponse(f"{PAGE}/patients/{patient}?{query}#alert", _SEE_OTHER)


def read_form(body: bytes) -> dict[str, str]:
    """Return the fields of a form; blank ones are left out. Raises ``FaultsInRequest`` (400)."""
    try:
        pairs = parse_qsl(body.decode(), max_num_fields=20)
    except ValueError:
        raise FaultsInRequest([Fault("", "not-a-form", "The form cannot be read.")], status=400) from None
    # Browsers send line breaks as two characters.
    return {name: value.replace("\r\n", "\n").strip() for name, value in pairs if value.strip()}


def read_version(given: dict[str, str]) -> int:
    """Take the version that a form was made for out of it; raises ``FaultsInRequest`` (400)."""
    text = given.pop("version", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_VERSION):
        raise FaultsInRequest([Fault("version", "bad-parameter", "A form names its version.")], status=400)
    return int(text)


def _read_act(name: str, given: Mapping[str, str], person: str | None) -> PersonsAct:
    if name not in _ACTS:
        raise FaultsInRequest([Fault("act", "unknown-choice", f"One of {', '.join(_ACTS)}.")], status=400)
    read, words = _ACTS[name]
    fields = {words if key == "words" else key: value for key, value in given.items()}
    return read(fields, person)
