"""Every command in the project's pages works against a running demo."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.demo_clinic.processes import ROOT
from tests.system.pages import blocks_of, pages_with_commands, script_of
from tests.system.waiting import wait_until

pytestmark = pytest.mark.readme

DEMO_SECONDS = 180
PAGE_SECONDS = 120
STOP_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that stays up: where its two servers listen."""

    service: str
    sandbox: str


def address(told: str, label: str) -> str:
    return next(line.split()[-1] for line in told.splitlines() if line.startswith(label))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    output = tmp_path_factory.mktemp("demo") / "told.txt"
    with output.open("wb") as told:
        # Our own command line; a session of its own, so that a Ctrl-C for us does not reach it twice.
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.demo_clinic.play"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(
            lambda: "Up until Ctrl-C" in output.read_text() or child.poll() is not None,
            seconds=DEMO_SECONDS,
            what="the demo to stay up",
        )
        assert child.poll() is None, output.read_text()
        yield Demo(address(output.read_text(), "Service "), address(output.read_text(), "Sandbox EHR "))
    finally:
        # Not SIGINT: what a shell starts in the background, and all below it, is deaf to that.
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        finally:
            child.kill()
            child.wait()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder that looks like the project's; what a command writes lands here."""
    for entry in ROOT.iterdir():
        (tmp_path / entry.name).symlink_to(entry)
    return tmp_path


def test_the_pages_for_installers_and_for_callers_have_commands():
    assert {"README.md", "openapi/README.md"} <= set(pages_with_commands(ROOT))


@pytest.mark.parametrize("page", pages_with_commands(ROOT))
def test_every_command_of_the_page_works(demo, clone, page):
    script = script_of(blocks_of(ROOT, page), demo.service, demo.sandbox)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # The commands are the project's own pages; bash is looked up as a reader's shell would be.
    done = subprocess.run(  # noqa: S603
        ["bash", "-c", script],  # noqa: S607
        cwd=clone,
        env=os.environ | {"PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PAGE_SECONDS,
        check=False,
    )

    assert done.returncode == 0, f"the last command below failed:\n{done.stdout[-4000:]}"
