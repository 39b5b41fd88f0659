"""A service whose EHR is the sandbox in a product's shape, reached by a wire, each a process of its own."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from fhir_mappings import json_text
from service.ehr.profile_file import profile_names
from service.sandbox import seed_database
from tests.system.children import SandboxEhr, Service
from tests.system.listing import items
from tests.system.wire import Wire


@dataclass(frozen=True)
class Shaped:
    """A service that reaches the sandbox by a wire; ``file`` is the sandbox's database."""

    service: Service
    wire: Wire
    file: Path

    def record(self, client: int) -> str:
        """Record one SRS form of a client's session and return the response's id."""
        body = {
            "instrument": "srs-3",
            "patient": f"Patient/wire-{client}",
            "encounter": f"Encounter/wire-{client}",
            "authored": datetime.now(UTC).isoformat(),
            "identifier": f"urn:wire|{client}",
            "answers": {"item-1": 9.2, "item-2": 9.0, "item-3": 8.7, "item-4": 9.4},
        }
        answer = httpx.post(f"{self.service.base_url}/v1/responses", json=body, timeout=60)
        return str(answer.raise_for_status().json()["id"])

    def identifiers(self) -> Counter[str]:
        """How often each of our identifiers is in the EHR, by type and value."""
        sql = "SELECT v.body FROM resources r JOIN versions v USING (type, id, version)"
        with closing(sqlite3.connect(self.file)) as connection:
            stored = [json_text.loads(body) for (body,) in connection.execute(sql)]
        return Counter(
            f"{one['resourceType']}/{own['value']}"
            for one in stored
            for own in _listed(one.get("identifier"))
        )

    def states(self) -> dict[str, str]:
        """The state of each response's delivery, ``parked`` where a person is asked."""
        return {
            one["subject"]: "parked" if one["parked"] else one["state"]
            for one in items(self.service.base_url, "/v1/deliveries")
            if one["subject_kind"] == "response"
        }

    def is_settled(self) -> bool:
        """Tell whether nothing goes on by itself any more; what a person is asked about does not."""
        listed = items(self.service.base_url, "/v1/deliveries")
        return all(one["parked"] or one["state"] == "confirmed" for one in listed)


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found] if found else []


@contextmanager
def a_wire_to(surface: str, folder: Path, *, clients: int) -> Iterator[Shaped]:
    """Give a service before an EHR of this shape that knows so many clients, each with an encounter."""
    with ExitStack() as running:
        ehr = running.enter_context(SandboxEhr(folder, surface=surface))
        seed_database(str(ehr.database), _people(clients))
        wire = running.enter_context(Wire(ehr.fhir))
        profile = surface if surface in profile_names() else "generic"
        own = {"ehr_settle_seconds": "2", "ehr_timeout_seconds": "3", "ehr_profile": profile}
        service = running.enter_context(Service(folder, ehr_base_url=wire.fhir, ehr_name="ehr", **own))
        yield Shaped(service, wire, Path(ehr.database))


def _people(clients: int) -> dict[str, Any]:
    resources = []
    for client in range(clients):
        patient = {"resourceType": "Patient", "id": f"wire-{client}"}
        subject = {"reference": f"Patient/wire-{client}"}
        resources += [patient, {"resourceType": "Encounter", "id": f"wire-{client}", "subject": subject}]
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in resources
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}
