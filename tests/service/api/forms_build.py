"""A clinic with made-up wording, its form links, and what a filled page sends. Nobody here exists."""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from service.app import create_app
from service.flows.choose_instruments import choose_instruments
from service.flows.deployment import Deployment
from service.flows.keep_wording import choose_wording, keep_wording
from service.log import Log
from tests.conftest import BASE_URL, TestClient
from tests.demo_clinic.wording import made_up_wording

ANNA = {"patient": "Patient/anna", "therapist": "Practitioner/ada", "session_number": 7}
MARKS = {"item-1": 9.2, "item-2": 9.0, "item-3": 8.7, "item-4": 9.4}
_TOLD = re.compile(r'<script type="application/json" id="told">(.*?)</script>', re.DOTALL)


def worded(
    deployment: Deployment, instruments: Iterable[str] = ("srs-3",), languages: Iterable[str] = ("en", "de")
) -> Deployment:
    """Return the deployment with a wording of these instruments in use; the first language is the primary."""
    chosen = choose_instruments(deployment.settings, {})
    files = {
        f"{deployment.clinic}/{one}.{language}.toml": made_up_wording(
            chosen.known[one], language, primary=place == 0
        )
        for one in instruments
        for place, language in enumerate(languages)
    }
    with deployment.database.write() as tx:
        wordings = choose_wording(files, chosen.known, deployment.clinic)
        found = keep_wording(tx, deployment.clinic, chosen, wordings)
    return replace(deployment, instruments=found.offered, known=found.known)


@contextmanager
def a_clinic(deployment: Deployment, *instruments: str) -> Iterator[TestClient]:
    with TestClient(
        create_app(worded(deployment, instruments or ("srs-3",)), Log()), base_url=BASE_URL
    ) as opened:
        yield opened


def ask_link(client: TestClient, *instruments: str, **changes: Any) -> Any:
    """Return the answer to asking for a link; a change to None leaves that field out."""
    body = ANNA | {"instruments": list(instruments or ("srs-3",))} | changes
    return client.post("/v1/form-links", json={key: one for key, one in body.items() if one is not None})


def a_link(client: TestClient, *instruments: str, **changes: Any) -> dict[str, Any]:
    answer = ask_link(client, *instruments, **changes)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def path_of(link: dict[str, Any]) -> str:
    return str(link["link"]).removeprefix(BASE_URL)


def told_by(page: Any) -> dict[str, Any]:
    """Return what a page tells its script."""
    return dict(json.loads(_TOLD.search(page.text)[1]))


def fill(client: TestClient, path: str, answers: Any = None, **facts: Any) -> Any:
    """Return the answer to sending SRS marks, or these answers by instrument id."""
    body = {"answers": {"srs-3": MARKS} if answers is None else answers, "language": "en"}
    return client.post(path, json=body | facts)
