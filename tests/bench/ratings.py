"""Made-up ratings to send: each patient of one therapist, sessions a week apart, all answers from a seed."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tests.bench.callers import Request

SESSIONS_EACH = 20


def srs_bodies(
    count: int, *, sessions_each: int = SESSIONS_EACH, seed: int = 1
) -> Iterator[dict[str, object]]:
    """Yield bodies of ``POST /v1/responses``: patient after patient, session after session."""
    numbers = random.Random(seed)  # noqa: S311 - made-up answers, not secrets
    for number in range(count):
        client, session = divmod(number, sessions_each)
        yield srs_body(f"{seed}-{client}", session + 1, sessions_each, numbers)


def srs_body(client: str, session: int, sessions: int, numbers: random.Random) -> dict[str, object]:
    """Return one body; the last of so many sessions is today."""
    day = datetime.now(UTC).replace(microsecond=0) - timedelta(weeks=sessions - session, minutes=10)
    return {
        "instrument": "srs-3",
        "patient": f"Patient/bench-{client}",
        "therapist": "Practitioner/bench",
        "session_number": session,
        "authored": day.isoformat(),
        "identifier": f"urn:bench|{client}-{session}",
        "answers": {f"item-{place}": numbers.randint(84, 100) / 10 for place in range(1, 5)},
    }


def as_request(body: dict[str, object], path: str = "/v1/responses") -> Request:
    """Return the request that sends a body."""
    return Request("POST", path, json.dumps(body).encode())
