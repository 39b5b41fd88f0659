"""Subscribers are told over the wire: every number at least once and in rising order, whoever is killed.

And the official validator finds no error in Subscriptions, in what is sent, and in what operations answer.
"""

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from fhir_mappings import json_text
from fhir_mappings.codes import BACKPORT, Names
from tests.system.chart import Chart, Json
from tests.system.children import ApiAlone, Service, WorkerAlone
from tests.system.postgres import new_database
from tests.system.receiver import Receiver, running_receiver, type_of
from tests.system.test_golden_in_hapi import judge
from tests.system.waiting import wait_until

__all__ = ["judge"]
FHIR = {"Content-Type": "application/fhir+json"}
SECRET = "Bearer only-for-the-receiver"  # noqa: S105 - nobody's
NOTICES = 24
STEADY_THEN_A_FALL = (37.2, 36.8, 37.5, 37.0, 36.9, 37.3, 24.0)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver(seconds=0.03) as made:
        yield made


def a_subscription(
    receiver: Receiver, topic: str = "new-score", content: str = "id-only", most: int = 1
) -> Json:
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "to be told",
        "criteria": Names().topic(topic),
        "channel": {
            "extension": [
                {"url": f"{BACKPORT}/backport-timeout", "valueUnsignedInt": 2},
                {"url": f"{BACKPORT}/backport-max-count", "valuePositiveInt": most},
            ],
            "type": "rest-hook",
            "endpoint": receiver.endpoint,
            "payload": "application/fhir+json",
            "_payload": {
                "extension": [{"url": f"{BACKPORT}/backport-payload-content", "valueCode": content}]
            },
            "header": [f"Authorization: {SECRET}"],
        },
    }


def subscribe(fhir: str, subscription: Json) -> Json:
    answer = httpx.post(f"{fhir}/Subscription", json=subscription, headers=FHIR, timeout=60)
    created: Json = answer.raise_for_status().json()
    return created


def record(base_url: str, patient: str, session: int, total: float) -> None:
    """Record one bare total of a weekly session, the seventh of which was an hour ago."""
    authored = datetime.now(UTC) - timedelta(weeks=7 - session, hours=1)
    body = {
        "instrument": "srs-3",
        "patient": f"Patient/{patient}",
        "therapist": "Practitioner/ada",
        "session_number": session,
        "authored": authored.isoformat(),
        "identifier": f"urn:notices|{patient}-{session}",
        "scores": {"total": total},
    }
    httpx.post(f"{base_url}/v1/responses", json=body, timeout=60).raise_for_status()


