"""Every page of the client's form at every size and look: no serious barrier to axe-core; pictures kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.system.browser import find_barriers, keep_picture, opened
from tests.system.children import Service
from tests.system.filling import a_link, forms_served, mark, send

pytestmark = pytest.mark.browser


@dataclass(frozen=True, slots=True)
class Look:
    """One picture: which forms, on what, as whom."""

    name: str
    screen: str
    instruments: tuple[str, ...] = ("srs-3",)
    language: str = "en-GB"
    link: dict[str, Any] = field(default_factory=dict)
    emulated: dict[str, Any] = field(default_factory=dict)


DARK, MORE, FORCED = {"color_scheme": "dark"}, {"contrast": "more"}, {"forced_colors": "active"}
EACH = {"layout": "one-each"}
OWN_FORMS = ("session-check-in-client", "rupture-report-client")
LOOKS = (
    Look("srs-phone", "phone"),
    Look("srs-tablet", "tablet", language="de-DE"),
    Look("srs-desktop", "desktop"),
    Look("srs-phone-dark", "phone", emulated=DARK),
    Look("srs-phone-contrast", "phone", emulated=MORE),
    Look("srs-phone-dark-contrast", "phone", emulated=DARK | MORE),
    Look("srs-phone-forced", "phone", emulated=FORCED | {"reduced_motion": "reduce"}),
    Look("srs-phone-forced-dark", "phone", emulated=FORCED | DARK),
    Look("srs-phone-arabic", "phone", language="ar", link={"language": "ar"}),
    Look("srs-tablet-each", "tablet", link=EACH),
    Look("csrs-phone", "phone", ("csrs-child",)),
    Look("csrs-tablet-dark", "tablet", ("csrs-child",), emulated=DARK),
    Look("wai-phone-each", "phone", ("wai-sr-client",), link=EACH),
    Look("wai-desktop-each-dark", "desktop", ("wai-sr-client",), link=EACH, emulated=DARK),
    Look("seq-phone-each", "phone", ("seq-5-client",), language="nl", link=EACH),
    Look("own-forms-tablet", "tablet", OWN_FORMS),
    Look("own-forms-phone-dark", "phone", OWN_FORMS, emulated=DARK),
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with forms_served(tmp_path_factory.mktemp("screens")) as started:
        yield started


def touch(page: Page) -> None:
    """Answer some of what is on the screen, so that the picture shows both."""
    lines = page.get_by_role("slider").count()
    for place, share in enumerate((0.82, 0.6, 0.93)[:lines]):
        mark(page, place, share)
    for group in page.get_by_role("radiogroup").all()[:3]:
        group.locator("label").nth(1).click()


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_a_form_has_no_barriers(service: Service, chromium: Browser, look: Look) -> None:
    link = a_link(service, *look.instruments, **look.link)
    with opened(chromium, look.screen, language=look.language, **look.emulated) as one:
        one.page.goto(link["link"])
        one.page.wait_for_selector("main h1")
        touch(one.page)
        keep_picture(one.page, f"form-{look.name}")

        assert find_barriers(one.page) == []
        assert one.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert one.faults == []


def test_at_twice_the_size_of_type_nothing_is_cut_off(service: Service, chromium: Browser) -> None:
    with opened(chromium, "phone") as one:
        one.page.goto(a_link(service)["link"])
        one.page.wait_for_selector("main h1")
        one.page.evaluate("document.documentElement.style.fontSize = '225%'")
        touch(one.page)
        keep_picture(one.page, "form-srs-phone-large")

        assert one.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("screen", ["phone", "tablet"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_other_page_has_no_barriers(
    service: Service, chromium: Browser, screen: str, scheme: Any
) -> None:
    barriers = []
    with opened(chromium, screen, color_scheme=scheme) as one:
        page = one.page

        def look_at(name: str) -> None:
            page.wait_for_selector("main h1")
            keep_picture(page, f"form-{name}-{screen}-{scheme}")
            barriers.extend(find_barriers(page))

        link = a_link(service, another_session=True)
        page.goto(link["kiosk"])
        look_at("kiosk")
        page.goto(link["link"])
        page.wait_for_selector("main h1")
        send(page)
        look_at("nothing-answered")
        mark(page, 0, 0.4)
        page.context.set_offline(True)
        send(page)
        send(page)
        page.get_by_role("heading", name="Waiting for a connection").wait_for()
        look_at("waiting")
        page.context.set_offline(False)
        page.get_by_role("heading", name="Thank you").wait_for()
        look_at("thanks")
        page.reload()
        look_at("used")
        page.goto(f"{service.base_url}/form/{'x' * 43}")
        look_at("unknown")

    assert barriers == []
