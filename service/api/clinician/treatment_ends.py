"""What a person tells on the page of a dyad: that its treatment ended, or that it did not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from fhir_mappings.errors import Fault
from service.api.bodies import FormBody
from service.api.browsers import PAGE, refuse_forged
from service.api.clinician.dyads import DYAD, read_form
from service.api.doors import Doors
from service.api.security import access_of
from service.api.v1.treatment_ends import read_end, read_withdrawal
from service.api.v1.trend import PatientId
from service.errors import FaultsInRequest, StaleVersion
from service.flows.deployment import Access
from service.flows.tell_treatment_end import (
    NewEnd,
    ToldEnd,
    Withdrawal,
    tell_treatment_end,
    withdraw_treatment_end,
)

_END = f"{DYAD}/treatment-end"
_SEE_OTHER = 303


@dataclass(frozen=True, slots=True)
class _Sent:
    """A form that a page of ours sent: its fields, the version that it was made for, and by whom it comes."""

    given: dict[str, str]
    version: str
    access: Access


def add_treatment_ends(router: APIRouter, doors: Doors) -> None:
    """Add the routes that the form of a treatment's end is sent to."""

    @router.post(_END)
    def tell(request: Request, patient: PatientId, body: FormBody) -> Response:
        """Keep that treatment ended, and show the dyad as it is then."""
        sent = _read_sent(request, body)
        new = read_end(sent.given, patient, sent.access, doors.deployment)
        return _keep(doors, sent, new, tell_treatment_end)

    @router.post(f"{_END}/withdraw")
    def withdraw(request: Request, patient: PatientId, body: FormBody) -> Response:
        """Take the end back, and show the dyad as it is then."""
        sent = _read_sent(request, body)
        gone = read_withdrawal(sent.given, patient, sent.access, doors.deployment)
        return _keep(doors, sent, gone, withdraw_treatment_end)


def _read_sent(request: Request, body: bytes) -> _Sent:
    """Return what was sent; raises ``FaultsInRequest`` and what refuses the forms of other sites."""
    given = read_form(body)
    refuse_forged(request.headers, given.pop("token", ""))
    version = given.pop("version", "")
    if not version:
        raise FaultsInRequest([Fault("version", "bad-parameter", "A form names its version.")], status=400)
    return _Sent(given, version, access_of(request, "U"))


def _keep(
    doors: Doors, sent: _Sent, said: NewEnd | Withdrawal, keep: Callable[..., ToldEnd | None]
) -> Response:
    """Keep what was said; the page then says whether it was kept, and whether it holds."""
    try:
        told = keep(doors.deployment, said, sent.access, expected_version=sent.version)
    except StaleVersion as refused:
        doors.audit_read(sent.access, status=refused.status, patients=[said.patient])
        return _back_to(said, "changed")
    is_overtaken = told is not None and told.went_on is not None
    return _back_to(said, "overtaken" if is_overtaken else "kept")


def _back_to(said: NewEnd | Withdrawal, came_to: Literal["kept", "changed", "overtaken"]) -> Response:
    told = {"kept": "end"} if came_to == "kept" else {"end": came_to}
    query = urlencode({"therapist": said.therapist, **told} if said.therapist else told)
    place = "" if came_to == "kept" else "#end"
    patient = said.patient.removeprefix("Patient/")
    return RedirectResponse(f"{PAGE}/patients/{patient}?{query}{place}", _SEE_OTHER)
