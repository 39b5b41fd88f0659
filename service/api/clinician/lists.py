"""The pages that list a therapist's dyads: the caseload, and the digest for supervision."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from service.alliance.guidance import guidance_in
from service.alliance.words import number
from service.api.browsers import PAGE
from service.api.clinician.dyad_view import session_words
from service.api.clinician.rendering import answer_page, language_of
from service.api.doors import Doors
from service.api.security import access_of
from service.api.v1.queries import LONGEST
from service.api.v1.reading import audited
from service.flows.alert_evidence import decimal_places
from service.flows.deployment import Access, Deployment
from service.flows.digest_caseload import digest_caseload
from service.flows.judge_dyad import JUDGED_SCALE
from service.flows.list_caseload import (
    CaseloadEntry,
    list_caseload,
    therapists_in_sight,
)

Therapist = Annotated[str | None, Query(max_length=LONGEST)]


def add_lists(router: APIRouter, doors: Doors) -> None:
    """Add caseload and digest."""
    deployment = doors.deployment

    @router.get(PAGE)
    def show_caseload(request: Request, therapist: Therapist = None) -> Response:
        """Show the patients of a therapist: one's own, or whose a supervisor asks for."""
        access = access_of(request, "R")
        with audited(doors, access) as patients:
            chosen, offered = _choose(deployment, access, therapist)
            caseload = list_caseload(deployment, chosen, access.clinic, access.sight) if chosen else None
            patients.update(caseload.patients if caseload else ())
        rows = [_row(deployment, one) for one in caseload.entries] if caseload else []
        return answer_page(
            request, deployment.settings, "caseload.html", therapist=chosen, offered=offered, rows=rows
        )

    @router.get(f"{PAGE}/digest")
    def show_digest(request: Request, therapist: Therapist = None) -> Response:
        """Show what a therapist and a supervisor look at together."""
        access = access_of(request, "R")
        with audited(doors, access) as patients:
            chosen, offered = _choose(deployment, access, therapist)
            digest = digest_caseload(deployment, chosen, access.clinic, access.sight) if chosen else None
            patients.update(digest.patients if digest else ())
        return answer_page(
            request,
            deployment.settings,
            "digest.html",
            therapist=chosen,
            offered=offered,
            digest=digest,
            untaken=[one for one in digest.attention if one not in digest.under_way] if digest else [],
            guidance=guidance_in(language_of(request, deployment.settings)),
            titles={form.id: form.title for form in deployment.known.values()},
        )


def _choose(deployment: Deployment, access: Access, asked: str | None) -> tuple[str | None, list[str]]:
    """Return whose list is shown, None where that has to be chosen first; and who can be chosen."""
    offered = list(therapists_in_sight(deployment, access.clinic, access.sight))
    return asked or access.person or (offered[0] if len(offered) == 1 else None), offered


def _row(deployment: Deployment, entry: CaseloadEntry) -> dict[str, object]:
    form = deployment.known[entry.last.instrument]
    total = entry.last.scores.get(JUDGED_SCALE)
    return {
        "patient": entry.patient,
        "form": form.short_title,
        "score": "" if total is None else number(float(total), decimal_places(form)),
        "session": session_words(entry.last.session_number, entry.last.session_date),
        "day": entry.last.session_date,
        "alert": entry.alert,
        "due": [deployment.known[one].short_title for one in entry.due],
    }
