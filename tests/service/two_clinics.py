"""Two clinics on one database, behind one service; a caller's clinic is what its API key says."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

from starlette.types import ASGIApp

from service.api.identity import Providers, open_identity
from service.app import Served, create_service
from service.flows.api_keys import NewKey, create_api_key
from service.flows.audit_command import command_access
from service.flows.deployment import Deployment
from service.log import Log
from service.settings import Settings
from tests.conftest import BASE_URL, TestClient

NORTH, SOUTH = "north", "south"
ALL_SCOPES = (
    "system/*.cruds alliance/operations.read alliance/operations.write alliance/metrics.read"
    " alliance/therapist-metrics.read"
)


def of_clinic(deployment: Deployment, clinic: str, settings: Settings | None = None) -> Deployment:
    """Return a clinic's deployment on the database of another's; its callers show API keys."""
    settings = (settings or deployment.settings).model_copy(update={"api_keys": True})
    return replace(deployment, clinic=clinic, settings=settings)


def key_of(deployment: Deployment, scopes: str = ALL_SCOPES, **facts: str) -> str:
    """Return a new API key of a clinic; ``facts`` say whom it stands for."""
    now = deployment.clock()
    new = NewKey("tests", scopes, now + timedelta(days=300), **facts)
    return create_api_key(
        deployment.database, new, now, command_access(deployment.clinic, "api-keys create")
    )[0]


def service_of(clinics: Sequence[Served], log: Log) -> ASGIApp:
    """Return the service of these clinics, which recognises their API keys."""
    by_clinic = {one.deployment.clinic: one.deployment.settings for one in clinics}
    first = clinics[0].deployment
    with closing(Providers(first.clock, log)) as providers:
        return create_service(clinics, log, open_identity(by_clinic, first.database, first.clock, providers))


def clients_of(clinics: Sequence[Served], log: Log, keys: Mapping[str, str]) -> dict[str, TestClient]:
    """Return how whoever shows each of these API keys reaches the service."""
    app = service_of(clinics, log)
    return {
        name: TestClient(
            app, base_url=BASE_URL, follow_redirects=False, headers={"Authorization": f"Bearer {key}"}
        )
        for name, key in keys.items()
    }
