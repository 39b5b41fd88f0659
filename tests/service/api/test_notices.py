"""Where the EHR tells of news: right or wrong secret, and a body that nobody reads."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.flows.deployment import Deployment
from service.log import Log
from service.store.chart import keep_fact
from tests.conftest import BASE_URL

SECRET = "s" * 43


class Bell:
    """Counts how often the watcher was told to look."""

    rung = 0

    def __call__(self) -> None:
        self.rung += 1


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def ehr(deployment: Deployment, bell: Bell, log_stream) -> Iterator[TestClient]:
    with deployment.database.write() as tx:
        keep_fact(tx, "default", "notice-token", SECRET)
    app = create_app(replace(deployment), Log(log_stream), notice=bell)
    with TestClient(app, base_url=BASE_URL) as opened:
        yield opened


def test_an_empty_notice_makes_the_watcher_look(ehr: TestClient, bell: Bell) -> None:
    answer = ehr.post(f"/notify/{SECRET}")
    assert (answer.status_code, answer.content, bell.rung) == (204, b"", 1)


def test_a_resource_in_a_notice_is_not_read(ehr: TestClient, bell: Bell) -> None:
    answer = ehr.put(f"/notify/{SECRET}/QuestionnaireResponse/e-1", content=b"<no json>")
    assert (answer.status_code, bell.rung) == (204, 1)


@pytest.mark.parametrize("secret", ["t" * 43, "s", "-" * 43])
def test_another_secret_is_no_address(ehr: TestClient, bell: Bell, secret: str) -> None:
    assert ehr.post(f"/notify/{secret}").status_code == 404
    assert ehr.put(f"/notify/{secret}/QuestionnaireResponse/e-1").status_code == 404
    assert bell.rung == 0


def test_without_a_subscription_no_secret_is_right(client: TestClient) -> None:
    assert client.post(f"/notify/{'-' * 43}").status_code == 404


def test_the_secret_stands_in_no_log_line(ehr: TestClient, log_stream) -> None:
    ehr.post(f"/notify/{SECRET}")
    ehr.post(f"/notify/{'t' * 43}")
    assert "/notify/{token}" in log_stream.getvalue()
    assert not [secret for secret in (SECRET, "t" * 43) if secret in log_stream.getvalue()]