def tell_and_kill(api: ApiAlone, workers: list[WorkerAlone], receiver: Receiver, *, kills: int) -> Json:
    """Record many scores while workers are killed in turn, until all of them were told; return the status."""
    one = subscribe(f"{api.base_url}/fhir", a_subscription(receiver))
    # The same seed must give the same moments; nothing here is secret.
    rng = random.Random(71)  # noqa: S311
    for turn in range(kills):
        for number in range(NOTICES // kills):
            record(api.base_url, f"p-{turn}-{number}", 7, 36.0)
        time.sleep(rng.uniform(0.0, 0.4))
        workers[turn % len(workers)].kill()
        workers[turn % len(workers)].start()
    wait_until(lambda: NOTICES in receiver.numbers(), seconds=120, what="the last notice")
    found: Json = httpx.get(f"{api.base_url}/fhir/Subscription/{one['id']}", timeout=60).json()
    return found


def check_numbers(receiver: Receiver) -> None:
    """Fail unless every number came and none after a higher one."""
    numbers = receiver.numbers()
    assert sorted(set(numbers)) == list(range(1, NOTICES + 1))
    assert numbers == sorted(numbers)


def test_a_worker_that_is_killed_leaves_no_gap_and_no_disorder(tmp_path: Path, receiver: Receiver) -> None:
    settings = {
        "ALLIANCE_DATABASE_URL": f"sqlite:///{tmp_path / 'alliance.db'}",
        "ALLIANCE_SUBSCRIPTION_HOSTS": receiver.host,
    }
    with ExitStack() as running:
        api = running.enter_context(ApiAlone(tmp_path, settings))
        worker = running.enter_context(WorkerAlone(tmp_path, "worker", settings))
        served = tell_and_kill(api, [worker], receiver, kills=3)

    check_numbers(receiver)
    assert type_of(receiver.bodies[0]) == "handshake"
    assert set(receiver.headers) == {SECRET}
    assert served["status"] == "active"
    log = "".join(path.read_text("utf-8") for path in tmp_path.glob("*.log"))
    assert SECRET not in log + json_text.dumps(served).decode()


@pytest.mark.postgres
def test_two_workers_tell_in_order_while_they_are_killed_in_turn(
    postgres: str, tmp_path: Path, receiver: Receiver
) -> None:
    settings = {
        "ALLIANCE_DATABASE_URL": new_database(postgres, "notices"),
        "ALLIANCE_SUBSCRIPTION_HOSTS": receiver.host,
    }
    with ExitStack() as running:
        api = running.enter_context(ApiAlone(tmp_path, settings))
        workers = [running.enter_context(WorkerAlone(tmp_path, name, settings)) for name in ("one", "two")]
        served = tell_and_kill(api, workers, receiver, kills=3)

    check_numbers(receiver)
    assert served["status"] == "active"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Receiver]]:
    """A service and a receiver who was told of scores and an alert, in every content."""
    with running_receiver() as receiver:
        service = Service(
            tmp_path_factory.mktemp("told"),
            ehr_base_url="http://127.0.0.1:9/fhir",
            ehr_name="none",
            subscription_hosts=receiver.host,
        )
        with service:
            for content in ("empty", "id-only", "full-resource"):
                for topic in ("new-score", "alert-opened"):
                    subscribe(service.fhir, a_subscription(receiver, topic, content, most=20))
            for session, total in enumerate(STEADY_THEN_A_FALL, 1):
                record(service.base_url, "anna", session, total)
            wait_until(lambda: _opened(receiver) == 3, seconds=60, what="all notices")
            yield service, receiver


def without_profiles(resource: Json) -> Json:
    """Return a resource that claims no profile: the judge does not hold the backport's package."""
    entries = [one | {"resource": without_profiles(one["resource"])} for one in resource.get("entry", [])]
    meta = {name: value for name, value in resource.get("meta", {}).items() if name != "profile"}
    kept = {name: value for name, value in resource.items() if name != "meta"}
    return kept | ({"meta": meta} if meta else {}) | ({"entry": entries} if entries else {})


def errors_in(judge: Chart, resources: list[Json]) -> list[str]:
    return [error for one in resources for error in judge.validation_errors(without_profiles(one))]


def _opened(receiver: Receiver) -> int:
    """Return in how many contents the newest score and the alert were told."""
    told = [one for one in list(receiver.bodies) if type_of(one) == "event-notification"]
    return len({json_text.dumps(one["entry"][0]["request"]) for one in told}) // 2


@pytest.mark.hapi
def test_the_validator_finds_no_error_in_what_is_sent(judge: Chart, told: tuple[Service, Receiver]) -> None:
    _, receiver = told
    assert {type_of(one) for one in receiver.bodies} == {"handshake", "event-notification"}
    assert errors_in(judge, receiver.bodies) == []


@pytest.mark.hapi
def test_the_validator_finds_no_error_in_what_is_answered(
    judge: Chart, told: tuple[Service, Receiver]
) -> None:
    service, _ = told
    listed = httpx.get(f"{service.fhir}/Subscription", timeout=60).json()
    ids = [entry["resource"]["id"] for entry in listed["entry"]]
    paths = ["Subscription/$status", *(f"Subscription/{one}/$events" for one in ids), "metadata"]
    answered = [json_text.loads(httpx.get(f"{service.fhir}/{path}", timeout=60).content) for path in paths]

    assert len(ids) == 6
    assert errors_in(judge, [entry["resource"] for entry in listed["entry"]]) == []
    assert errors_in(judge, answered) == []
