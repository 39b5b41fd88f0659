from collections.abc import Iterator
from pathlib import Path

import pytest

from service.flows.deployment import Deployment
from tests.service.build import StandingClock, a_deployment


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def deployment(tmp_path: Path, clock: StandingClock) -> Iterator[Deployment]:
    made = a_deployment(tmp_path, clock)
    yield made
    made.database.close()
