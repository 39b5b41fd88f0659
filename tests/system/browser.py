"""The pages in a real Chromium, as people meet them: by size, scheme, language; axe-core; pictures kept."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.demo_clinic.processes import ROOT
from tests.system.npm_packages import Package, unpack

AXE = Package(
    "axe-core",
    "4.14.1",
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
)
PICTURES = ROOT / "build" / "screens"
# Without Chromium's own sandbox, which needs rights that a container's root lacks: only our pages are opened.
_ARGUMENTS = ("--no-sandbox", "--disable-background-networking", "--force-color-profile=srgb")
_SERIOUS = ("serious", "critical")


@dataclass(frozen=True, slots=True)
class Screen:
    """What a person looks at: the size in CSS pixels, and whether it is touched."""

    width: int
    height: int
    touch: bool = False


SCREENS: Mapping[str, Screen] = MappingProxyType(
    {
        "phone": Screen(390, 844, touch=True),
        "tablet": Screen(820, 1180, touch=True),
        "desktop": Screen(1280, 900),
    }
)


class Opened:
    """A page and what went wrong on it: script errors, refused resources, breaches of its own policy."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._note)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(message.text)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Give Debian's Chromium, headless; Playwright's own builds are not used."""
    with sync_playwright() as playwright:
        found = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=found, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Browser, screen: str = "phone", *, language: str = "en-GB", **emulated: Any
) -> Iterator[Opened]:
    """Give an empty page of a fresh profile; nothing of another page's is known to it.

    ``emulated`` are options of Playwright's contexts: ``color_scheme="dark"``, ``forced_colors="active"``,
    ``contrast="more"``, ``reduced_motion="reduce"``.
    """
    size = SCREENS[screen]
    context = browser.new_context(
        viewport={"width": size.width, "height": size.height},
        has_touch=size.touch,
        is_mobile=size.touch,
        locale=language,
        **emulated,
    )
    context.set_default_timeout(15_000)
    try:
        yield Opened(context.new_page())
    finally:
        context.close()


def find_barriers(page: Page) -> list[str]:
    """Return what axe-core finds serious or critical on the page as it is now, as rule and selectors."""
    # Evaluated, not put into the page: the page's policy stays in force.
    page.evaluate((unpack(AXE) / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {', '.join(str(node['target']) for node in one['nodes'])}"
        for one in found["violations"]
        if one["impact"] in _SERIOUS
    ]


def keep_picture(page: Page, name: str) -> Path:
    """Keep the whole page as ``build/screens/<name>.png``."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    path = PICTURES / f"{name}.png"
    page.screenshot(path=str(path), full_page=True)
    return path
