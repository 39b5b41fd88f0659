"""The plain JSON door: every route below /v1."""

from fastapi import APIRouter

from service.api.doors import Doors
from service.api.v1 import (
    alert_acts,
    alerts,
    alliance_metrics,
    attendance,
    briefs,
    deliveries,
    disclosures,
    form_links,
    imports,
    inbound,
    instruments,
    merges,
    notices,
    patients,
    responses,
    treatment_ends,
    trend,
)

DOORS = (
    *(instruments, responses, attendance, trend, alerts, alert_acts, notices, deliveries, merges),
    *(patients, inbound, disclosures, briefs, imports, alliance_metrics, form_links),
    treatment_ends,
)


def build_router(doors: Doors) -> APIRouter:
    """Return the routes of the door."""
    router = APIRouter()
    for door in DOORS:
        router.include_router(door.build_router(doors))
    return router
