"""What the demo reads back: deliveries by state, live alerts, the EHR's counts, one trend picture."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx

# Their scores are low now, and nobody has closed them (DESIGN: "live").
_LIVE_STATUS = {"open", "acknowledged", "in-repair"}
_LIVE_COURSE = {"low", "not-recovered"}
UNDERWAY = {"waiting", "pending", "sent", "unknown"}


def deliveries_by_state(service: str) -> Counter[str]:
    """Return how many deliveries are in each state."""
    return Counter(one["state"] for one in _items(service, "/v1/deliveries"))


def is_underway(service: str) -> bool:
    """Return whether any delivery may still move by itself."""
    return any(_page(service, "/v1/deliveries", state=state)["items"] for state in sorted(UNDERWAY))


def live_alerts(service: str) -> list[dict[str, Any]]:
    """Return the alerts that somebody should look at now."""
    return [
        one
        for one in _items(service, "/v1/rupture-alerts")
        if one["status"] in _LIVE_STATUS
        and one["score_course"] in _LIVE_COURSE
        and not one.get("historical", False)
    ]


def ehr_counts(sandbox: str) -> dict[str, int]:
    """Return how many resources of each type the sandbox EHR holds."""
    found: dict[str, int] = httpx.get(f"{sandbox}/counts", timeout=10).raise_for_status().json()
    return found


def page_path(alerts: list[dict[str, Any]]) -> str:
    """Return where a clinician looks at the first patient with a live alert, else at all."""
    if not alerts:
        return "/clinician"
    return f"/clinician/patients/{str(alerts[0]['patient']).removeprefix('Patient/')}"


def trend_path(patient: str) -> str:
    """Return the address of a patient's trend below the service, without ``.svg``."""
    return f"/v1/patients/{patient.removeprefix('Patient/')}/alliance-trend"


def trend_picture(service: str, patient: str) -> str:
    """Return the SVG of a patient's SRS trend."""
    address = f"{service}{trend_path(patient)}.svg?instrument=srs-3"
    return httpx.get(address, timeout=10).raise_for_status().text


def form_link(service: str, patient: str, therapist: str) -> dict[str, Any]:
    """Return a new link by which a client could fill an SRS and a check-in; see ``POST /v1/form-links``."""
    forms = ["srs-3", "session-check-in-client"]
    body = {"patient": patient, "therapist": therapist, "instruments": forms}
    answer = httpx.post(f"{service}/v1/form-links", json=body, timeout=10).raise_for_status()
    return dict(answer.json())


def _items(service: str, path: str) -> Iterator[dict[str, Any]]:
    page = _page(service, path)
    yield from page["items"]
    while page["next"]:
        page = _page(service, path, after=page["next"])
        yield from page["items"]


def _page(service: str, path: str, **parameters: str) -> dict[str, Any]:
    answer = httpx.get(f"{service}{path}", params=parameters, timeout=10).raise_for_status()
    found: dict[str, Any] = answer.json()
    return found
