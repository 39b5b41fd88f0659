"""Figures of the whole clinic for reporting tools, by group, small groups protected."""

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from service.api.doors import Doors
from service.api.security import access_of, grants_of, need_sight
from service.api.v1.described import PROBLEM, refusals
from service.api.v1.metrics_models import MetricsAnswer
from service.api.v1.queries import LONGEST, bad_parameter, refuse_others, to_words
from service.api.v1.reading import answer, audited
from service.api.v1.shown_metrics import show_metrics, show_metrics_as_csv
from service.flows.report_metrics import FAMILIES, report_metrics
from service.reporting.dimensions import DIMENSIONS, MOST, NAMES_PEOPLE
from service.scopes import THERAPIST_METRICS, Need

GroupBy = Annotated[
    str | None,
    Query(
        max_length=LONGEST,
        description=f"At most {MOST}, separated by a comma, of {', '.join(DIMENSIONS)}. Unset: none. "
        "`therapist` needs the scope `alliance/therapist-metrics.read` too.",
        examples=["team,month"],
    ),
]
Figures = Annotated[
    str | None,
    Query(max_length=LONGEST, description=f"A comma-separated list of {', '.join(FAMILIES)}. Unset: all."),
]
Format = Annotated[
    Literal["json", "csv"] | None,
    Query(description="Unset: `csv` where Accept prefers text/csv, else `json`."),
]
Accept = Annotated[str | None, Header(include_in_schema=False)]
_CSV, _JSON = "text/csv", "application/json"
BY_THERAPIST = Need(THERAPIST_METRICS, "r")
_LATER: dict[int | str, dict[str, Any]] = {
    503: {
        "description": "The snapshot is being made, or the report took too long: ask again later.",
        "content": PROBLEM,
    },
}


def build_router(doors: Doors) -> APIRouter:
    """Return the route ``/v1/alliance-metrics``."""
    router = APIRouter(tags=["reporting"])

    @router.get(
        "/v1/alliance-metrics",
        operation_id="readAllianceMetrics",
        summary="Figures of the clinic, by group",
        responses={
            200: {"model": MetricsAnswer, "content": {_CSV: {"schema": {"type": "string"}}}},
            **refusals(400, 404),
            **_LATER,
        },
    )
    def read(
        request: Request,
        group_by: GroupBy = None,
        figures: Figures = None,
        format: Format = None,  # noqa: A002 - the parameter's name
        accept: Accept = None,
    ) -> Response:
        """Answer from a snapshot, at `as_of`; figures of few patients are suppressed, with complements."""
        access = access_of(request, "R")
        with audited(doors, access):
            refuse_others(request.query_params, ("group_by", "figures", "format"))
            dimensions = _dimensions(group_by)
            if NAMES_PEOPLE & set(dimensions):
                need_sight(grants_of(request), BY_THERAPIST)
            families = to_words(figures, "figures", FAMILIES)
            report = report_metrics(doors.deployment, families, dimensions)
        if format == "csv" or (format is None and _prefers_csv(accept or "")):
            lines = show_metrics_as_csv(report, doors.deployment)
            return Response(lines, media_type=_CSV, headers={"Vary": "Accept"})
        return answer(show_metrics(report, doors.deployment), {"Vary": "Accept"})

    return router


def _prefers_csv(accept: str) -> bool:
    """Tell whether CSV is named in an Accept header, and JSON not with a higher weight (RFC 9110, 12.5.1)."""
    weights = {}
    for one in accept.split(","):
        kind, _, parameters = one.partition(";")
        weight = re.fullmatch(r".*\bq\s*=\s*([01](?:\.\d{0,3})?)\s*", parameters)
        weights[kind.strip().lower()] = float(weight[1]) if weight else 1.0
    return weights.get(_CSV, 0.0) > 0 and weights[_CSV] >= weights.get(_JSON, 0.0)


def _dimensions(text: str | None) -> tuple[str, ...]:
    """Return the dimensions in the order of the list."""
    named = to_words(text, "group_by", DIMENSIONS)
    if len(named) > MOST:
        raise bad_parameter("group_by", f"At most {MOST} dimensions at once.")
    return tuple(one for one in DIMENSIONS if one in named)
