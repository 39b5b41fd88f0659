"""What a therapist sees before the next session."""

from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.alliance.guidance import guidance_in
from service.api.v1.attendance_models import EXAMPLE_ATTENDANCE
from service.store.database import Database
from tests.conftest import NOW, FixedClock
from tests.service.api.v1.build import STEADY, WITH_A_DIP, faults_of, post, record_course

BRIEF = "/v1/patients/anna/session-brief"
WAI = {f"item-{number}": 4 for number in range(1, 13)}


def brief(client: TestClient, query: str = "") -> dict[str, Any]:
    answer = client.get(f"{BRIEF}{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def check_in(client: TestClient, number: int = 7, **answers: Any) -> None:
    post(
        client,
        instrument="session-check-in-client",
        answers=answers,
        session_number=number,
        authored=(NOW - timedelta(weeks=7 - number, hours=1)).isoformat(),
        identifier=f"urn:check-in|{number}",
    )


def test_the_last_score_stands_beside_the_one_before(client: TestClient, clock: FixedClock) -> None:
    receipts = record_course(client, clock, WITH_A_DIP)
    (measure,) = brief(client)["measures"]
    assert [measure[at]["response"] for at in ("previous", "last")] == [one["id"] for one in receipts[-2:]]
    assert (measure["last"]["scores"], measure["last"]["tier"]) == ({"total": 27}, "marked")
    assert (measure["change"]["points"], measure["change"]["verdict"]) == (-10.3, "worse")


def test_a_first_rating_has_none_before(client: TestClient) -> None:
    post(client)
    (measure,) = brief(client)["measures"]
    assert (measure["previous"], measure["change"], measure["usual_next"] is None) == (None, None, False)


def test_the_lowest_items_of_the_last_ratings_are_told(client: TestClient) -> None:
    post(client)
    (measure,) = brief(client)["measures"]
    (at,) = measure["lowest_items"]
    assert at["items"] == [{"item": "item-3", "name": "Approach fits"}]


def test_marks_all_alike_have_no_lowest(client: TestClient) -> None:
    post(client, answers={f"item-{number}": 9.0 for number in range(1, 5)})
    (at,) = brief(client)["measures"][0]["lowest_items"]
    assert at["items"] == []


def test_an_open_alert_stands_with_what_was_agreed(client: TestClient, clock: FixedClock) -> None:
    alert = record_course(client, clock, WITH_A_DIP)[-1]["alerts"][0]
    address = f"/v1/rupture-alerts/{alert['id']}"
    client.post(f"{address}/acknowledge", json={"by": "Practitioner/ada"}, headers={"If-Match": 'W/"1"'})
    step = {"by": "Practitioner/ada", "step": "agreed-new-way", "text": "Slower, with breaks."}
    client.post(f"{address}/repair-steps", json=step, headers={"If-Match": 'W/"2"'})
    (shown,) = brief(client)["alerts"]
    read = client.get(address).json()
    assert (shown, read.pop("context")) == (read, [])
    assert shown["acts"][-1]["text"] == "Slower, with breaks."


def test_an_alert_that_is_over_is_left_out(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, [*WITH_A_DIP, 37.0])
    assert brief(client)["alerts"] == []


def test_what_is_due_and_what_was_missed_is_told(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, STEADY)
    missed = EXAMPLE_ATTENDANCE | {"status": "missed", "session_date": "2026-02-24"}
    client.post("/v1/attendance", json=missed)
    found = brief(client)
    assert [one["measure"] for one in found["due"] if one["due_next"]] == [
        "session-rating",
        "working-alliance",
    ]
    assert [one["status"] for one in found["missed_sessions"]] == ["missed"]
    assert found["sessions_attended"] == 6


def test_the_clients_own_words_are_shown_word_for_word(client: TestClient) -> None:
    check_in(client, felt="  Rushed, and *not* heard.", understood=4)
    (words,) = brief(client)["own_words"]
    assert words["words"] == [
        {"item": "felt", "name": "How the session felt", "text": "  Rushed, and *not* heard."}
    ]
    assert (words["perspective"], words["session_number"]) == ("client", 7)


def test_words_of_the_last_three_sessions_come_newest_first(client: TestClient) -> None:
    for number in (3, 4, 6, 7):
        check_in(client, number, felt=f"session {number}")
    assert [one["session_number"] for one in brief(client)["own_words"]] == [7, 6, 4]


def test_a_therapists_private_notes_are_not_shown(client: TestClient) -> None:
    post(client)
    notes = {"next-time": "Own feelings towards her."}
    made = post(
        client, instrument="session-reflection-therapist", answers=notes, identifier="urn:reflection|7"
    )
    answer = client.get(BRIEF)
    assert (made.status_code, answer.json()["own_words"]) == (201, [])
    assert "Own feelings" not in answer.text


def test_prompts_come_for_each_phase_and_say_that_they_are_drafts(client: TestClient) -> None:
    post(client)
    guidance = brief(client, "?language=de")["guidance"]
    german = guidance_in("de")
    assert guidance["phases"] == {phase: list(texts) for phase, texts in german.phases.items()}
    assert (guidance["language"], guidance["status"], guidance["note"]) == ("de", "draft", german.note)


def test_the_questions_are_on_the_item_that_stays_lowest(client: TestClient) -> None:
    for number in range(1, 6):
        marks = {"item-1": 9.0, "item-2": 6.0, "item-3": 9.0, "item-4": 9.0}
        day = f"2026-02-{number + 10}T10:00:00+01:00"
        post(client, answers=marks, session_number=number, authored=day, identifier=f"urn:x|{number}")
    found = brief(client)
    assert found["measures"][0]["lowest_item"]["item"] == "item-2"
    assert found["guidance"]["questions"] == list(guidance_in("en").parts["goals"])


def test_without_a_part_that_stands_out_there_are_no_questions(client: TestClient) -> None:
    post(client)
    assert (brief(client)["guidance"]["part"], brief(client)["guidance"]["questions"]) == (None, [])


def test_a_therapists_own_dip_is_a_line_of_context(client: TestClient) -> None:
    for number in range(1, 7):
        day = f"2026-02-{number + 10}T10:00:00+01:00"
        facts = {"session_number": number, "authored": day}
        post(client, instrument="wai-sr-client", answers=WAI, identifier=f"urn:c|{number}", **facts)
        marks = dict.fromkeys((f"item-{place}" for place in range(1, 11)), 4 if number < 6 else 2)
        made = post(
            client, instrument="wai-sr-therapist", answers=marks, identifier=f"urn:t|{number}", **facts
        )
        assert made.status_code == 201, made.text
    found = brief(client)
    assert ("therapist-dip", "C") in {(line["kind"], line["level"]) for line in found["context"]}
    assert found["alerts"] == []


def test_the_therapist_seen_last_is_meant(client: TestClient) -> None:
    post(client, therapist="Practitioner/ben", session_number=1, identifier="urn:x|ben")
    day = "2026-03-01T10:00:00+01:00"
    post(client, authored=day)
    assert brief(client)["therapist"] == "Practitioner/ben"
    assert brief(client, "?therapist=Practitioner/ada")["therapist"] == "Practitioner/ada"


@pytest.mark.parametrize(
    "address", ["/v1/patients/nobody/session-brief", f"{BRIEF}?therapist=Practitioner/x"]
)
def test_a_dyad_never_rated_is_not_found(client: TestClient, address: str) -> None:
    post(client)
    assert client.get(address).status_code == 404


def test_a_language_that_is_none_is_refused(client: TestClient) -> None:
    post(client)
    answer = client.get(f"{BRIEF}?language=not+one")
    assert (answer.status_code, faults_of(answer)) == (400, {("language", "bad-parameter")})


def test_reading_a_brief_is_audited_by_our_own_key(client: TestClient, database: Database) -> None:
    post(client)
    brief(client)
    with database.read() as tx:
        row = tx.exec_driver_sql("SELECT route, subject FROM audit_rows ORDER BY row_id DESC").first()
    assert row is not None
    assert (row.route, row.subject[:8]) == ("/v1/patients/{patient}/session-brief", "patient/")
    assert "anna" not in row.subject
