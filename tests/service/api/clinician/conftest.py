"""A site to sign in at."""

from collections.abc import Iterator

import pytest

from service.log import Log
from tests.service.api.clinician.signing_in import Site, a_site


@pytest.fixture
def site(deployment, log_stream) -> Iterator[Site]:
    with a_site(deployment, Log(log_stream)) as made:
        yield made
