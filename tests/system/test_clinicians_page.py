"""The clinician's page in a real Chromium: people sign in at a real Keycloak, alone and by a launch."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.system.browser import SCREENS, find_barriers, keep_picture, opened
from tests.system.children import Service
from tests.system.identity import Idp
from tests.system.launching import a_launching_ehr, sign_in
from tests.system.test_callers import AUDIENCE, NO_EHR, a_system, call
from tests.system.waiting import wait_until

pytestmark = [pytest.mark.idp, pytest.mark.browser]

TOTALS = (37.2, 36.8, 37.5, 37.0, 36.9, 37.3, 27.0)


@pytest.fixture(scope="module")
def ehr(idp: Idp) -> Iterator[str]:
    with a_launching_ehr(idp) as base:
        yield base


@pytest.fixture(scope="module")
def service(idp: Idp, ehr: str, tmp_path_factory: Any) -> Iterator[Service]:
    """A service with a course of Anna's that ends in a dip, rated with Ada."""
    settings = {
        "token_issuer": idp.issuer,
        "token_audience": AUDIENCE,
        "token_supervisor_claim": "realm_access.roles",
        "sign_in_client_id": "alliance-page",
        "sign_in_client_secret": "page-secret",
        "sign_in_scopes": "fhirUser,alliance/operations.read,alliance/operations.write",
        "sign_in_hosts": idp.issuer.split("/")[2],
        "launch_iss": ehr,
        "launch_client_id": "alliance-launched",
    }
    folder = tmp_path_factory.mktemp("page")
    with Service(folder, ehr_base_url=NO_EHR, ehr_name="ehr", **settings) as started:
        for number, total in enumerate(TOTALS, start=1):
            answer = call(started, "POST", "/v1/responses", a_system(idp), json=a_rating(number, total))
            assert answer.status_code == 201, answer.text
        yield started


def a_rating(number: int, total: float) -> dict[str, Any]:
    return {
        "instrument": "srs-3",
        "patient": "Patient/anna",
        "therapist": "Practitioner/ada",
        "session_number": number,
        "authored": (datetime.now(UTC) - timedelta(weeks=len(TOTALS) - number, hours=1)).isoformat(),
        "identifier": f"urn:page|{number}",
        "scores": {"total": total},
    }


def test_a_therapist_signs_in_moves_the_alert_and_signs_out(chromium: Browser, service: Service) -> None:
    with opened(chromium, "desktop") as shown:
        page = shown.page
        sign_in(page, f"{service.base_url}/clinician/sign-in?to=/clinician/patients/anna")
        assert page.url == f"{service.base_url}/clinician/patients/anna"
        page.get_by_role("button", name="I have seen it and look into it").click()
        page.get_by_role("button", name="Validated").click()
        assert page.get_by_role("status").inner_text() == "Kept."
        assert page.locator(".step.done").count() == 2
        cookies = {one["name"]: one for one in page.context.cookies()}
        page.get_by_role("button", name="Sign out").click()
        page.goto(f"{service.base_url}/clinician/patients/anna")
        assert page.get_by_role("heading", name="Please sign in").is_visible()

    own = cookies["__Host-alliance"]
    assert (own["httpOnly"], own["secure"], own["sameSite"]) == (True, True, "Lax")
    assert not [name for name in cookies if name.startswith("__Host-alliance-begun")]


def test_an_ehr_launches_the_page_of_its_patient(chromium: Browser, service: Service, ehr: str) -> None:
    with opened(chromium, "tablet") as shown:
        sign_in(shown.page, f"{service.base_url}/launch?iss={ehr}&launch=l-1")
        assert shown.page.url == f"{service.base_url}/clinician/patients/anna"
        assert shown.page.get_by_role("heading", name="Alliance with patient anna").is_visible()
        assert shown.page.get_by_role("link", name="Deliveries").count() == 0
        stored = shown.page.evaluate("() => JSON.stringify([localStorage, sessionStorage, document.cookie])")

    assert stored == '[{},{},""]'
    assert shown.faults == []


def test_another_therapist_does_not_see_the_patient(chromium: Browser, service: Service) -> None:
    with opened(chromium, "desktop") as shown:
        sign_in(shown.page, f"{service.base_url}/clinician/sign-in?to=/clinician/patients/anna", "bo")
        assert shown.page.get_by_role("heading", name="This page cannot be shown").is_visible()
        shown.page.goto(f"{service.base_url}/clinician")
        assert "anna" not in shown.page.content()


def test_a_supervisor_sees_the_digest_of_another(chromium: Browser, service: Service) -> None:
    with opened(chromium, "desktop") as shown:
        sign_in(shown.page, f"{service.base_url}/clinician/sign-in?to=/clinician/digest", "cy")
        shown.page.goto(f"{service.base_url}/clinician/digest?therapist=Practitioner/ada")
        assert shown.page.get_by_role("link", name="anna").count() > 0


