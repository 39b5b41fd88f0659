"""A deployment whose database is as clinics have it, to be measured."""

from pathlib import Path
from typing import Any

from service.flows.deployment import Deployment
from tests.databases import unguard
from tests.service.build import a_deployment


def a_plain_deployment(folder: Path, *given: Any) -> Deployment:
    """Return a deployment as ``a_deployment`` makes it, without the triggers that our tests have.

    CAUTION: with them every insert keeps a journal of its own, and takes three times as long.
    """
    deployment: Deployment = a_deployment(folder, *given)
    with deployment.database.engine.begin() as tx:
        unguard(tx)
    return deployment
