"""An alert comes with the part of the guidance that fits it, in the caller's language."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from service.alliance.guidance import guidance_in
from service.api.v1.languages import preferred_language
from tests.conftest import FixedClock
from tests.service.api.v1.build import STEADY, post, record_course

KNOWN = ("de", "en", "es", "fr", "nl")


def read_alert(client: TestClient, query: str = "", **headers: str) -> Any:
    (alert,) = client.get("/v1/rupture-alerts").json()["items"]
    return client.get(f"/v1/rupture-alerts/{alert['id']}{query}", headers=headers)


def a_fall_of_the_approach(client: TestClient, **changes: Any) -> None:
    """Record marks of which the third falls most."""
    for number in range(1, 7):
        marks = [9.2, 9.3, 9.2, 9.3] if number < 6 else [8.2, 8.3, 3.2, 7.3]
        answers = {f"item-{place}": mark for place, mark in enumerate(marks, 1)}
        day = f"2026-02-{number + 10}T10:00:00+01:00"
        post(
            client,
            **({"answers": answers, "session_number": number, "authored": day} | changes),
            identifier=f"urn:x|{number}",
        )


def test_what_fell_most_stands_in_the_evidence(client: TestClient) -> None:
    a_fall_of_the_approach(client)
    fallen = read_alert(client).json()["evidence"][0]["fell_most"]
    assert fallen == {"part": "item-3", "name": "Approach fits", "before": 9.2, "now": 3.2}


def test_an_alert_has_the_questions_on_what_fell_most(client: TestClient) -> None:
    a_fall_of_the_approach(client)
    guidance = read_alert(client).json()["guidance"]
    assert (guidance["part"], guidance["questions"]) == ("tasks", list(guidance_in("en").parts["tasks"]))
    assert (guidance["language"], guidance["status"]) == ("en", "draft")
    assert guidance["approach"] is None


def test_a_bare_total_gets_the_first_prompt(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, [*STEADY, 27.0])
    guidance = read_alert(client).json()["guidance"]
    assert (guidance["part"], guidance["questions"]) == (None, ["How was today for you?"])


def test_the_approach_of_the_dyad_adds_its_offer(client: TestClient) -> None:
    a_fall_of_the_approach(client, approach="CBT")
    assert read_alert(client).json()["guidance"]["approach"] == guidance_in("en").approaches["collaborative"]


@pytest.mark.parametrize(
    ("query", "headers", "language"),
    [
        ("?language=nl", {"Accept-Language": "de"}, "nl"),
        ("?language=de-AT", {}, "de"),
        ("?language=pt", {}, "en"),
        ("", {"Accept-Language": "fr-CA, en;q=0.5"}, "fr"),
    ],
)
def test_the_guidance_is_in_the_language_asked_for(
    client: TestClient, query: str, headers: dict[str, str], language: str
) -> None:
    a_fall_of_the_approach(client)
    answer = read_alert(client, query, **headers)
    assert answer.json()["guidance"]["language"] == language
    assert "Accept-Language" in answer.headers["Vary"]


def test_an_act_is_answered_in_the_callers_language(client: TestClient) -> None:
    a_fall_of_the_approach(client)
    address = f"/v1/rupture-alerts/{read_alert(client).json()['id']}/acknowledge"
    headers = {"If-Match": 'W/"1"', "Accept-Language": "es"}
    done = client.post(address, json={"by": "Practitioner/ada"}, headers=headers)
    assert done.json()["guidance"]["language"] == "es"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("en;q=0.1, nl;q=0.9", "nl"),
        ("pt, es;q=0.2", "es"),
        ("de;q=0", None),
        ("de;q=high", None),
        ("de;level=1", None),
        ("*", None),
        ("", None),
    ],
)
def test_the_best_liked_of_our_languages_is_taken(header: str, language: str | None) -> None:
    assert preferred_language(header, KNOWN) == language
