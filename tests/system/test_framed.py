"""The clinician's page in a frame of the EHR's: a real frame, of another site, signed in at a real Keycloak.

The EHR's pages and its sign-in are of one site (127.0.0.1), as those of an EHR are; the service is of another
(localhost), so that its cookies are third-party ones there.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.demo_clinic.processes import free_port
from tests.system.browser import keep_picture, opened
from tests.system.children import Service
from tests.system.framing import REFUSED, a_framing_page, framed
from tests.system.identity import Idp
from tests.system.launching import a_launching_ehr
from tests.system.test_callers import AUDIENCE, NO_EHR, a_system, call
from tests.system.waiting import wait_until

pytestmark = [pytest.mark.idp, pytest.mark.browser]

TOTALS = (37.2, 36.8, 37.5, 37.0, 36.9, 37.3, 27.0)


@pytest.fixture(scope="module")
def chart() -> Iterator[str]:
    """The origin of the EHR's pages, which may frame ours."""
    with a_framing_page() as origin:
        yield origin


@pytest.fixture(scope="module")
def launching(idp: Idp) -> Iterator[str]:
    with a_launching_ehr(idp) as base:
        yield base


@pytest.fixture(scope="module")
def site(idp: Idp, chart: str, launching: str, tmp_path_factory: Any) -> Iterator[str]:
    """The public base of a service that knows a course of Anna's with a dip."""
    port = free_port(0)
    site = f"http://localhost:{port}"
    settings = {
        "public_base_url": site,
        "token_issuer": idp.issuer,
        "token_audience": AUDIENCE,
        "launch_iss": launching,
        "launch_client_id": "alliance-launched",
        "sign_in_hosts": idp.issuer.split("/")[2],
        "frame_ancestors": chart,
    }
    folder = tmp_path_factory.mktemp("framed")
    with Service(folder, ehr_base_url=NO_EHR, ehr_name="ehr", port=port, **settings) as started:
        for number, total in enumerate(TOTALS, start=1):
            when = datetime.now(UTC) - timedelta(weeks=len(TOTALS) - number, hours=1)
            body = {
                "instrument": "srs-3",
                "patient": "Patient/anna",
                "therapist": "Practitioner/ada",
                "session_number": number,
                "authored": when.isoformat(),
                "identifier": f"urn:framed|{number}",
                "scores": {"total": total},
            }
            answer = call(started, "POST", "/v1/responses", a_system(idp), json=body)
            assert answer.status_code == 201, answer.text
        yield site


def sign_in_at_the_ehr(page: Page, idp: Idp, site: str, launching: str) -> None:
    """Sign in where the EHR's people do, in a page of its own, and forget what the service kept of it."""
    page.goto(f"{site}/launch?{urlencode({'iss': launching, 'launch': 'l-1'})}")
    page.fill("#username", "dr.ada")
    page.fill("#password", "ada")
    page.click("#kc-login")
    page.wait_for_url("**/clinician/patients/anna")
    page.context.clear_cookies(domain="localhost")


def show(page: Page, origin: str, address: str) -> None:
    """Open the EHR's page with this address in its frame."""
    page.goto(f"{origin}/?{urlencode({'shows': address})}")
    page.wait_for_load_state("networkidle")


def launch_address(site: str, launching: str) -> str:
    return f"{site}/launch?{urlencode({'iss': launching, 'launch': 'l-2'})}"


def test_in_the_ehrs_frame_a_launch_lets_in_and_an_alert_is_taken(
    chromium: Browser, idp: Idp, chart: str, site: str, launching: str
) -> None:
    with opened(chromium, "desktop") as shown:
        page = shown.page
        sign_in_at_the_ehr(page, idp, site, launching)
        show(page, chart, launch_address(site, launching))
        inside = framed(page)
        expect(inside.get_by_role("heading", name="Alliance with patient anna")).to_be_visible()
        assert inside.url == f"{site}/clinician/patients/anna"
        inside.get_by_role("button", name="I have seen it and look into it").click()
        expect(inside.get_by_role("status")).to_have_text("Kept.")
        keep_picture(page, "clinician-framed")
        own = [one for one in page.context.cookies() if one["name"] == "__Host-alliance"]

    assert [(one["sameSite"], one["secure"], one["httpOnly"]) for one in own] == [("None", True, True)]
    assert [one.get("partitionKey") for one in own] == ["http://127.0.0.1"]
    assert shown.faults == []


def test_a_page_that_is_not_listed_cannot_frame_it(
    chromium: Browser, idp: Idp, chart: str, site: str, launching: str
) -> None:
    with a_framing_page() as stranger, opened(chromium, "desktop") as shown:
        page = shown.page
        sign_in_at_the_ehr(page, idp, site, launching)
        show(page, stranger, launch_address(site, launching))
        wait_until(lambda: framed(page).url == REFUSED, seconds=20, what="the frame to be refused")

    assert any("frame-ancestors" in one for one in shown.faults)


def test_the_clients_form_lets_nobody_frame_it(chromium: Browser, chart: str, site: str) -> None:
    with opened(chromium, "desktop") as shown:
        show(shown.page, chart, f"{site}/form/kiosk")
        wait_until(lambda: framed(shown.page).url == REFUSED, seconds=20, what="the frame to be refused")


def test_where_the_ehr_knows_nobody_yet_its_own_sign_in_refuses_the_frame(
    chromium: Browser, chart: str, site: str, launching: str
) -> None:
    with opened(chromium, "desktop") as shown:
        show(shown.page, chart, launch_address(site, launching))
        wait_until(lambda: framed(shown.page).url == REFUSED, seconds=20, what="the frame to be refused")


def test_a_page_of_another_frame_takes_no_cookie_along(
    chromium: Browser, idp: Idp, chart: str, site: str, launching: str
) -> None:
    with opened(chromium, "desktop") as shown:
        page = shown.page
        sign_in_at_the_ehr(page, idp, site, launching)
        show(page, chart, launch_address(site, launching))
        expect(framed(page).get_by_role("heading", name="Alliance with patient anna")).to_be_visible()
        page.goto(f"{site}/clinician/patients/anna")
        expect(page.get_by_role("heading", name="Please sign in")).to_be_visible()
