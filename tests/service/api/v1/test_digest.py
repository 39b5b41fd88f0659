"""What a therapist and a supervisor see together: never a ranking, never a comparison."""

from datetime import timedelta
from typing import Any

from starlette.testclient import TestClient

from service.alliance.guidance import guidance_in
from tests.conftest import NOW, FixedClock
from tests.service.api.v1.build import STEADY, WITH_A_DIP, post, record_course

DIGEST = "/v1/therapists/ada/supervision-digest"
LISTS = ("attention", "unanswered", "under_way", "resolved")


def digest(client: TestClient, query: str = "") -> dict[str, Any]:
    answer = client.get(f"{DIGEST}{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def act(client: TestClient, alert_id: str, version: int, name: str, **more: str) -> None:
    address = f"/v1/rupture-alerts/{alert_id}/{name}"
    headers = {"If-Match": f'W/"{version}"'}
    done = client.post(address, json={"by": "Practitioner/ada"} | more, headers=headers)
    assert done.status_code == 200, done.text


def an_alert(client: TestClient, clock: FixedClock, **changes: Any) -> str:
    found: str = record_course(client, clock, WITH_A_DIP, **changes)[-1]["alerts"][0]["id"]
    return found


def ids(found: dict[str, Any]) -> dict[str, list[str]]:
    return {name: [one["id"] for one in found[name]] for name in LISTS}


def test_a_live_alert_needs_attention(client: TestClient, clock: FixedClock) -> None:
    alert = an_alert(client, clock)
    assert ids(digest(client)) == {"attention": [alert], "unanswered": [], "under_way": [], "resolved": []}


def test_after_a_week_an_open_alert_is_unanswered(client: TestClient, clock: FixedClock) -> None:
    alert = an_alert(client, clock)
    clock.now = NOW + timedelta(days=8)
    assert ids(digest(client))["unanswered"] == [alert]


def test_one_that_somebody_took_is_under_way(client: TestClient, clock: FixedClock) -> None:
    alert = an_alert(client, clock)
    act(client, alert, 1, "acknowledge")
    clock.now = NOW + timedelta(days=8)
    assert ids(digest(client)) == {
        "attention": [alert],
        "unanswered": [],
        "under_way": [alert],
        "resolved": [],
    }


def test_what_was_resolved_lately_stands_with_its_steps(client: TestClient, clock: FixedClock) -> None:
    alert = an_alert(client, clock)
    act(client, alert, 1, "acknowledge")
    act(client, alert, 2, "resolve", outcome="repaired")
    (resolved,) = digest(client)["resolved"]
    assert (resolved["id"], resolved["status"], len(resolved["acts"])) == (alert, "repaired", 2)
    clock.now = NOW + timedelta(days=29)
    assert digest(client)["resolved"] == []


def test_a_form_that_was_wanted_and_did_not_come_is_overdue(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, STEADY)
    (overdue,) = digest(client)["overdue"]
    assert (overdue["patient"], overdue["measure"]) == ("Patient/anna", "working-alliance")
    assert overdue["sessions"] == [{"from": 3, "to": 5}]


def test_nothing_is_overdue_of_who_is_not_seen_any_more(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, STEADY)
    clock.now = NOW + timedelta(days=60)
    assert digest(client)["overdue"] == []


def test_another_therapists_dyads_are_not_shown(client: TestClient, clock: FixedClock) -> None:
    an_alert(client, clock, patient="Patient/ben", therapist="Practitioner/ben")
    post(client, session_number=1)
    found = digest(client)
    assert (ids(found)["attention"], "ben" in client.get(DIGEST).text) == ([], False)
    assert [one["patient"] for one in found["overdue"]] == []


def test_sessions_with_an_earlier_therapist_do_not_count(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, STEADY, therapist="Practitioner/ben")
    clock.now = NOW + timedelta(days=7)
    post(client, session_number=7, authored=clock.now.isoformat(), identifier="urn:x|next")
    assert digest(client)["overdue"] == []


def test_supervision_questions_come_in_the_language_asked_for(client: TestClient) -> None:
    post(client)
    guidance = digest(client, "?language=fr")["guidance"]
    french = guidance_in("fr")
    assert (guidance["questions"], guidance["text"]) == (list(french.supervision), french.supervision_text)
    assert guidance["status"] == "draft"


def test_nothing_is_counted_or_compared(client: TestClient, clock: FixedClock) -> None:
    an_alert(client, clock)
    assert set(digest(client)) == {"therapist", "as_of", *LISTS, "overdue", "guidance"}


def test_a_therapist_never_seen_is_not_found(client: TestClient) -> None:
    post(client)
    assert client.get("/v1/therapists/nobody/supervision-digest").status_code == 404
    assert client.get(f"{DIGEST}?kind=PractitionerRole").status_code == 404
