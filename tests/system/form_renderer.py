"""LHC-Forms in a headless Chromium: how it draws our forms, and what a person who fills them sends."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.system.npm_packages import Package, unpack

LFORMS = Package(
    "lforms",
    "40.1.3",
    "WLruTm+BcVnafC0rSAQ3/cNqhxvclBUxyBG68aub/uha2NaK9H8ZZcEXTTuORuGzzCt0wa7fvhuieZtcDIdPzQ==",
)
PLAYWRIGHT = Package(
    "playwright-core",
    "1.61.0",
    "caX7TrY3Ml6egyDX0WUcTHDxodl/b51y5wJOdCEA36QviK/s2g081hvmGs8eaE3DWb6NYZQ6BjO/QkNRPenoPA==",
)
# Help beside its question, not behind a question mark.
HELP_SHOWN = {"showCodingInstruction": True}
_FOLDER = Path(__file__).parent / "rendering"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """A form to draw and to fill: each answer is a linkId, and the words to choose or the keys to press."""

    questionnaire: Json
    screenshot: Path
    answers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DrawnItem:
    """What a person sees of one item; ``value`` and ``hint`` are None where it has no field."""

    text: str
    help: str | None
    hint: str | None
    value: str | None
    choices: list[str]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One drawn form: the items in sight by linkId, all that went wrong, and the response that it exports."""

    items: Mapping[str, DrawnItem]
    faults: list[str]
    response: Json


def draw(tasks: Sequence[Task], patient: str) -> list[Drawn]:
    """Return what becomes of each form in one browser, in order; ``patient`` is the subject's logical id.

    The browser reaches nothing but a server of this process on the loopback.
    """
    asked = [
        {
            "questionnaire": one.questionnaire,
            "screenshot": str(one.screenshot),
            "answers": one.answers,
            "options": HELP_SHOWN,
            "subject": {"resourceType": "Patient", "id": patient},
        }
        for one in tasks
    ]
    script = str(_FOLDER / "draw.cjs")
    with _serving() as page:
        done = subprocess.run(  # noqa: S603 - our own script
            ["node", script, str(unpack(PLAYWRIGHT)), str(shutil.which("chromium")), page],  # noqa: S607
            input=json.dumps(asked, default=float),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return [_drawn(one) for one in json.loads(done.stdout)]


def _drawn(told: Json) -> Drawn:
    items = {link_id: DrawnItem(**item) for link_id, item in told["items"].items()}
    return Drawn(items, told["faults"], told["response"])


@contextmanager
def _serving() -> Iterator[str]:
    """Give the address of the page, served on the loopback with LHC-Forms beside it."""
    library = unpack(LFORMS) / "dist" / "lforms"

    class Files(SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            inside = urlsplit(path).path.lstrip("/")
            root, _, rest = inside.partition("/")
            return str(library / rest if root == "lforms" else _FOLDER / inside)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/page.html"
        finally:
            server.shutdown()
            serving.join()
