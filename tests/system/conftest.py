"""Real servers, once per run: HAPI with its validator; and services with a database of their own."""

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.system.browser import running_chromium
from tests.system.chart import Chart
from tests.system.children import Service
from tests.system.hapi import Hapi, running_hapi
from tests.system.identity import Idp, running_idp
from tests.system.postgres import running_postgres

# Patients of one run are told from those of another that used the same running server.
RUN = f"{int(time.time()):x}"


@pytest.fixture(scope="session")
def hapi() -> Iterator[Hapi]:
    with running_hapi() as started:
        yield started


@pytest.fixture(scope="session")
def hapi_chart(hapi: Hapi) -> Iterator[Chart]:
    with Chart(hapi.fhir) as chart:
        yield chart


@pytest.fixture(scope="session")
def name_of() -> Callable[[str], str]:
    """How a test calls its patients, so that they are nobody else's on a shared server."""
    return lambda purpose: f"{purpose}-{RUN}"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def idp() -> Iterator[Idp]:
    with running_idp() as started:
        yield started


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server's database ``postgres``."""
    with running_postgres() as url:
        yield url


@pytest.fixture(scope="module")
def service_to_hapi(hapi: Hapi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A fresh service that delivers to HAPI; it runs until the module's last test."""
    folder = tmp_path_factory.mktemp("service")
    with Service(folder, ehr_base_url=hapi.fhir, ehr_name="hapi") as service:
        yield service


@pytest.fixture(scope="module")
def own_chart(service_to_hapi: Service) -> Iterator[Chart]:
    """The service's own FHIR door, as a reader sees it."""
    with Chart(service_to_hapi.fhir) as chart:
        yield chart
