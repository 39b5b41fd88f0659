"""The network goes and comes: answers wait on the device, an hour at most, and are sent once."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.system.browser import opened
from tests.system.children import Service
from tests.system.filling import (
    a_link,
    answers_of,
    forms_served,
    is_thanked,
    kept_on_device,
    mark,
    mark_all,
    outcome,
    send,
    until_kept,
    visit,
)

pytestmark = pytest.mark.browser
EMPTY = "{}[]"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with forms_served(tmp_path_factory.mktemp("offline")) as started:
        yield started


def is_waiting(page: Page) -> None:
    expect(page.get_by_role("heading", name="Waiting for a connection")).to_be_visible()


def test_answers_wait_for_the_network_and_are_sent_once(service: Service, chromium: Browser) -> None:
    link = a_link(service, session_number=1)
    with opened(chromium, "phone") as one:
        visit(one.page, link)
        mark_all(one.page)
        one.page.context.set_offline(True)
        send(one.page)
        is_waiting(one.page)
        assert outcome(service, link)["state"] == "open"
        one.page.context.set_offline(False)
        is_thanked(one.page)
        kept = kept_on_device(one.page)

    assert (len(answers_of(service, link)), kept) == (4, EMPTY)


def test_without_a_network_a_reload_keeps_form_and_marks(service: Service, chromium: Browser) -> None:
    link = a_link(service, session_number=2)
    with opened(chromium, "phone") as one:
        page = one.page
        visit(page, link)
        until_kept(page)
        mark(page, 0, 0.5)
        page.context.set_offline(True)
        page.reload()
        expect(page.locator(".mark").first).to_be_visible()
        for place in (1, 2, 3):
            mark(page, place, 0.5)
        send(page)
        is_waiting(page)
        page.reload()
        is_waiting(page)
        page.context.set_offline(False)
        is_thanked(page)

    assert len(answers_of(service, link)) == 4


def test_a_reload_while_the_service_is_too_busy_keeps_form_and_marks(
    service: Service, chromium: Browser
) -> None:
    link = a_link(service, session_number=7)
    with opened(chromium, "phone") as one:
        page = one.page
        visit(page, link)
        until_kept(page)
        mark(page, 0, 0.5)
        page.context.route("**/form/*", lambda route: route.fulfill(status=503, body="busy"))
        page.reload()
        expect(page.locator(".mark").first).to_be_visible()
        page.context.unroute("**/form/*")
        page.reload()
        expect(page.locator(".mark").first).to_be_visible()


def test_a_reload_without_a_network_keeps_the_language_that_was_chosen(
    service: Service, chromium: Browser
) -> None:
    with opened(chromium, "phone") as one:
        page = one.page
        visit(page, a_link(service))
        until_kept(page)
        page.locator("#language").select_option("ar")
        expect(page.get_by_role("button", name="إرسال")).to_be_visible()
        page.context.set_offline(True)
        page.reload()
        expect(page.get_by_role("button", name="إرسال")).to_be_visible()


def test_a_browser_without_newer_functions_sends(service: Service, chromium: Browser) -> None:
    link = a_link(service, session_number=8)
    with opened(chromium, "tablet") as one:
        # As Safari 15, which clinics' older tablets have.
        one.page.add_init_script("delete AbortSignal.timeout; delete Map.groupBy")
        visit(one.page, link)
        mark_all(one.page)
        send(one.page)
        is_thanked(one.page)

    assert len(answers_of(service, link)) == 4


@pytest.mark.parametrize("status", [200, 403, 511])
def test_what_a_network_answers_for_the_service_ends_no_waiting(
    service: Service, chromium: Browser, status: int
) -> None:
    link = a_link(service, another_session=True)
    with opened(chromium, "phone") as one:
        page = one.page
        visit(page, link)
        mark_all(page)
        log_in = {"status": status, "body": "<h1>Log in to this network</h1>"}
        page.route(
            "**/form/*", lambda r: r.fulfill(**log_in) if r.request.method == "POST" else r.continue_()
        )
        send(page)
        is_waiting(page)
        page.unroute("**/form/*")
        is_thanked(page)

    assert len(answers_of(service, link)) == 4


def test_an_answer_that_was_lost_on_its_way_back_is_sent_again_and_stored_once(
    service: Service, chromium: Browser
) -> None:
    link = a_link(service, session_number=3)
    with opened(chromium, "phone") as one:
        page = one.page
        visit(page, link)
        mark_all(page)
        lost = []

        def lose_first(route):
            if route.request.method == "POST" and not lost:
                lost.append(route.fetch())
                route.abort()
            else:
                route.continue_()

        page.route("**/form/*", lose_first)
        send(page)
        is_thanked(page)

    assert [one.status for one in lost] == [200]
    response = outcome(service, link)["responses"]["srs-3"]["response"]
    found = httpx.get(f"{service.fhir}/QuestionnaireResponse/{response}/_history", timeout=30).json()
    assert found["total"] == 1


def test_a_refresh_keeps_the_marks(service: Service, chromium: Browser) -> None:
    with opened(chromium, "phone") as one:
        visit(one.page, a_link(service))
        mark(one.page, 0, 0.5)
        one.page.reload()
        expect(one.page.locator(".mark").first).to_be_visible()
        expect(one.page.locator(".mark").nth(1)).to_be_hidden()


def test_after_thanks_neither_reload_nor_back_shows_an_answer(service: Service, chromium: Browser) -> None:
    link = a_link(service, layout="one-each", session_number=4)
    with opened(chromium, "phone") as one:
        page = one.page
        visit(page, link)
        for _ in range(3):
            mark(page, 0, 0.5)
            page.get_by_role("button", name="Next").click()
        mark(page, 0, 0.5)
        send(page)
        is_thanked(page)
        page.go_back()
        is_thanked(page)
        page.reload()
        is_thanked(page)

        assert page.get_by_role("slider").count() == 0
        assert kept_on_device(page) == EMPTY


def test_after_an_hour_nothing_is_left_on_the_device(service: Service, chromium: Browser) -> None:
    link = a_link(service, session_number=5)
    with opened(chromium, "phone") as one:
        page = one.page
        page.clock.install()
        visit(page, link)
        mark_all(page)
        page.context.set_offline(True)
        send(page)
        is_waiting(page)
        page.clock.fast_forward("01:00:01")
        expect(page.get_by_role("heading", name="Your answers were not sent")).to_be_visible()
        kept = kept_on_device(page)

    assert (outcome(service, link)["state"], kept) == ("open", EMPTY)


def test_marks_that_nobody_sent_are_gone_after_an_hour(service: Service, chromium: Browser) -> None:
    with opened(chromium, "phone") as one:
        page = one.page
        page.clock.install()
        visit(page, a_link(service))
        mark(page, 0, 0.5)
        page.clock.fast_forward("01:00:31")
        page.wait_for_selector("main h1")
        expect(page.locator(".mark").first).to_be_hidden()


def test_the_hour_of_the_first_mark_is_that_of_all(service: Service, chromium: Browser) -> None:
    with opened(chromium, "phone") as one:
        page = one.page
        page.clock.install()
        visit(page, a_link(service))
        mark(page, 0, 0.5)
        page.clock.fast_forward("00:50:00")
        mark(page, 1, 0.5)
        page.clock.fast_forward("00:10:31")
        page.wait_for_selector("main h1")
        expect(page.locator(".mark").nth(1)).to_be_hidden()
        expect(page.locator(".mark").first).to_be_hidden()


@pytest.mark.parametrize("next_page", ["link", "kiosk"])
def test_the_next_form_or_the_kiosks_page_removes_what_was_left(
    service: Service, chromium: Browser, next_page: str
) -> None:
    first, second = a_link(service), a_link(service)
    with opened(chromium, "tablet") as one:
        page = one.page
        visit(page, first)
        until_kept(page)
        mark(page, 0, 0.5)
        assert "item-1" in kept_on_device(page)
        page.goto(second[next_page])
        page.wait_for_selector("main h1")
        page.wait_for_load_state("networkidle")
        left = kept_on_device(page)
        visit(page, first)
        expect(page.locator(".mark").first).to_be_hidden()

    assert "item-1" not in left
    assert first["link"] not in left


def test_a_link_that_was_revoked_meanwhile_takes_nothing_and_leaves_nothing(
    service: Service, chromium: Browser
) -> None:
    link = a_link(service, session_number=6)
    with opened(chromium, "phone") as one:
        page = one.page
        visit(page, link)
        mark_all(page)
        page.context.set_offline(True)
        send(page)
        is_waiting(page)
        httpx.post(f"{service.base_url}/v1/form-links/{link['id']}/revoke", timeout=30)
        page.context.set_offline(False)
        expect(page.get_by_role("heading", name="This link is no longer open")).to_be_visible()
        kept = kept_on_device(page)

    assert kept == EMPTY
