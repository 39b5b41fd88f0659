"""Which clinic's app serves a request: that of the clinic which the caller's credential names.

Each clinic has an app of its own, on a deployment of its own, so that no route can reach another clinic's
rows by an oversight. What is open to everybody is answered by one app, the face, on behalf of no clinic.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.scopes_table import METADATA, is_open
from service.callers import NO_CLINIC


@dataclass(frozen=True, slots=True)
class Face:
    """The app that answers what is open to everybody, and the clinic that its accesses are kept under."""

    app: FastAPI
    clinic: str


class Clinics:
    """Hands each request to one app. The gate before it has found out whose the request is."""

    def __init__(self, face: Face, apps: Mapping[str, ASGIApp]) -> None:
        self._face = face
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and what is none (the server's start and end) by the face."""
        if scope["type"] != "http":
            await self._face.app(scope, receive, send)
            return
        caller = scope["state"]["caller"]
        # Of no clinic is who shows no credential: for what is open, or as a page that asks what it may ask.
        is_for_all = is_open(scope["path"]) and scope["path"] != METADATA
        if is_for_all or caller.clinic == NO_CLINIC:
            scope["state"] |= {
                "caller": replace(caller, clinic=self._face.clinic),
                "of_clinic": caller.clinic,
            }
            await self._face.app(scope, receive, send)
        else:
            # CAUTION: no default. A caller of a clinic that is not served here is an error of ours.
            await self._apps[caller.clinic](scope, receive, send)
