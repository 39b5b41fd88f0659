"""What an EpisodeOfCare says of the end of a treatment."""

from typing import Any

import pytest

from fhir_mappings.episode import EpisodeEnd, end_of_episode

BASE = "https://ehr.example/fhir"
EPISODE: dict[str, Any] = {
    "resourceType": "EpisodeOfCare",
    "status": "finished",
    "patient": {"reference": f"{BASE}/Patient/anna"},
    "careManager": {"reference": "PractitionerRole/ada/_history/2"},
    "period": {"start": "2025-09-01", "end": "2026-03-02T23:30:00-05:00"},
}


@pytest.mark.parametrize("status", ["finished", "cancelled"])
def test_an_ended_episode_says_whose_with_whom_and_when(status: str) -> None:
    found = end_of_episode(EPISODE | {"status": status}, BASE)
    assert found == EpisodeEnd("Patient/anna", "PractitionerRole/ada", "2026-03-02")


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "active"},
        {"status": "entered-in-error"},
        {"period": {"start": "2025-09-01"}},
        {"period": {"end": "2026-03"}},
        {"period": {"end": "2026-02-30"}},
        {"period": {"end": "in the spring"}},
        {"period": {"end": "2026-W10-1T"}},
        {"period": "2026-03-02"},
        {"careManager": {"display": "Ada"}},
        {"careManager": {"reference": "Organization/north"}},
        {"patient": {"reference": "https://elsewhere.example/fhir/Patient/anna"}},
    ],
)
def test_anything_less_says_nothing(changes: dict[str, Any]) -> None:
    assert end_of_episode(EPISODE | changes, BASE) is None
