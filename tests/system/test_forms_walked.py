"""People go to and fro in a form: to what they left blank, back and on, and away from a shared tablet."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.system.browser import find_barriers, keep_picture, opened
from tests.system.children import Service
from tests.system.filling import (
    a_link,
    answers_of,
    forms_served,
    is_thanked,
    kept_on_device,
    mark,
    outcome,
    send,
    visit,
)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with forms_served(tmp_path_factory.mktemp("walked")) as started:
        yield started


def answer_all_but(page: Page, *blank: int) -> None:
    for number, group in enumerate(page.get_by_role("radiogroup").all(), 1):
        if number not in blank:
            group.get_by_role("radio", name="Very often").check()


def walk_to(page: Page, number: int) -> None:
    for _ in range(1, number):
        page.get_by_role("radio", name="Very often").check()
        page.get_by_role("button", name="Next").click()
    at(page, number)


def at(page: Page, number: int) -> None:
    expect(page.get_by_text(f"Question {number} of 12")).to_be_visible()


def test_blank_questions_are_named_and_lead_to_themselves(service: Service, chromium: Browser) -> None:
    link = a_link(service, "wai-sr-client", session_number=1)
    with opened(chromium, "phone") as one:
        page = one.page
        visit(page, link)
        answer_all_but(page, 3, 8)
        send(page)
        expect(page.locator(".blank")).to_have_count(2)
        expect(page.get_by_role("button", name="Send it as it is")).to_be_in_viewport(ratio=1)
        keep_picture(page, "form-wai-phone-blanks")
        assert find_barriers(page) == []
        page.get_by_role("status").get_by_role("button").nth(1).tap()
        question = page.get_by_role("radiogroup").nth(7)
        expect(question).to_be_in_viewport()
        expect(question.get_by_role("radio").first).to_be_focused()
        page.keyboard.press("Space")
        expect(page.locator(".blank")).to_have_count(1)
        send(page)
        send(page)
        is_thanked(page)

    assert len(answers_of(service, link, "wai-sr-client")) == 11


def test_a_screen_each_leads_to_its_blank_question(service: Service, chromium: Browser) -> None:
    link = a_link(service, "wai-sr-client", layout="one-each", session_number=2)
    with opened(chromium, "phone") as one:
        page = one.page
        visit(page, link)
        page.get_by_role("button", name="Next").click()
        for _ in range(10):
            page.get_by_role("radio", name="Very often").check()
            page.get_by_role("button", name="Next").click()
        page.get_by_role("radio", name="Very often").check()
        send(page)
        page.get_by_role("status").get_by_role("button").click()
        at(page, 1)
        expect(page.get_by_role("radio").first).to_be_focused()


def test_a_double_tap_is_no_yes_to_blanks(service: Service, chromium: Browser) -> None:
    link = a_link(service, session_number=3)
    with opened(chromium, "phone") as one:
        page = one.page
        visit(page, link)
        mark(page, 0, 0.5)
        page.evaluate("const tap = () => document.getElementById('send').click(); tap(); tap()")
        expect(page.get_by_role("button", name="Send it as it is")).to_be_enabled()

    assert outcome(service, link)["state"] == "open"


def test_reloads_and_languages_add_nothing_to_the_way_back(service: Service, chromium: Browser) -> None:
    with opened(chromium, "phone") as one:
        page = one.page
        visit(page, a_link(service, "wai-sr-client", layout="one-each"))
        walk_to(page, 3)
        before = page.evaluate("history.length")
        page.reload()
        at(page, 3)
        page.locator("#language").select_option("de")
        expect(page.get_by_text("Frage 3 von 12")).to_be_visible()
        after = page.evaluate("history.length")
        for number in (2, 1):
            page.go_back()
            expect(page.get_by_text(f"Frage {number} von 12")).to_be_visible()
        page.reload()
        expect(page.get_by_text("Frage 1 von 12")).to_be_visible()

    assert after == before


def test_back_puts_the_focus_where_it_is_answered(service: Service, chromium: Browser) -> None:
    with opened(chromium, "phone") as one:
        page = one.page
        visit(page, a_link(service, "wai-sr-client", layout="one-each"))
        walk_to(page, 3)
        page.get_by_role("button", name="Back").click()
        at(page, 2)
        expect(page.get_by_role("radio").first).to_be_focused()


def opened_by_code(page: Page, link: dict[str, str]) -> None:
    page.goto(link["kiosk"])
    page.get_by_label("Your code, please").fill(link["code"])
    page.keyboard.press("Enter")
    page.get_by_role("slider").first.wait_for()


def test_a_tablet_that_was_left_asks_and_then_forgets(service: Service, chromium: Browser) -> None:
    with opened(chromium, "tablet") as one:
        page = one.page
        page.clock.install()
        opened_by_code(page, a_link(service))
        mark(page, 0, 0.5)
        page.clock.fast_forward("00:04:10")
        expect(page.get_by_role("alert")).to_contain_text("Are you still there?")
        keep_picture(page, "form-idle-tablet")
        assert find_barriers(page) == []
        page.clock.fast_forward("00:01:00")
        expect(page).to_have_url(re.compile("/form/kiosk$"))
        page.get_by_label("Your code, please").wait_for()
        kept = kept_on_device(page)

    assert "item-1" not in kept


def test_a_touch_keeps_the_form_of_a_tablet_open(service: Service, chromium: Browser) -> None:
    with opened(chromium, "tablet") as one:
        page = one.page
        page.clock.install()
        opened_by_code(page, a_link(service))
        page.clock.fast_forward("00:04:10")
        expect(page.get_by_role("alert")).to_be_visible()
        mark(page, 0, 0.5)
        expect(page.get_by_role("alert")).to_have_count(0)
        page.clock.fast_forward("00:02:00")
        expect(page.locator(".mark").first).to_be_visible()
