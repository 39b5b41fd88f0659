"""Whether an EHR holds what was sent exactly once: every difference as a sentence, none where all is well."""

from collections import Counter
from collections.abc import Iterable, Sequence

import httpx

from tests.demo_clinic import Rating
from tests.demo_clinic.looking import deliveries_by_state, is_underway
from tests.system.chart import Chart, own_identifier
from tests.system.listing import items, live_and_past_alerts
from tests.system.sending import Sent
from tests.system.waiting import wait_until

DELIVERED_SECONDS = 300


def wait_until_delivered(base_url: str, seconds: float = DELIVERED_SECONDS) -> None:
    """Return once no delivery can move by itself any more."""
    wait_until(lambda: not is_underway(base_url), seconds=seconds, what="the deliveries", every=0.5)


def try_parked_again(base_url: str) -> None:
    """Do what a person does once the EHR is well again: try all that is parked, until all is delivered."""

    def try_all() -> bool:
        for one in items(base_url, "/v1/deliveries", state="parked"):
            address = f"{base_url}/v1/deliveries/{one['id']}/retry"
            httpx.post(address, json={"not_there": True}, timeout=30).raise_for_status()
        return not is_underway(base_url)

    wait_until(try_all, seconds=DELIVERED_SECONDS, what="what was parked", every=1)


def find_differences(ehr: Chart, base_url: str, sent: Sequence[Sent]) -> list[str]:
    """Return what is lost, doubled, surplus or not confirmed, given all that was ever sent."""
    patients = sorted({one.rating.client for one in sent})
    alerts = [one for one in live_and_past_alerts(base_url) if one["patient"] in patients]
    return [
        *_compare("QuestionnaireResponse", ehr, patients, [one.id for one in sent]),
        *_compare("Observation", ehr, patients, [name for one in sent for name in observation_names(one)]),
        *_compare("DetectedIssue", ehr, patients, [str(alert["id"]) for alert in alerts]),
        *_not_confirmed(base_url),
    ]


def observation_names(sent: Sent) -> list[str]:
    """Return the identifiers of the Observations that this rating gives: ``<response>.item-1`` and so on."""
    return [f"{sent.id}.{part}" for part in expected_parts(sent.rating)]


def expected_parts(rating: Rating) -> list[str]:
    """Return the parts that become Observations, reckoned from the form itself and not by our scoring.

    SRS: the marks that are there, the total where all four are, the panel. WAI-SR: three subscales and the
    total, since one blank in twelve is prorated, and the panel. A bare total is alone.
    """
    if rating.answers is None:
        return ["total"]
    if rating.instrument == "srs-3":
        return [*rating.answers, *(["total"] if len(rating.answers) == 4 else []), "panel"]
    assert len(rating.answers) >= 11
    return ["goal", "task", "bond", "total", "panel"]


def _compare(resource_type: str, ehr: Chart, patients: Sequence[str], expected: Iterable[str]) -> list[str]:
    there = Counter(own_identifier(one) for one in ehr.of_patients(resource_type, patients))
    wanted = set(expected)
    return [
        *(f"{resource_type} {name} is lost" for name in sorted(wanted - there.keys())),
        *(f"{resource_type} {name} is there unasked" for name in sorted(there.keys() - wanted)),
        *(f"{resource_type} {name} is there {n} times" for name, n in sorted(there.items()) if n > 1),
    ]


def _not_confirmed(base_url: str) -> list[str]:
    states = deliveries_by_state(base_url)
    left = {state: count for state, count in states.items() if state != "confirmed"}
    if states and not left:
        return []
    reasons = sorted({one["reason"] for one in items(base_url, "/v1/deliveries", state="parked")})
    return [f"deliveries not confirmed: {left or states}, parked: {reasons}"]