def test_clinic_it_lands_at_the_deliveries_retries_one_and_sees_no_patient(
    chromium: Browser, service: Service
) -> None:
    with opened(chromium, "desktop") as shown:
        page = shown.page
        sign_in(page, f"{service.base_url}/clinician/sign-in", "it.di")
        assert page.url == f"{service.base_url}/clinician/deliveries"
        assert page.get_by_role("link", name="Patients").count() == 0
        page.goto(f"{service.base_url}/clinician/deliveries?state=pending")
        page.get_by_role("link", name="Form").first.click()
        page.get_by_role("button", name="Try again now").click()
        page.wait_for_url(re.compile(r"/clinician/deliveries/[^/]+$"))
        keep_picture(page, "clinician-delivery-desktop-light")
        assert find_barriers(page) == []
        assert page.get_by_role("heading", name="Form").is_visible()
        page.goto(f"{service.base_url}/clinician/patients/anna")
        assert page.get_by_text("Your sign-in does not open this page.").is_visible()
        keep_picture(page, "clinician-refused-desktop-light")

    # The browser says so of the page that was refused, and nothing else went wrong.
    assert [one for one in shown.faults if "403" not in one] == []


def test_whoever_is_neither_supervisor_nor_clinic_it_is_told_what_is_missing(
    chromium: Browser, service: Service
) -> None:
    with opened(chromium, "phone") as shown:
        page = shown.page
        sign_in(page, f"{service.base_url}/clinician/sign-in", "bo")
        assert page.get_by_role("link", name="Deliveries").count() == 0
        page.goto(f"{service.base_url}/clinician/deliveries")
        assert page.get_by_text("This needs the scope alliance/operations.read").is_visible()
        page.goto(f"{service.base_url}/clinician/digest?therapist=Practitioner/ada")
        assert page.get_by_role("heading", name="This page cannot be shown").is_visible()
        keep_picture(page, "clinician-refused-phone-light")


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_a_therapist_tells_the_end_of_a_treatment_and_takes_it_back(
    chromium: Browser, service: Service, screen: str
) -> None:
    today = datetime.now(UTC).date().isoformat()
    with opened(chromium, screen) as shown:
        page = shown.page
        sign_in(page, f"{service.base_url}/clinician/sign-in?to=/clinician/patients/anna")
        keep_picture(page, f"clinician-end-to-tell-{screen}-light")
        page.get_by_label("Last day of treatment").fill(today)
        page.get_by_label("Why", exact=True).select_option("planned")
        page.get_by_role("button", name="Note the end").click()
        assert page.get_by_role("status").inner_text() == "Kept."
        assert page.locator(".heading").get_by_text(f"Treatment ended on {today} (planned)").is_visible()
        keep_picture(page, f"clinician-end-told-{screen}-light")
        assert find_barriers(page) == []
        assert page.evaluate("() => document.documentElement.scrollWidth") <= SCREENS[screen].width
        page.get_by_role("button", name="Take the end back").click()
        assert page.get_by_text("Treatment ended on").count() == 0

    assert shown.faults == []


@pytest.mark.parametrize("screen", SCREENS)
def test_a_german_browser_is_told_in_german(chromium: Browser, service: Service, screen: str) -> None:
    with opened(chromium, screen, language="de-DE") as shown:
        page = shown.page
        sign_in(page, f"{service.base_url}/clinician/sign-in?to=/clinician/patients/anna")
        assert page.get_by_role("heading", name="Allianz mit anna").is_visible()
        for name, path in {"dyad": "/patients/anna", "caseload": "", "digest": "/digest"}.items():
            page.goto(f"{service.base_url}/clinician{path}")
            keep_picture(page, f"clinician-{name}-{screen}-german")
            assert find_barriers(page) == [], name
            assert page.evaluate("() => document.documentElement.scrollWidth") <= SCREENS[screen].width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_nobody_is_kept_out_of_any_page(
    chromium: Browser, service: Service, screen: str, scheme: Any
) -> None:
    pages = {
        "dyad": "/clinician/patients/anna",
        "caseload": "/clinician",
        "digest": "/clinician/digest",
        "deliveries": "/clinician/deliveries?state=pending",
    }
    with opened(chromium, screen, color_scheme=scheme) as shown:
        sign_in(shown.page, f"{service.base_url}/clinician/sign-in")
        for name in ("dyad", "response", "caseload", "digest", "deliveries"):
            path = pages[name]
            shown.page.goto(f"{service.base_url}{path}")
            keep_picture(shown.page, f"clinician-{name}-{screen}-{scheme}")
            assert find_barriers(shown.page) == [], name
            assert shown.page.evaluate("() => document.documentElement.scrollWidth") <= SCREENS[screen].width
            if name == "dyad":
                found = shown.page.locator('a[href^="/clinician/responses/"]').first.get_attribute("href")
                pages["response"] = str(found)
    assert shown.faults == []


def test_a_dyad_prints_on_one_page(chromium: Browser, service: Service) -> None:
    with opened(chromium, "desktop") as shown:
        sign_in(shown.page, f"{service.base_url}/clinician/sign-in?to=/clinician/patients/anna")
        printed = shown.page.pdf(prefer_css_page_size=True)
        shown.page.emulate_media(media="print")
        shown.page.set_viewport_size({"width": 703, "height": 1032})
        keep_picture(shown.page, "clinician-dyad-print")

    assert printed.count(b"/Type /Page\n") == 1


def test_the_keyboard_alone_takes_an_alert(chromium: Browser, service: Service, idp: Idp) -> None:
    with opened(chromium, "desktop") as shown:
        page = shown.page
        sign_in(page, f"{service.base_url}/clinician/sign-in?to=/clinician/patients/anna")
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("() => document.activeElement.value") == "noticed":
                break
        page.keyboard.press("Enter")
        wait_until(lambda: page.locator(".step.done").count() == 3, seconds=15, what="the step")
