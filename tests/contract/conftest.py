"""The app's description, loaded so that answers can be held against it."""

from pathlib import Path

import pytest
import schemathesis
from starlette.testclient import TestClient

from service.flows.deployment import Deployment
from service.flows.refresh_snapshot import refresh_snapshot
from service.settings import Settings
from service.store.database import Database
from tests.contract.described import written_description

LOOPBACK = {"Host": "127.0.0.1"}


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """What is off unless it has a folder is on, so that it answers as described and not that it is off."""
    folders = {"snapshot_dir": str(tmp_path / "snapshots"), "export_dir": str(tmp_path / "exports")}
    return Settings(database_url=database.url, **folders)


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    assert refresh_snapshot(deployment)
    return deployment


@pytest.fixture
def api(client: TestClient) -> schemathesis.BaseSchema:
    # What the app itself tells is the same (test_description.py), and takes longer to make than most tests.
    schema = schemathesis.openapi.from_dict(written_description())
    schema.app = client.app
    return schema
