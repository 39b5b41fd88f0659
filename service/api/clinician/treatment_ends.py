"""What a person tells on the page of a dyad: that its treatment ended, or that it did not."""

from collections.abc import Callable
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
from service.flows.tell_treatment_end import tell_treatment_end, withdraw_treatment_end

_END = f"{DYAD}/treatment-end"
_SEE_OTHER = 303


def add_treatment_ends(router: APIRouter, doors: Doors) -> None:
    """Add the routes that the form of a treatment's end is sent to."""
    deployment = doors.deployment

    @router.post(_END)
    def tell(request: Request, patient: PatientId, body: FormBody) -> Response:
        """Keep that treatment ended, and show the dyad as it is then."""
        given, version = _read_sent(request, body)
        access = access_of(request, "U")
        new = read_end(given, patient, access, deployment)
        kept = _is_kept(
            doors,
            access,
            patient,
            lambda: tell_treatment_end(deployment, new, access, expected_version=version),
        )
        return _back_to(patient, new.therapist, is_kept=kept)

    @router.post(f"{_END}/withdraw")
    def withdraw(request: Request, patient: PatientId, body: FormBody) -> Response:
        """Take the end back, and show the dyad as it is then."""
        given, version = _read_sent(request, body)
        access = access_of(request, "U")
        gone = read_withdrawal(given, patient, access, deployment)
        kept = _is_kept(
            doors,
            access,
            patient,
            lambda: withdraw_treatment_end(deployment, gone, access, expected_version=version),
        )
        return _back_to(patient, gone.therapist, is_kept=kept)


def _read_sent(request: Request, body: bytes) -> tuple[dict[str, str], str]:
    """Return the fields of a form that a page of ours sent, and the version that it was made for."""
    given = read_form(body)
    refuse_forged(request.headers, given.pop("token", ""))
    version = given.pop("version", "")
    if not version:
        raise FaultsInRequest([Fault("version", "bad-parameter", "A form names its version.")], status=400)
    return given, version


def _is_kept(doors: Doors, access: Access, patient: str, keep: Callable[[], object]) -> bool:
    """Tell whether it was kept; not where another word came meanwhile: the page says so."""
    try:
        keep()
    except StaleVersion as refused:
        doors.audit_read(access, status=refused.status, patients=[f"Patient/{patient}"])
        return False
    return True


def _back_to(patient: str, therapist: str | None, *, is_kept: bool) -> Response:
    told = {"kept": "end"} if is_kept else {"end": "changed"}
    query = urlencode({"therapist": therapist, **told} if therapist else told)
    return RedirectResponse(f"{PAGE}/patients/{patient}?{query}{'' if is_kept else '#end'}", _SEE_OTHER)
