"""The webhook: what is told when, how it is signed, and what becomes of an event that is not taken."""

import io
import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import respx

from service.flows.act_on_alert import PersonsAct, act_on_alert
from service.flows.deployment import Deployment
from service.flows.list_webhook_events import list_event_page, try_event_again
from service.flows.record_response import record_response
from service.flows.sign_webhook import signed_headers
from service.flows.tell_webhook import WAITS_SECONDS, Webhook, tell_next
from service.http import Http, host_of
from service.log import Log
from service.store.webhook_events import EventRow
from tests.service.build import StandingClock, a_deployment, a_response, an_access

URL = "https://pager.north.example/hooks/key-7"
SECRET = "whsec_" + b64encode(b"k" * 24).decode()
STEADY = ("36.2", "37.0", "36.4", "37.4")


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def deployment(tmp_path: Path, clock: StandingClock) -> Iterator[Deployment]:
    made = a_deployment(tmp_path, clock, webhook_url=URL, webhook_secret=(SECRET,))
    yield made
    made.database.close()


@pytest.fixture
def webhook(deployment: Deployment, clock: StandingClock) -> Iterator[Webhook]:
    http = Http(frozenset({host_of(URL)}), 5.0)
    yield Webhook(deployment.database, http, URL, (SECRET,), "default", clock, Log(io.StringIO()))
    http.close()


@pytest.fixture
def receiver() -> Iterator[respx.Route]:
    with respx.mock as router:
        yield router.post(URL).respond(204)


def record(deployment: Deployment, *totals: str, first: int = 3) -> str:
    """Record sessions one after the other; return the id of the first alert that they raised, if any."""
    raised = [
        one.id
        for session, total in enumerate(totals, first)
        for one in record_response(deployment, a_response(session, total), an_access()).alerts
    ]
    return raised[0] if raised else ""


def tell_all(webhook: Webhook) -> None:
    while tell_next(webhook):
        pass


def told(receiver: respx.Route) -> list[dict]:
    return [json.loads(call.request.content) for call in receiver.calls]


def events(deployment: Deployment) -> list[EventRow]:
    return list(list_event_page(deployment, "default", state=None, before=None, limit=50).items)


def test_an_alert_that_opens_is_told_by_its_id_alone(
    deployment: Deployment, webhook: Webhook, receiver: respx.Route
) -> None:
    alert = record(deployment, *STEADY, "28.0")
    tell_all(webhook)
    assert told(receiver) == [
        {
            "type": "alert.opened",
            "timestamp": "2026-03-02T12:00:00.000000Z",
            "data": {"alert": alert, "version": 1, "severity": "marked"},
        }
    ]


def test_what_is_told_is_opened_raised_again_and_closed(
    deployment: Deployment, webhook: Webhook, receiver: respx.Route
) -> None:
    record(deployment, *STEADY, "31.8", "28.5", "33.2", "33.0", "33.1", "25.0", "37.0")
    tell_all(webhook)
    assert [one["type"] for one in told(receiver)] == [
        "alert.opened",
        "alert.raised",
        "alert.again",
        "alert.closed",
    ]


def test_a_click_is_not_told_but_the_end_is(
    deployment: Deployment, webhook: Webhook, receiver: respx.Route
) -> None:
    alert = record(deployment, *STEADY, "28.0")
    for done in (PersonsAct("acknowledge", "Practitioner/ada"), PersonsAct("dismiss", "Practitioner/ada")):
        act_on_alert(deployment, alert, None, done, an_access("U"))
    tell_all(webhook)
    assert [(one["type"], one["data"]["version"]) for one in told(receiver)] == [
        ("alert.opened", 1),
        ("alert.closed", 3),
    ]


def test_each_try_is_signed_anew_under_the_same_id(
    deployment: Deployment, webhook: Webhook, receiver: respx.Route, clock: StandingClock
) -> None:
    record(deployment, *STEADY, "28.0")
    receiver.side_effect = [httpx.Response(500), httpx.Response(204)]
    tell_all(webhook)
    clock.pass_by(seconds=WAITS_SECONDS[0])
    tell_all(webhook)
    first, second = (call.request for call in receiver.calls)
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == events(deployment)[0].id
    assert first.content == second.content
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 5
    for request in (first, second):
        stamp = int(request.headers["webhook-timestamp"])
        signed = signed_headers((SECRET,), request.headers["webhook-id"], stamp, request.content)
        assert request.headers["webhook-signature"] == signed["webhook-signature"]


