"""People fill forms: by finger, mouse, keyboard and screen reader, on phones and a shared tablet."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.system.browser import opened
from tests.system.children import SandboxEhr, Service
from tests.system.filling import (
    MARKS,
    a_link,
    answers_of,
    forms_served,
    is_thanked,
    mark,
    mark_all,
    outcome,
    send,
    visit,
)
from tests.system.waiting import wait_until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with forms_served(tmp_path_factory.mktemp("forms")) as started:
        yield started


def test_four_marks_are_recorded_to_the_millimetre(service: Service, chromium: Browser) -> None:
    link = a_link(service, session_number=1)
    with opened(chromium, "desktop") as one:
        visit(one.page, link)
        mark_all(one.page)
        send(one.page)
        is_thanked(one.page)

    recorded = answers_of(service, link)
    assert [recorded[f"item-{place}"] for place in range(1, 5)] == pytest.approx(
        [share * 10 for share in MARKS], abs=0.11
    )
    assert all(round(one, 1) == one for one in recorded.values())
    assert one.faults == []


def test_a_finger_marks_a_line_and_a_drag_moves_the_mark(service: Service, chromium: Browser) -> None:
    link = a_link(service, session_number=2)
    with opened(chromium, "phone") as one:
        visit(one.page, link)
        mark(one.page, 0, 0.2, tap=True)
        mark(one.page, 1, 0.1)
        one.page.mouse.down()
        box = one.page.locator(".stroke").nth(1).bounding_box()
        one.page.mouse.move(box["x"] + box["width"] * 0.9, box["y"], steps=4)
        one.page.mouse.up()
        send(one.page)
        send(one.page)  # as it is, with two lines unmarked
        is_thanked(one.page)

    recorded = answers_of(service, link)
    assert list(recorded) == ["item-1", "item-2"]
    assert list(recorded.values()) == pytest.approx([2.0, 9.0], abs=0.11)


def fingers(page: Page, *places: tuple[float, float]) -> None:
    """Put a finger down at the first place, move it over the others and lift it."""
    touches = page.context.new_cdp_session(page)
    for number, (x, y) in enumerate(places):
        kind = "touchMove" if number else "touchStart"
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    touches.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_finger_drags_sideways_and_scrolls_up_and_down(service: Service, chromium: Browser) -> None:
    with opened(chromium, "phone") as one:
        page = one.page
        visit(page, a_link(service))
        box = page.locator(".stroke").first.bounding_box()
        left, line = box["x"], box["y"]
        fingers(page, *((left + box["width"] * share, line) for share in (0.2, 0.4, 0.6, 0.8)))
        told = page.get_by_role("slider").first.get_attribute("aria-valuetext")
        second = page.locator(".stroke").nth(1).bounding_box()
        middle = second["x"] + second["width"] / 2
        fingers(page, *((middle, second["y"] - far) for far in range(0, 300, 20)))
        expect(page.locator(".mark").nth(1)).to_be_hidden()

    assert told == "80 percent of the way from “not at all” to “fully”"


def test_a_drag_beyond_the_end_is_the_end(service: Service, chromium: Browser) -> None:
    link = a_link(service, session_number=3)
    with opened(chromium, "desktop") as one:
        visit(one.page, link)
        for place, share in enumerate((-0.03, 1.03, 0, 1)):
            mark(one.page, place, share)
        send(one.page)
        is_thanked(one.page)

    assert list(answers_of(service, link).values()) == [0, 10, 0, 10]


def test_keys_alone_fill_and_send_a_form(service: Service, chromium: Browser) -> None:
    link = a_link(service, session_number=4)
    with opened(chromium, "desktop") as one:
        page = one.page
        visit(page, link)
        page.locator("#language").focus()
        for keys in (["ArrowRight", "ArrowRight"], ["End"], ["Home"], ["Space", "PageDown", "ArrowUp"]):
            page.keyboard.press("Tab")
            while page.evaluate("document.activeElement.type") != "range":
                page.keyboard.press("Tab")
            for key in keys:
                page.keyboard.press(key)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        is_thanked(page)

    assert list(answers_of(service, link).values()) == [5.1, 10, 0, 4.1]


def test_a_screen_reader_moves_the_browsers_own_slider(service: Service, chromium: Browser) -> None:
    with opened(chromium, "tablet") as one:
        page = one.page
        visit(page, a_link(service))
        slider = page.locator("input[type=range]").first
        told = []
        # By a twentieth from the middle, as a swipe does; the first one makes the mark.
        for moved_to in ("55", "60"):
            slider.fill(moved_to)
            told.append(slider.get_attribute("aria-valuetext"))

    assert [text.split(" of ")[0] for text in told] == ["50 percent", "60 percent"]


def test_a_line_has_no_mark_and_no_number_before_it_is_touched(service: Service, chromium: Browser) -> None:
    with opened(chromium, "desktop") as one:
        visit(one.page, a_link(service))
        line = one.page.get_by_role("slider", name="Heard and respected")
        expect(one.page.locator(".mark").first).to_be_hidden()
        expect(line).to_have_attribute("aria-valuetext", "No mark yet")
        mark(one.page, 0, 0.75)
        expect(one.page.locator(".mark").first).to_be_visible()
        expect(line).to_have_attribute("aria-valuetext", "75 percent of the way from “not at all” to “fully”")
        shown = one.page.locator("main").inner_text()

    assert not any(letter.isdigit() for letter in shown.replace("version 3", ""))


def test_a_mark_can_be_removed(service: Service, chromium: Browser) -> None:
    with opened(chromium, "desktop") as one:
        visit(one.page, a_link(service))
        mark(one.page, 0, 0.75)
        one.page.get_by_role("button", name="Clear").click()
        expect(one.page.locator(".mark").first).to_be_hidden()
        expect(one.page.get_by_role("slider").first).to_be_focused()


def test_nothing_moves_when_a_mark_is_set(service: Service, chromium: Browser) -> None:
    with opened(chromium, "phone") as one:
        visit(one.page, a_link(service))
        boxes = [one.page.locator(".stroke").nth(place).bounding_box() for place in range(4)]
        mark(one.page, 0, 0.5)
        after = [one.page.locator(".stroke").nth(place).bounding_box() for place in range(4)]

    assert after == boxes


def test_an_empty_form_is_not_sent_and_blanks_are_asked_about_once(
    service: Service, chromium: Browser
) -> None:
    link = a_link(service, session_number=5)
    with opened(chromium, "phone") as one:
        visit(one.page, link)
        send(one.page)
        expect(one.page.get_by_role("status")).to_have_text("There is no answer yet.")
        mark(one.page, 0, 0.5)
        send(one.page)
        expect(one.page.get_by_role("button", name="Send it as it is")).to_be_visible()
        assert outcome(service, link)["state"] == "open"
        send(one.page)
        is_thanked(one.page)

    assert list(answers_of(service, link)) == ["item-1"]


def test_a_double_tap_sends_once(service: Service, chromium: Browser) -> None:
    link = a_link(service, session_number=6)
    with opened(chromium, "phone") as one:
        visit(one.page, link)
        sent = []
        one.page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
        mark_all(one.page)
        one.page.locator("#send").dblclick()
        is_thanked(one.page)

    assert len(sent) == 1


def test_a_question_each_is_walked_forth_and_back(service: Service, chromium: Browser) -> None:
    link = a_link(service, "wai-sr-client", layout="one-each", session_number=7)
    with opened(chromium, "phone") as one:
        page = one.page
        visit(page, link)
        for number in range(1, 13):
            expect(page.get_by_text(f"Question {number} of 12")).to_be_visible()
            page.get_by_role("radio", name="Very often").check()
            if number == 3:
                page.go_back()
                expect(page.get_by_text("Question 2 of 12")).to_be_visible()
                expect(page.get_by_role("radio", name="Very often")).to_be_checked()
                page.get_by_role("button", name="Next").click()
            if number < 12:
                page.get_by_role("button", name="Next").click()
        page.get_by_role("button", name="Back").click()
        page.get_by_role("button", name="Next").click()
        send(page)
        is_thanked(page)

    assert answers_of(service, link, "wai-sr-client") == {f"item-{n}": 4 for n in range(1, 13)}


def test_a_question_opens_by_an_answer_and_closes_with_it(service: Service, chromium: Browser) -> None:
    link = a_link(service, "session-check-in-client", "rupture-report-client", session_number=8)
    with opened(chromium, "tablet") as one:
        page = one.page
        visit(page, link)
        hidden = page.get_by_role("radiogroup", name="How strong was it?")
        expect(hidden).to_be_hidden()
        strain = page.get_by_role("radiogroup", name="Was there any tension")
        strain.get_by_text("Yes").click()
        hidden.get_by_text("4").click()
        strain.get_by_text("No").click()
        expect(hidden).to_be_hidden()
        page.get_by_role("textbox", name="How did the session feel for you?").fill("Calm, <then> sad")
        page.get_by_role("radiogroup", name="How well did you feel understood?").get_by_text("10").click()
        page.get_by_role("radiogroup", name="Are we on the right track?").get_by_text("Partly").click()
        send(page)
        is_thanked(page)

    assert answers_of(service, link, "rupture-report-client") == {"happened": False}
    assert answers_of(service, link, "session-check-in-client") == {
        "felt": "Calm, <then> sad",
        "understood": 10,
        "on-track": "partly",
    }


def test_from_right_to_left_a_line_begins_at_the_right(service: Service, chromium: Browser) -> None:
    link = a_link(service, language="ar", session_number=9)
    with opened(chromium, "phone", language="ar") as one:
        visit(one.page, link)
        mark(one.page, 0, 0.2)
        one.page.get_by_role("slider").nth(1).focus()
        for key in ("Space", "ArrowLeft", "ArrowLeft"):
            one.page.keyboard.press(key)
        send(one.page)
        send(one.page)
        expect(one.page.get_by_role("heading", name="شكرًا")).to_be_visible()

    assert list(answers_of(service, link).values()) == pytest.approx([8.0, 5.2], abs=0.11)


def test_another_language_is_chosen_and_the_marks_stay(service: Service, chromium: Browser) -> None:
    link = a_link(service, session_number=10)
    with opened(chromium, "phone", language="fr-CH") as one:
        page = one.page
        visit(page, link)
        expect(page.get_by_role("button", name="Envoyer")).to_be_visible()
        mark(page, 0, 0.5)
        page.locator("#language").select_option("de")
        expect(page.get_by_role("button", name="Absenden")).to_be_visible()
        expect(page.locator(".mark").first).to_be_visible()


def test_a_language_without_words_of_ours_is_chosen_and_left(service: Service, chromium: Browser) -> None:
    with opened(chromium, "phone", language="tr-TR") as one:
        page = one.page
        visit(page, a_link(service))
        chosen = page.locator("#language option:checked")
        expect(chosen).to_have_text("Türkçe")
        expect(page.get_by_role("heading", name="Duyuldum mu?")).to_be_visible()
        page.locator("#language").select_option("en")
        expect(page.get_by_role("heading", name="Heard and respected")).to_be_visible()
        page.locator("#language").select_option(label="Türkçe")
        expect(page.get_by_role("heading", name="Duyuldum mu?")).to_be_visible()


def test_a_code_at_a_kiosk_opens_the_form_and_leads_back(service: Service, chromium: Browser) -> None:
    link = a_link(service, session_number=11)
    with opened(chromium, "tablet") as one:
        page = one.page
        page.goto(link["kiosk"])
        page.get_by_label("Your code, please").fill("bcdfghjk")
        page.get_by_role("button", name="Open the form").click()
        expect(page.get_by_role("alert")).to_contain_text("No form opens")
        page.get_by_label("Your code, please").fill(link["code"].lower())
        page.keyboard.press("Enter")
        page.get_by_role("slider").first.wait_for()
        mark_all(page)
        send(page)
        is_thanked(page)
        page.get_by_role("button", name="For the next person").click()
        expect(page.get_by_label("Your code, please")).to_be_focused()
        page.go_back()
        expect(page.get_by_role("slider")).to_have_count(0)

    assert outcome(service, link)["state"] == "used"


def test_what_a_client_marks_arrives_in_the_ehr(
    tmp_path_factory: pytest.TempPathFactory, chromium: Browser
) -> None:
    folder = tmp_path_factory.mktemp("whole")
    with SandboxEhr(folder, surface="everything") as ehr, forms_served(folder, ehr.fhir) as own:
        for kind, name in (("Patient", "anna"), ("Practitioner", "ada")):
            person = {"resourceType": kind, "id": name}
            httpx.put(f"{ehr.fhir}/{kind}/{name}", json=person, timeout=10).raise_for_status()
        link = a_link(own, session_number=1)
        with opened(chromium, "tablet") as one:
            visit(one.page, link)
            mark_all(one.page)
            send(one.page)
            is_thanked(one.page)
        arrived = f"{ehr.fhir}/QuestionnaireResponse?subject=Patient/anna"
        wait_until(lambda: total(arrived) == 1, seconds=60, what="the response to arrive in the EHR")


def total(search: str) -> int:
    return int(httpx.get(search, timeout=10).json().get("total", 0))
