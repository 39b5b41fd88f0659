"""Made-up requests to /v1 and what tests read from the answers. Nobody here exists."""

from datetime import timedelta
from typing import Any

from starlette.testclient import TestClient

from tests.conftest import NOW, FixedClock

# DESIGN.md, "The API": the example of a request, word for word.
EXAMPLE: dict[str, Any] = {
    "instrument": "srs-3",
    "patient": "Patient/anna",
    "therapist": "Practitioner/ada",
    "session_number": 7,
    "authored": "2026-03-02T10:50:00+01:00",
    "identifier": "urn:clinic:north|r-7",
    "answers": {"item-1": 9.2, "item-2": 9.0, "item-3": 8.7, "item-4": 9.4},
}


def a_body(**changes: Any) -> dict[str, Any]:
    """Return the example; a change to None leaves that field out."""
    return {key: value for key, value in (EXAMPLE | changes).items() if value is not None}


def post(client: TestClient, **changes: Any) -> Any:
    """Record the example with changes and return the answer."""
    return client.post("/v1/responses", json=a_body(**changes))


def faults_of(answer: Any) -> set[tuple[str, str]]:
    """Return every fault of a refusal as (place, reason)."""
    return {(fault["at"], fault["reason"]) for fault in answer.json()["faults"]}


def record_course(
    client: TestClient, clock: FixedClock, totals: list[Any], **changes: Any
) -> list[dict[str, Any]]:
    """Record weekly bare totals, the last one today, each at its own time; return the receipts."""
    name = changes.get("patient", "Patient/anna")
    receipts = []
    for number, total in enumerate(totals, 1):
        clock.now = NOW - timedelta(weeks=len(totals) - number)
        answer = post(
            client,
            answers=None,
            scores={"total": total},
            session_number=number,
            authored=(clock.now - timedelta(hours=1)).isoformat(),
            **({"identifier": f"urn:clinic:north|{name}-{number}"} | changes),
        )
        assert answer.status_code == 201, answer.text
        receipts.append(answer.json())
    return receipts


# Steady, then a dip that is marked: what the rule says of each is pinned in the tests of service/alliance.
STEADY = [37.2, 36.8, 37.5, 37.0, 36.9, 37.3]
WITH_A_DIP = [*STEADY, 27.0]
