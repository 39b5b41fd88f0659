"""The plain JSON door: every route below /v1."""

from fastapi import APIRouter

from service.api.doors import Doors
from service.api.v1 import alerts, deliveries, disclosures, instruments, merges, responses, trend


def build_router(doors: Doors) -> APIRouter:
    """Return the routes of the door."""
    router = APIRouter()
    for door in (instruments, responses, trend, alerts, deliveries, merges, disclosures):
        router.include_router(door.build_router(doors))
    return router
