"""Two clinics on one database, behind one service; a caller's clinic is what its token says."""

from collections.abc import Sequence
from dataclasses import replace

from starlette.datastructures import Headers

from service.app import Served, create_service
from service.callers import Caller
from service.errors import CallerRefused
from service.flows.deployment import Deployment
from service.log import Log
from tests.conftest import BASE_URL, TestClient

NORTH, SOUTH = "north", "south"


def identify(headers: Headers) -> Caller:
    """Return the caller of the clinic that the token names."""
    token = headers.get("authorization", "").removeprefix("Bearer ")
    if token not in (NORTH, SOUTH):
        raise CallerRefused("No such token.", at="Authorization")
    return Caller(f"caller of {token}", token)


def of_clinic(deployment: Deployment, clinic: str) -> Deployment:
    """Return a clinic's deployment on the database of another's."""
    return replace(deployment, clinic=clinic)


def client_of(clinic: str, clinics: Sequence[Served], log: Log) -> TestClient:
    """Return how a clinic's caller reaches the service."""
    app = create_service(clinics, log, identify)
    headers = {"Authorization": f"Bearer {clinic}"}
    return TestClient(app, base_url=BASE_URL, follow_redirects=False, headers=headers)
