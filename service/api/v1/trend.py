"""The alliance trend of one patient, as JSON and as a picture."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from fhir_mappings.catalogue import find
from fhir_mappings.instrument import Perspective
from service.alliance.criteria import CRITERIA
from service.alliance.rules import ONLINE_RULES
from service.api.doors import Doors
from service.api.security import access_of
from service.api.v1.described import refusals
from service.api.v1.languages import VARIES, AcceptLanguage, Language, asked_language
from service.api.v1.queries import DATE, INSTANT, LONGEST, bad_parameter, to_date, to_instant, to_words
from service.api.v1.reading import answer
from service.api.v1.shown_trend import show_trend as shown
from service.api.v1.trend_models import TrendAnswer
from service.flows.compare_rules import COMPARABLE
from service.flows.deployment import Deployment
from service.flows.draw_trend import draw_patient_trend
from service.flows.patient_references import references_to_patient
from service.flows.show_trend import PatientTrend, TrendQuery, show_trend, without_alerts

PatientId = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z0-9\-.]{1,64}$",
        description="The EHR's logical id of the patient, never an identifier: paths end up in logs.",
        examples=["anna"],
    ),
]
InstrumentId = Annotated[str | None, Query(max_length=LONGEST, description="Only this instrument.")]
PerspectiveOnly = Annotated[Perspective | None, Query(description="Only forms of this perspective.")]
From = Annotated[
    str | None,
    Query(alias="from", pattern=DATE, description="First session date shown; earlier ratings still count."),
]
To = Annotated[
    str | None,
    Query(alias="to", pattern=DATE, description="Last session date: as if the series ended there."),
]
AsOf = Annotated[
    str | None, Query(pattern=INSTANT, description="What was believed at that moment: a time with offset.")
]
Compare = Annotated[
    str | None,
    Query(
        max_length=LONGEST * 2,
        description=(
            "A comma-separated list of rules to be shown beside the one that raises alerts: `fired` at each "
            f"point (one of {', '.join(ONLINE_RULES)}), or found looking back ({', '.join(CRITERIA)})."
        ),
        examples=["below-mean-rci,gumz-like-1"],
    ),
]
_UNKNOWN = "There is no such instrument."


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a trend is asked for."""

    instrument: InstrumentId = None
    perspective: PerspectiveOnly = None
    date_from: From = None
    date_to: To = None
    as_of: AsOf = None
    compare: Compare = None
    language: Language = None
    accept_language: AcceptLanguage = None


Question = Annotated[Asked, Depends()]


def build_router(doors: Doors) -> APIRouter:
    """Return the routes of a patient's trend."""
    router = APIRouter(tags=["trend"])
    deployment = doors.deployment

    def read_trend(request: Request, patient: str, asked: Asked) -> PatientTrend:
        access = access_of(request, "R")
        trend = show_trend(deployment, _query(patient, asked, deployment), access.clinic, access.sight)
        doors.audit_read(access, f"patient/{trend.patient_key}", patients=[f"Patient/{patient}"])
        return trend if access.told_alerts else without_alerts(trend)

    @router.get(
        "/v1/patients/{patient}/alliance-trend",
        operation_id="readAllianceTrend",
        summary="How the alliance of a patient moves, series by series",
        responses={200: {"model": TrendAnswer}, **refusals(400, 404)},
    )
    def read(request: Request, patient: PatientId, asked: Question) -> Response:
        """Answer a series for each instrument and therapist; a new therapist starts a new one."""
        trend = read_trend(request, patient, asked)
        named, compared = f"Patient/{patient}", asked.compare is not None
        return answer(shown(trend, named, deployment.parameters, compared=compared), VARIES)

    @router.get(
        "/v1/patients/{patient}/alliance-trend.svg",
        operation_id="drawAllianceTrend",
        summary="The same as one picture, for print and screen readers too",
        response_class=SvgResponse,
        responses={200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}, **refusals(400, 404)},
    )
    def draw(request: Request, patient: PatientId, asked: Question) -> Response:
        """Answer a panel for each measure, one below the other; outcome comes last."""
        trend = read_trend(request, patient, asked)
        return SvgResponse(draw_patient_trend(trend, f"Patient/{patient}"), headers=VARIES)

    return router


class SvgResponse(Response):
    """A picture."""

    media_type = "image/svg+xml"


def _query(patient: str, asked: Asked, deployment: Deployment) -> TrendQuery:
    return TrendQuery(
        references=references_to_patient(patient, deployment.settings),
        instrument=_known(asked.instrument, deployment),
        perspective=asked.perspective,
        date_from=to_date(asked.date_from, "from"),
        date_to=to_date(asked.date_to, "to"),
        as_of=to_instant(asked.as_of, "as_of"),
        compare=sorted(to_words(asked.compare, "compare", COMPARABLE)),
        language=asked_language(asked.language, asked.accept_language),
    )


def _known(instrument: str | None, deployment: Deployment) -> str | None:
    if instrument is None:
        return None
    found = find(deployment.known, instrument)
    if found is None:
        raise bad_parameter("instrument", _UNKNOWN)
    return found.id
