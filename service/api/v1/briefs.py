"""What people look at together: a dyad before its next session, a therapist's dyads before supervision."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from service.api.doors import Doors
from service.api.security import access_of
from service.api.v1.brief_models import BriefAnswer, DigestAnswer
from service.api.v1.described import refusals
from service.api.v1.languages import VARIES, AcceptLanguage, Language, asked_language
from service.api.v1.queries import LONGEST
from service.api.v1.reading import answer, audited
from service.api.v1.shown_brief import show_brief, show_digest
from service.api.v1.trend import PatientId
from service.flows.brief_session import brief_session
from service.flows.digest_caseload import digest_caseload
from service.flows.patient_references import reference_here, references_to_patient

Therapist = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=LONGEST,
        description="The therapist's reference; without it the one whom the patient saw last.",
        examples=["Practitioner/ada"],
    ),
]
TherapistId = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z0-9\-.]{1,64}$",
        description="The EHR's logical id of the therapist.",
        examples=["ada"],
    ),
]
Kind = Annotated[
    Literal["Practitioner", "PractitionerRole"], Query(description="Which resource the id is of.")
]


def build_router(doors: Doors) -> APIRouter:
    """Return the routes of the brief and the digest."""
    router = APIRouter(tags=["brief"])
    deployment = doors.deployment

    @router.get(
        "/v1/patients/{patient}/session-brief",
        operation_id="readSessionBrief",
        summary="What a therapist looks at before the next session with a patient",
        responses={200: {"model": BriefAnswer}, **refusals(400, 404)},
    )
    def read_brief(
        request: Request,
        patient: PatientId,
        therapist: Therapist = None,
        language: Language = None,
        accept_language: AcceptLanguage = None,
    ) -> Response:
        """Answer scores, alerts with what was agreed, what is due, the client's own words, and prompts."""
        access = access_of(request, "R")
        references = references_to_patient(patient, deployment.settings)
        here = None if therapist is None else reference_here(therapist, deployment.settings)
        wanted = asked_language(language, accept_language)
        brief = brief_session(deployment, references, here, access.clinic, access.sight, language=wanted)
        doors.audit_read(access, f"patient/{brief.patient_key}", patients=[f"Patient/{patient}"])
        return answer(show_brief(brief, f"Patient/{patient}", wanted), VARIES)

    @router.get(
        "/v1/therapists/{therapist}/supervision-digest",
        operation_id="readSupervisionDigest",
        summary="Which dyads of a therapist need attention, and questions for supervision",
        responses={200: {"model": DigestAnswer}, **refusals(400, 404)},
    )
    def read_digest(
        request: Request,
        therapist: TherapistId,
        kind: Kind = "Practitioner",
        language: Language = None,
        accept_language: AcceptLanguage = None,
    ) -> Response:
        """Answer live, unanswered and resolved alerts and forms overdue; it compares with nobody."""
        access = access_of(request, "R")
        with audited(doors, access) as patients:
            digest = digest_caseload(deployment, f"{kind}/{therapist}", access.clinic, access.sight)
            patients.update(digest.patients)
        return answer(show_digest(digest, asked_language(language, accept_language)), VARIES)

    return router
