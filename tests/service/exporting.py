"""A clinic that exports: its worker runs when a test says so."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from service.app import create_app
from service.export_files import Line, folder_of
from service.flows import work_on_export as flow
from service.flows.deployment import Deployment
from service.flows.work_on_export import Exporting, take_next, wipe_exports, work_on_export
from service.log import Log
from service.store.exports import ExportRow
from tests.conftest import BASE_URL, TestClient

ASYNC = {"Prefer": "respond-async"}


@dataclass
class Clinic:
    """One clinic with a folder for exports, and how its one caller on this machine reaches it."""

    deployment: Deployment
    client: TestClient
    root: str

    @property
    def work(self) -> Exporting:
        return Exporting(self.deployment, self.root, "worker-1")

    def ask(self, address: str = "$export", **headers: str) -> Any:
        return self.client.get(f"/fhir/{address}", headers=ASYNC | headers)

    def started(self, address: str = "$export") -> str:
        """Return where an export that was begun tells how far it is."""
        answer = self.ask(address)
        assert answer.status_code == 202, answer.text
        return str(answer.headers["content-location"])

    def work_all(self) -> None:
        while (row := take_next(self.work)) is not None:
            work_on_export(self.work, row, lambda: False)

    def wipe(self) -> int:
        return wipe_exports(self.work)

    def manifest(self, address: str = "$export") -> dict[str, Any]:
        """Return the manifest of an export that was begun and worked on."""
        place = self.started(address)
        self.work_all()
        return self.told(place)

    def told(self, place: str) -> dict[str, Any]:
        answer = self.client.get(place)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def lines(self, manifest: dict[str, Any], kind: str, part: str = "output") -> list[dict[str, Any]]:
        """Return the resources of a type in all files of it."""
        files = [one for one in manifest[part] if one["type"] == kind]
        texts = [self.client.get(one["url"]).text for one in files]
        found = [json.loads(line) for text in texts for line in text.splitlines()]
        assert len(found) == sum(one["count"] for one in files)
        return found

    def files(self) -> list[Path]:
        return sorted(one for one in Path(self.root).rglob("*") if one.is_file())


def a_clinic(deployment: Deployment, root: Path, log: Log, **settings: Any) -> Clinic:
    """Return a clinic that exports into a folder."""
    changed = deployment.settings.model_copy(update={"export_dir": str(root), **settings})
    own = replace(deployment, settings=changed)
    return Clinic(own, TestClient(create_app(own, log), BASE_URL, follow_redirects=False), str(root))


def dying_after(pieces: int) -> Callable[[], bool]:
    """Return what lets so many pieces be worked on."""
    left = [pieces]

    def is_over() -> bool:
        left[0] -= 1
        return left[0] < 0

    return is_over


def leave_uncommitted(work: Exporting, row: ExportRow, lines: Sequence[Line]) -> None:
    """Write lines as somebody who dies before the row says so."""
    folder = folder_of(work.root, row.clinic, row.id)
    with flow.ExportWriter(folder, flow.parts_of(row), row.attempt) as writer:
        writer.write(lines)
        writer.finish()