def test_the_signature_is_that_of_the_specification() -> None:
    # The example of the reference libraries (standard-webhooks, libraries/python/tests).
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    headers = signed_headers((secret,), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_a_secret_is_replaced_both_sign() -> None:
    other = "whsec_" + b64encode(b"o" * 32).decode()
    both = signed_headers((SECRET, other), "e-1", 1, b"{}")["webhook-signature"].split(" ")
    alone = [signed_headers((one,), "e-1", 1, b"{}")["webhook-signature"] for one in (SECRET, other)]
    assert both == alone


def test_what_is_not_taken_is_told_again_for_three_days_and_then_given_up(
    deployment: Deployment, webhook: Webhook, receiver: respx.Route, clock: StandingClock
) -> None:
    record(deployment, *STEADY, "28.0")
    receiver.respond(500)
    for wait in WAITS_SECONDS:
        tell_all(webhook)
        clock.pass_by(seconds=wait - 1)
        assert tell_next(webhook) is False
        clock.pass_by(seconds=1)
    tell_all(webhook)
    (event,) = events(deployment)
    assert (event.state, event.tries, event.status) == ("failed", len(WAITS_SECONDS) + 1, 500)
    assert 2 * 86_400 < sum(WAITS_SECONDS) < 4 * 86_400


@pytest.mark.parametrize("fault", [httpx.ConnectError("refused"), httpx.ReadTimeout("lost")])
def test_an_answer_that_never_comes_is_a_try_like_any_other(
    deployment: Deployment, webhook: Webhook, receiver: respx.Route, fault: Exception
) -> None:
    record(deployment, *STEADY, "28.0")
    receiver.mock(side_effect=fault)
    tell_all(webhook)
    (event,) = events(deployment)
    assert (event.state, event.status, event.tries) == ("pending", None, 1)


def test_retry_after_is_waited_for(
    deployment: Deployment, webhook: Webhook, receiver: respx.Route, clock: StandingClock
) -> None:
    record(deployment, *STEADY, "28.0")
    receiver.respond(429, headers={"Retry-After": "3600"})
    tell_all(webhook)
    clock.pass_by(seconds=3599)
    assert tell_next(webhook) is False
    clock.pass_by(seconds=1)
    assert tell_next(webhook) is True


def test_a_redirect_is_not_followed(deployment: Deployment, webhook: Webhook, receiver: respx.Route) -> None:
    record(deployment, *STEADY, "28.0")
    receiver.respond(302, headers={"Location": "https://elsewhere.example/"})
    tell_all(webhook)
    assert (receiver.call_count, events(deployment)[0].status) == (1, 302)


def test_gone_stops_everything_until_a_person_tries_again(
    deployment: Deployment, webhook: Webhook, receiver: respx.Route, clock: StandingClock
) -> None:
    record(deployment, *STEADY, "28.0")
    receiver.respond(410)
    tell_all(webhook)
    record(deployment, "37.0", first=8)
    clock.pass_by(days=2)
    assert tell_next(webhook) is False
    receiver.respond(204)
    closed, opened = events(deployment)
    assert (closed.state, opened.state) == ("pending", "stopped")
    try_event_again(deployment, opened.id, an_access("E"))
    tell_all(webhook)
    assert {one.state for one in events(deployment)} == {"delivered"}


def test_another_address_is_told_what_the_old_one_did_not_want(
    deployment: Deployment, webhook: Webhook, receiver: respx.Route
) -> None:
    record(deployment, *STEADY, "28.0")
    receiver.respond(410)
    tell_all(webhook)
    record(deployment, "37.0", first=8)
    moved = Webhook(
        webhook.database, webhook.http, f"{URL}8", (SECRET,), "default", webhook.clock, webhook.log
    )
    with respx.mock as router:
        route = router.post(f"{URL}8").respond(204)
        tell_all(moved)
    assert [json.loads(call.request.content)["type"] for call in route.calls] == ["alert.closed"]


def test_a_worker_that_died_leaves_the_event_to_the_next_one(
    deployment: Deployment, webhook: Webhook, receiver: respx.Route, clock: StandingClock
) -> None:
    record(deployment, *STEADY, "28.0")
    receiver.mock(side_effect=RuntimeError("killed"))
    with pytest.raises(RuntimeError):
        tell_next(webhook)
    receiver.mock(side_effect=None, return_value=httpx.Response(204))
    assert tell_next(webhook) is False
    clock.pass_by(seconds=121)
    assert tell_next(webhook) is True


def test_a_historical_alert_is_not_told(
    deployment: Deployment, webhook: Webhook, clock: StandingClock
) -> None:
    clock.pass_by(weeks=10)
    record(deployment, *STEADY, "28.0")
    assert (events(deployment), tell_next(webhook)) == ([], False)


def test_without_a_webhook_nothing_is_queued(tmp_path: Path) -> None:
    quiet = a_deployment(tmp_path)
    record(quiet, *STEADY, "28.0")
    assert events(quiet) == []
    quiet.database.close()
