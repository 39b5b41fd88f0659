"""A service whose forms a browser fills: links to them, and hands on lines and choices."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.demo_clinic.wording import write_wording
from tests.system.children import Service
from tests.system.waiting import wait_until

WORDED = ("srs-3", "csrs-child", "wai-sr-client", "seq-5-client")
ANNA = {"patient": "Patient/anna", "therapist": "Practitioner/ada"}
MARKS = (0.86, 0.62, 0.93, 0.7)
# Made up; none is a translation of the measure. There are no words of ours in Turkish.
ARABIC = {
    "item-1": ("كيف شعرت بأنك مسموع؟", "أبدًا", "تمامًا"),
    "item-2": ("هل تحدثنا عمّا يهمك؟", "قليلًا", "كثيرًا"),
    "item-3": ("هل تناسبك طريقة العمل؟", "لا تناسبني", "تناسبني"),
    "item-4": ("كيف كانت الجلسة إجمالًا؟", "ناقصة", "كاملة"),
}

TURKISH = {
    "item-1": ("Duyuldum mu?", "hiç", "tamamen"),
    "item-2": ("Konular uygun muydu?", "az", "çok"),
    "item-3": ("Yol uygun muydu?", "uymuyor", "uyuyor"),
    "item-4": ("Genel olarak nasil?", "eksik", "tam"),
}


@contextmanager
def forms_served(folder: Path, ehr_base_url: str = "http://127.0.0.1:9/fhir") -> Iterator[Service]:
    """Run a service with made-up wording in seven languages; without more, its EHR is never there."""
    wording = write_wording(folder, WORDED)
    for language, words in (("ar", ARABIC), ("tr", TURKISH)):
        (wording / "default" / f"srs-3.{language}.toml").write_text(_file_of(words), encoding="utf-8")
    with Service(folder, ehr_base_url=ehr_base_url, ehr_name="ehr", wording_dir=str(wording)) as service:
        yield service


def _file_of(words: Mapping[str, tuple[str, str, str]]) -> str:
    items = "\n".join(f'{key} = "{text}"' for key, (text, _, _) in words.items())
    ends = [f'[anchors.{key}]\nlower = "{one}"\nupper = "{two}"' for key, (_, one, two) in words.items()]
    head = 'version = "1.0.0"\ntitle = "SRS"\ncopyright = "Made up."\n[items]'
    return "\n".join((head, items, *ends))


def a_link(service: Service, *instruments: str, **changes: Any) -> dict[str, Any]:
    body = ANNA | {"instruments": instruments or ["srs-3"]} | changes
    answer = httpx.post(f"{service.base_url}/v1/form-links", json=body, timeout=30)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    return dict(answer.json())


def outcome(service: Service, link: dict[str, Any]) -> dict[str, Any]:
    """Return the link as it stands."""
    return dict(httpx.get(f"{service.base_url}/v1/form-links/{link['id']}", timeout=30).json())


def answers_of(service: Service, link: dict[str, Any], instrument: str = "srs-3") -> dict[str, Any]:
    """Return the answers that were recorded, by link id."""
    response = outcome(service, link)["responses"][instrument]["response"]
    return dict(httpx.get(f"{service.base_url}/v1/responses/{response}", timeout=30).json()["answers"])


def visit(page: Page, link: dict[str, Any]) -> None:
    page.goto(link["link"])
    page.wait_for_selector("main h1")


def mark(page: Page, place: int, share: float, *, tap: bool = False) -> None:
    """Touch a line at a share of its length, from its left end."""
    line = page.locator(".line").nth(place)
    line.scroll_into_view_if_needed()
    box = line.locator(".stroke").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * share, box["y"] + box["height"] / 2
    if tap:
        page.touchscreen.tap(x, y)
    else:
        page.mouse.click(x, y)


def mark_all(page: Page) -> None:
    for place, share in enumerate(MARKS):
        mark(page, place, share)


def send(page: Page) -> None:
    page.locator("#send").click()


def is_thanked(page: Page) -> None:
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


def kept_on_device(page: Page) -> str:
    """Return all that the device keeps: the answers, and the page."""
    return str(
        page.evaluate(
            "async () => JSON.stringify(localStorage)"
            " + JSON.stringify((await (await caches.open('form-page')).keys()).map(one => one.url))"
        )
    )


def until_kept(page: Page) -> None:
    """Wait until the page can be loaded again without a network."""
    # Asked again and again: a promise alone would count as an answer to Playwright's own waiting.
    is_kept = "async () => Boolean(navigator.serviceWorker.controller)"
    is_kept += " && (await (await caches.open('form-page')).keys()).length > 0"
    wait_until(lambda: page.evaluate(is_kept), seconds=20, what="the page to be kept", every=0.05)
