"""The app's own description, loaded so that answers can be held against it."""

import warnings

import pytest
import schemathesis
from starlette.testclient import TestClient

LOOPBACK = {"Host": "127.0.0.1"}


@pytest.fixture
def api(client: TestClient) -> schemathesis.BaseSchema:
    with warnings.catch_warnings():
        # Starlette would rather have the successor of httpx, which is too new for us.
        warnings.simplefilter("ignore")
        return schemathesis.openapi.from_asgi("/openapi.json", client.app, headers=LOOPBACK)
