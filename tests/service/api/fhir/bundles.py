"""Batches and transactions as callers send them, and what tests look at in the answers."""

from typing import Any

from fhir_mappings import json_text
from tests.service.api.fhir.calls import FHIR


def posted(resource: dict[str, Any], full_url: str | None = None, **request: str) -> dict[str, Any]:
    """Return the entry that creates a response."""
    address = {"fullUrl": full_url} if full_url else {}
    return address | {
        "resource": resource,
        "request": {"method": "POST", "url": "QuestionnaireResponse"} | request,
    }


def asked(url: str, method: str = "GET", **entry: Any) -> dict[str, Any]:
    """Return the entry of another request."""
    return {"request": {"method": method, "url": url}} | entry


def send(client: Any, kind: str, *entries: Any, path: str = "/fhir", **headers: str) -> Any:
    body = {"resourceType": "Bundle", "type": kind} | ({"entry": list(entries)} if entries else {})
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(path, content=json_text.dumps(body), headers=FHIR | named)


def statuses(answer: Any) -> list[str]:
    """Return the status of every entry that was answered."""
    assert answer.status_code == 200, answer.text
    return [entry["response"]["status"][:3] for entry in answer.json().get("entry", [])]
