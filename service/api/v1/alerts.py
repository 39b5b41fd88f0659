"""List and read rupture alerts; what people do about them is in ``alert_acts.py``."""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from starlette.responses import Response

from fhir_mappings.alert_states import AlertStatus
from service.api.doors import Doors
from service.api.etags import etag, is_unchanged
from service.api.security import access_of, sight_for
from service.api.v1.answer_models import AlertInContextAnswer, AlertList
from service.api.v1.described import refusals
from service.api.v1.languages import VARIES, AcceptLanguage, Language, asked_language
from service.api.v1.queries import (
    INSTANT,
    LONGEST,
    After,
    Count,
    Pages,
    to_instant,
    to_words,
)
from service.api.v1.reading import answer, audited
from service.api.v1.shown_alert import show_alert_in_context, show_listed_alert, show_watch_point
from service.flows.list_alerts import AlertListQuery, Place, list_alert_page
from service.flows.patient_references import reference_here, references_to_patient
from service.flows.read_alert import read_alert_in_context
from service.settings import Settings

AlertId = Annotated[str, Path(max_length=64)]
IfNoneMatch = Annotated[str | None, Header(description="A version that the caller has already.")]
Patient = Annotated[
    str | None,
    Query(min_length=1, max_length=LONGEST, description="The patient's reference, or its logical id."),
]
Therapist = Annotated[
    str | None, Query(min_length=1, max_length=LONGEST, description="The therapist's reference.")
]
Status = Annotated[AlertStatus | None, Query(description="What people did.")]
Since = Annotated[str | None, Query(pattern=INSTANT, description="Updated since: a time with offset.")]
Include = Annotated[
    str | None,
    Query(
        max_length=LONGEST,
        description=(
            "A comma-separated list. `historical`: alerts from late data too. `watch`: ratings in the tier "
            "watch as well, after the last alert; without `patient` those of dyads rated in the last weeks."
        ),
        examples=["watch,historical"],
    ),
]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the list is narrowed to."""

    patient: Patient = None
    therapist: Therapist = None
    status: Status = None
    since: Since = None
    include: Include = None
    count: Count = 50
    after: After = None


Question = Annotated[Asked, Depends()]


def build_router(doors: Doors) -> APIRouter:
    """Return the routes below ``/v1/rupture-alerts``."""
    router = APIRouter(tags=["rupture alerts"])
    deployment = doors.deployment

    pages = Pages(deployment.places, "/v1/rupture-alerts")

    @router.get(
        "/v1/rupture-alerts",
        operation_id="listRuptureAlerts",
        summary="List rupture alerts, the latest change first",
        responses={200: {"model": AlertList}, **refusals(400)},
    )
    def list_page(request: Request, asked: Question) -> Response:
        """Answer one page; a patient never seen here has none."""
        access = access_of(request, "R")
        with audited(doors, access) as patients:
            query = replace(_query(asked, deployment.settings, pages), sight=access.sight)
            page = list_alert_page(deployment, query, access.clinic)
            patients.update(query.references or (), page.patients)
        alerts = (show_listed_alert(row, page.ends) for row in page.alerts)
        items = [*alerts, *map(show_watch_point, page.watch)]
        following = page.next and pages.following(page.next.part, page.next.at, page.next.key)
        return answer({"items": items, "next": following})

    @router.get(
        "/v1/rupture-alerts/{alert_id}",
        operation_id="readRuptureAlert",
        summary="Read one rupture alert",
        responses={200: {"model": AlertInContextAnswer}, 304: {"description": "Unchanged."}, **refusals(404)},
    )
    def read(
        request: Request,
        alert_id: AlertId,
        language: Language = None,
        if_none_match: IfNoneMatch = None,
        accept_language: AcceptLanguage = None,
    ) -> Response:
        """Answer the current version with its evidence, what people did about it, and what could be done."""
        wanted = asked_language(language, accept_language)
        access = access_of(request, "R")
        with audited(doors, access, alert_id) as patients:
            read = read_alert_in_context(
                deployment, alert_id, access, sight_for(request, "QuestionnaireResponse"), wanted
            )
            patients.add(read.found.alert.patient)
        version = read.found.alert.version
        headers = {"ETag": etag(version), **VARIES}
        # What was missed since, and what stands beside, is no part of the version.
        if is_unchanged(if_none_match, version) and not (read.found.missed or read.context):
            return Response(status_code=304, headers=headers)
        return answer(show_alert_in_context(read, wanted), headers)

    return router


def _query(asked: Asked, settings: Settings, pages: Pages) -> AlertListQuery:
    included = to_words(asked.include, "include", ("watch", "historical"))
    return AlertListQuery(
        references=None if asked.patient is None else references_to_patient(asked.patient, settings),
        therapist=asked.therapist and reference_here(asked.therapist, settings),
        status=asked.status,
        since=to_instant(asked.since, "since"),
        watch="watch" in included,
        historical="historical" in included,
        after=_place(pages.after(asked.after)),
        limit=asked.count,
    )


def _place(parts: list[str | int] | None) -> Place | None:
    if parts is None:
        return None
    part, at, key = map(str, parts)
    return Place("watch" if part == "watch" else "alerts", at, key)
