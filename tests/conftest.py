"""The real app on a temporary database, at a fixed moment, without sockets."""

import io
import os
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis

from fhir_mappings.catalogue import builtin_instruments, shipped_instruments
from fhir_mappings.codes import Names
from service.alliance.norms import load_norms
from service.alliance.parameters import default_parameters
from service.app import create_app
from service.flows.deployment import Deployment
from service.garbage import leave_out_what_is_here
from service.log import Log
from service.settings import Settings
from service.store.database import Database
from tests.databases import empty_database
from tests.known_routes import remember_routes

with warnings.catch_warnings():
    # Starlette would rather have the successor of httpx, which is too new for us (DESIGN.md, Dependencies).
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BASE_URL = "http://127.0.0.1:8000"


class FixedClock:
    """A clock that stands still until a test sets ``now``."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def pytest_configure(config: pytest.Config) -> None:
    remember_routes()
    # CI looks four times as long for an example that breaks a property.
    hypothesis.register_profile("each-commit", max_examples=25)
    if not os.environ.get("CI"):
        hypothesis.load_profile("each-commit")


def pytest_collection_finish(session: pytest.Session) -> None:
    # Each search among 400,000 objects that stay takes 0.24 CPU seconds.
    leave_out_what_is_here()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = empty_database(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    # Beside a server there is no folder of ours.
    beside = {"snapshot_dir": str(tmp_path / "snapshots")} if database.is_postgresql else {}
    return Settings(database_url=database.url, **beside)


@pytest.fixture
def deployment(database: Database, settings: Settings, clock: FixedClock) -> Deployment:
    return Deployment(
        database=database,
        settings=settings,
        names=Names(settings.canonical_base),
        instruments=builtin_instruments(),
        known=shipped_instruments(),
        norms=load_norms(),
        parameters=default_parameters(),
        clock=clock,
    )


@pytest.fixture
def log_stream() -> io.StringIO:
    """Everything that the app logs."""
    return io.StringIO()


@pytest.fixture
def client(deployment: Deployment, log_stream: io.StringIO) -> Iterator[TestClient]:
    app = create_app(deployment, Log(log_stream))
    with TestClient(app, base_url=BASE_URL, follow_redirects=False) as opened:
        yield opened
