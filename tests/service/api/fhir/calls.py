"""Calls to the FHIR door, and what tests look at in its answers."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from fhir_mappings import json_text
from service.store.columns import metadata
from service.store.database import Database
from tests.builders import NAMES, a_response

CREATE = "/fhir/QuestionnaireResponse"
FHIR = {"Content-Type": "application/fhir+json"}
SRS_FORM = NAMES.questionnaire("srs-3")
SYSTEM = "urn:clinic:north"


def sent(**changes: Any) -> dict[str, Any]:
    """Return the SRS of session 7 as a caller sends it; a change to None leaves that element out."""
    identifier = {"system": SYSTEM, "value": "r-7"}
    ours = {"id": None, "meta": None, "text": None, "identifier": identifier}
    return a_response(**(ours | changes))


def session(number: int, total: str = "36.3", **changes: Any) -> dict[str, Any]:
    """Return the SRS of one weekly session of Anna's, the tenth of them on 2026-03-02, as a bare total."""
    day = date(2026, 3, 2) + timedelta(weeks=number - 10)
    extensions = [
        {"url": NAMES.extension("session-number"), "valuePositiveInt": number},
        {"url": NAMES.extension("therapist"), "valueReference": {"reference": "Practitioner/ada"}},
    ]
    ours = {
        "identifier": {"system": SYSTEM, "value": f"s-{number}"},
        "authored": f"{day}T10:50:00+01:00",
        "extension": extensions,
        "encounter": None,
        "item": [{"linkId": "total", "answer": [{"valueDecimal": Decimal(total)}]}],
    }
    return sent(**(ours | changes))


def create(client: Any, resource: object, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = resource if isinstance(resource, bytes) else json_text.dumps(resource)
    return client.post(CREATE, content=body, headers=FHIR | named)


def update(client: Any, response_id: str, resource: dict[str, Any], **headers: str) -> Any:
    """Put a resource under an id, which it gets unless it has one."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json_text.dumps({"id": response_id} | resource)
    return client.put(f"{CREATE}/{response_id}", content=body, headers=FHIR | named)


def read(client: Any, path: str) -> dict[str, Any]:
    """Return a resource, numbers with the digits they were answered with."""
    answer = client.get(f"/fhir/{path}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = json_text.loads(answer.content)
    return found


def created_id(client: Any, resource: object) -> str:
    answer = create(client, resource)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def search(client: Any, kind: str, **parameters: str | list[str]) -> Any:
    named = {n if n[0] == "_" else n.replace("_", "-"): value for n, value in parameters.items()}
    answer = client.get(f"/fhir/{kind}", params=named)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(bundle: dict[str, Any]) -> list[str]:
    return [entry["resource"]["id"] for entry in bundle.get("entry", [])]


def values(bundle: dict[str, Any]) -> list[str]:
    """Return the identifiers of the resources in a Bundle of responses."""
    return [entry["resource"]["identifier"]["value"] for entry in bundle.get("entry", [])]


def issues(answer: Any) -> list[tuple[str, str]]:
    """Return code and place of every issue of an OperationOutcome."""
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"
    places = [(one.get("expression") or one.get("location") or [""])[0] for one in outcome["issue"]]
    return list(zip([one["code"] for one in outcome["issue"]], places, strict=True))


def link(bundle: dict[str, Any], relation: str) -> str | None:
    return next((one["url"] for one in bundle["link"] if one["relation"] == relation), None)


def row_counts(database: Database) -> dict[str, int]:
    """Return how many rows every table has, but the audit's."""
    with database.read() as tx:
        return {
            table.name: tx.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
            if table.name != "audit_rows"
        }
