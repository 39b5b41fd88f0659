"""Made-up calls of an EHR for cards. Nobody here exists."""

from typing import Any
from uuid import UUID

from starlette.testclient import TestClient

from service.api.cds.shown_card import suggestion_id
from tests.conftest import FixedClock
from tests.service.api.v1.build import WITH_A_DIP, record_course

HOOK_INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
VIEW, START = "alliance-patient-view", "alliance-encounter-start"
REASONS = "https://alliance.example/fhir/CodeSystem/alert-dismissal-reasons"


def a_call(service: str = VIEW, **context: Any) -> dict[str, Any]:
    """Return a call for Ada, who opens Anna's chart; a change to None leaves that field out."""
    hook = service.removeprefix("alliance-")
    told = {"userId": "Practitioner/ada", "patientId": "anna"}
    told |= {"encounterId": "session-8"} if service == START else {}
    named = {name: value for name, value in (told | context).items() if value is not None}
    return {"hook": hook, "hookInstance": HOOK_INSTANCE, "context": named}


def call(client: TestClient, service: str = VIEW, *, prefetch: Any = None, **context: Any) -> Any:
    """Call a service and return the answer."""
    body = a_call(service, **context) | ({} if prefetch is None else {"prefetch": prefetch})
    return client.post(f"/cds-services/{service}", json=body)


def cards(client: TestClient, service: str = VIEW, **changes: Any) -> list[dict[str, Any]]:
    """Return the cards that a call is answered."""
    answer = call(client, service, **changes)
    assert answer.status_code == 200, answer.text
    return answer.json()["cards"]


def summaries(client: TestClient, service: str = VIEW, **changes: Any) -> list[str]:
    """Return what the cards say in one sentence."""
    return [one["summary"] for one in cards(client, service, **changes)]


def accepted(card: str) -> dict[str, Any]:
    """Return that somebody has seen a card."""
    return {
        "card": card,
        "outcome": "accepted",
        "acceptedSuggestions": [{"id": suggestion_id(str(UUID(card)))}],
        "outcomeTimestamp": "2026-03-02T12:00:00Z",
    }


def overridden(
    card: str, reason: str | None = None, words: str | None = None, **changes: Any
) -> dict[str, Any]:
    """Return that somebody put a card away."""
    told: dict[str, Any] = {}
    if reason:
        told["reason"] = {"system": REASONS, "code": reason}
    if words:
        told["userComment"] = words
    why = {"overrideReason": told} if told else {}
    return {
        "card": card,
        "outcome": "overridden",
        "outcomeTimestamp": "2026-03-02T12:00:00Z",
        **why,
        **changes,
    }


def give(client: TestClient, *feedback: dict[str, Any], service: str = VIEW) -> Any:
    """Give feedback and return the answer."""
    return client.post(f"/cds-services/{service}/feedback", json={"feedback": list(feedback)})


def with_an_alert(client: TestClient, clock: FixedClock, **changes: Any) -> str:
    """Record a course that ends in a dip, and return the id of its alert."""
    return record_course(client, clock, WITH_A_DIP, **changes)[-1]["alerts"][0]["id"]
