from datetime import timedelta
from statistics import quantiles
from time import perf_counter
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from starlette.testclient import TestClient

from service.alliance.baseline import judge_ratings
from service.alliance.norms import load_norms
from service.alliance.parameters import default_parameters
from service.store.database import Database
from tests.conftest import NOW, FixedClock
from tests.service.api.v1.build import STEADY, WITH_A_DIP, a_body, faults_of, post, record_course

TREND = "/v1/patients/anna/alliance-trend"


def only_series(client: TestClient, query: str = "") -> dict[str, Any]:
    (series,) = client.get(f"{TREND}{query}").json()["series"]
    return series


def test_a_point_shows_session_response_and_scores(client: TestClient) -> None:
    receipt = post(client).json()
    (point,) = only_series(client)["points"]
    assert (point["session_number"], point["session_date"]) == (7, "2026-03-02")
    assert (point["authored"], point["response"]) == ("2026-03-02T10:50:00+01:00", receipt["id"])
    assert (point["scores"], point["check_in_prompts"]) == ({"total": 36.3}, receipt["check_in_prompts"])


def test_tiers_are_those_of_the_rule(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, WITH_A_DIP)
    judged = judge_ratings(WITH_A_DIP, load_norms()["srs-3-total"], default_parameters())
    series = only_series(client)
    assert [point["tier"] for point in series["points"]] == [one.tier for one in judged]
    assert series["points"][-1]["tier"] == "marked"
    assert series["points"][-1]["z"] == round(judged[-1].z or 0, 2)


def test_level_slope_and_usual_range_are_shown(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, STEADY)
    series = only_series(client)
    assert 36 < series["level"] < 38
    assert series["slope_interval"][0] <= series["slope_per_session"] <= series["slope_interval"][1]
    assert series["usual_next"]["low"] < series["level"] < series["usual_next"]["high"]
    assert series["coverage"] == {
        "rated": 6,
        "attended": 6,
        "reason": None,
        "basis": "session-numbers",
        "first_sessions": {"rated": 3, "attended": 3},
        "sessions_between": 1.0,
        "days_between": 7.0,
    }


def test_coverage_and_gaps_count_unrated_sessions(client: TestClient) -> None:
    first = post(client, session_number=1, authored="2026-01-05T10:00:00+01:00").json()["id"]
    last = post(client, session_number=4, identifier="urn:x|2").json()["id"]
    series = only_series(client)
    assert (series["coverage"]["rated"], series["coverage"]["attended"]) == (2, 4)
    (gap,) = series["gaps"]
    assert gap.pop("cannot_say") == "A dip that came and went there cannot be seen."
    assert gap == {"after": first, "before": last, "unrated_sessions": 2, "days": 56}


def test_without_numbers_attendance_is_unknown_and_says_so(client: TestClient) -> None:
    post(client, session_number=None)
    coverage = only_series(client)["coverage"]
    assert (coverage["rated"], coverage["attended"]) == (1, None)
    assert (coverage["reason"], coverage["first_sessions"]) == ("session numbers are missing", None)


def test_the_answer_can_be_computed_again(client: TestClient) -> None:
    post(client)
    answer = client.get(TREND).json()
    assert (answer["rule"], answer["method"]) == ("own-baseline", "eb-own-baseline/1")
    assert answer["parameters"] == default_parameters().echoed()
    assert answer["series"][0]["norms"] == load_norms()["srs-3-total"].reference
    assert answer["series"][0]["norms_status"] == "assumed"


def test_a_new_therapist_starts_a_new_series(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, STEADY)
    post(client, therapist="Practitioner/ben", session_number=1, identifier="urn:x|new")
    series = client.get(TREND).json()["series"]
    assert [one["therapist"] for one in series] == ["Practitioner/ada", "Practitioner/ben"]
    assert series[1]["first_impression"] is True


def test_an_unknown_therapist_is_a_series_of_its_own(client: TestClient) -> None:
    post(client, therapist=None)
    post(client, identifier="urn:x|2")
    assert {one["therapist"] for one in client.get(TREND).json()["series"]} == {None, "Practitioner/ada"}


def test_the_trend_is_narrowed_to_an_instrument(client: TestClient) -> None:
    post(client)
    answers = {f"item-{number}": 4 for number in range(1, 13)}
    post(client, instrument="wai-sr-client", answers=answers, identifier="urn:x|wai")
    assert only_series(client, "?instrument=wai-sr-client")["instrument"] == "wai-sr-client"


def test_the_trend_is_narrowed_to_a_perspective(client: TestClient) -> None:
    post(client)
    assert client.get(f"{TREND}?perspective=therapist").json()["series"] == []
    assert only_series(client, "?perspective=client")["perspective"] == "client"


def test_from_hides_points_that_still_count(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, STEADY)
    whole, shown = only_series(client), only_series(client, "?from=2026-02-16")
    assert [point["session_number"] for point in shown["points"]] == [4, 5, 6]
    assert shown["level"] == whole["level"]
    assert shown["points"] == whole["points"][3:]


def test_to_shows_the_series_as_if_it_ended_there(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, WITH_A_DIP[:3])
    early = only_series(client)
    record_course(client, clock, WITH_A_DIP, patient="Patient/ben")
    (late,) = client.get("/v1/patients/ben/alliance-trend?to=2026-02-02").json()["series"]
    assert len(late["points"]) == 3
    assert late["level"] == early["level"]


def test_as_of_shows_what_was_believed_then(client: TestClient, clock: FixedClock) -> None:
    location = post(client).headers["Location"]
    clock.now = NOW + timedelta(hours=2)
    client.put(location, json=a_body(answers={"item-1": 5.0}), headers={"If-Match": 'W/"1"'})
    before = only_series(client, "?as_of=2026-03-02T13:00:00Z")
    assert before["points"][0]["scores"] == {"total": 36.3}
    assert only_series(client)["points"][0]["scores"] == {"total": None}


def test_as_of_before_anything_came_shows_nothing(client: TestClient) -> None:
    post(client)
    answer = client.get(f"{TREND}?as_of=2026-03-01T00:00:00%2B01:00").json()
    assert (answer["as_of"], answer["series"]) == ("2026-02-28T23:00:00.000000Z", [])


def test_a_withdrawn_response_is_no_point(client: TestClient) -> None:
    location = post(client).headers["Location"]
    client.post(f"{location}/withdraw", json={"reason": "wrong patient"})
    assert client.get(TREND).json()["series"] == []


def test_an_unknown_patient_looks_like_one_of_another_clinic(client: TestClient, database: Database) -> None:
    post(client)
    with database.write() as tx:
        tx.exec_driver_sql("UPDATE patient_aliases SET clinic = 'other'")
    hidden, unknown = client.get(TREND), client.get("/v1/patients/nobody/alliance-trend")
    assert (hidden.status_code, unknown.status_code) == (404, 404)
    assert hidden.content == unknown.content


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("?as_of=yesterday", "as_of"),
        ("?as_of=2026-13-01T00:00:00Z", "as_of"),
        ("?from=2026-02-30", "from"),
        ("?to=tomorrow", "to"),
        ("?instrument=nothing", "instrument"),
        ("?perspective=nobody", "perspective"),
    ],
)
def test_a_bad_parameter_is_named(client: TestClient, query: str, place: str) -> None:
    post(client)
    answer = client.get(f"{TREND}{query}")
    assert (answer.status_code, faults_of(answer)) == (400, {(place, "bad-parameter")})


def test_an_identifier_is_no_patient_id(client: TestClient) -> None:
    assert client.get("/v1/patients/urn:clinic|7/alliance-trend").status_code == 400


def test_the_picture_is_one_svg_document(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, WITH_A_DIP)
    answer = client.get(f"{TREND}.svg")
    root = ET.fromstring(answer.text)  # noqa: S314 - our own picture
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "Marked at session 7." in answer.text


def test_the_picture_shows_the_break_at_a_new_therapist(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, STEADY)
    post(client, therapist="Practitioner/ben", session_number=7, identifier="urn:x|new")
    picture = client.get(f"{TREND}.svg").text
    assert "new therapist" in picture
    assert "SRS, therapist 2: " in picture


def test_two_therapists_at_a_time_are_two_lines(client: TestClient, clock: FixedClock) -> None:
    for name in ("ada", "ben"):
        course = {"therapist": f"Practitioner/{name}", "patient": "Patient/anna"}
        for number, total in enumerate(STEADY, 1):
            day = NOW - timedelta(weeks=6 - number, hours=1)
            post(
                client,
                answers=None,
                scores={"total": total},
                session_number=number,
                authored=day.isoformat(),
                identifier=f"urn:{name}|{number}",
                **course,
            )
    assert "client, therapist 2" in client.get(f"{TREND}.svg").text


def test_a_trend_read_is_audited_by_our_own_key(client: TestClient, database: Database) -> None:
    post(client)
    client.get(TREND)
    with database.read() as tx:
        row = tx.exec_driver_sql("SELECT route, subject FROM audit_rows ORDER BY row_id DESC").first()
    assert row is not None
    assert row.route == "/v1/patients/{patient}/alliance-trend"
    assert row.subject.startswith("patient/")
    assert "anna" not in row.subject


def test_two_hundred_sessions_are_answered_quickly(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, [(372 - 4 * (number % 7)) / 10 for number in range(200)])
    times = []
    for _ in range(40):
        start = perf_counter()
        client.get(TREND)
        times.append(perf_counter() - start)
    # The target is a p99 of 20 ms on a quiet machine (tests/bench); here only that nothing grows out of hand.
    assert quantiles(times, n=10)[0] < 0.2


def post_outcome(client: TestClient) -> None:
    answers = {f"item-{number}": 6 for number in range(1, 5)}
    answer = post(
        client, instrument="ors-client", answers=answers, identifier="urn:clinic:north|o-7", age_years=40
    )
    assert answer.status_code == 201, answer.text


def test_outcome_stands_beside_the_alliance_and_names_its_role(client: TestClient) -> None:
    post(client)
    post_outcome(client)
    answer = client.get(TREND).json()
    assert [(one["instrument"], one["role"]) for one in answer["series"]] == [("srs-3", "alliance")]
    (outcome,) = answer["other_series"]
    assert (outcome["instrument"], outcome["role"], outcome["norms"]) == ("ors-client", "outcome", None)
    assert outcome["points"][0]["clinical_range"] == [{"limit": "clinical-adult", "score": 24, "value": 25}]
    assert outcome["points"][0]["check_in_prompts"] == []


def test_outcome_is_drawn_in_a_panel_of_its_own(client: TestClient) -> None:
    post(client)
    post_outcome(client)
    picture = client.get(f"{TREND}.svg").text
    assert "Alliance trend of Patient/anna" in picture
    assert picture.index("Session Rating Scale") < picture.index("Outcome Rating Scale")
    assert "outcome: beside the alliance, in no alert" in picture
    assert "clinical below 25" in picture


def test_outcome_alone_is_drawn_as_such(client: TestClient) -> None:
    post(client)
    post_outcome(client)
    asked = client.get(f"{TREND}.svg?instrument=ors-client").text
    assert "Outcome trend of Patient/anna" in asked
    assert "check-in below" not in asked


def test_client_and_therapist_share_a_panel(client: TestClient) -> None:
    wai(client, "client", 3, 4)
    wai(client, "therapist", 3, 4)
    picture = client.get(f"{TREND}.svg").text
    assert picture.count(">Working Alliance Inventory, Short Revised<") == 1


def test_an_open_alert_is_marked_in_the_picture(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, WITH_A_DIP)
    picture = client.get(f"{TREND}.svg").text
    assert ">alert open<" in picture
    assert "the alert of session 7 is open." in picture


def test_a_provisional_instrument_says_why_wherever_its_scores_stand(client: TestClient) -> None:
    answers = {f"item-{number}": 4 for number in range(1, 6)}
    receipt = post(client, instrument="arm-5-therapist", answers=answers).json()
    why = "The key is assumed to equal that of the client form."
    assert receipt["provisional"] == why
    assert receipt["straight_lined"]
    assert only_series(client)["provisional"] == why
    assert why in client.get(f"{TREND}.svg").text


def test_compared_rules_are_shown_with_their_numbers(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, WITH_A_DIP)
    answer = client.get(f"{TREND}?compare=below-mean-rci,gumz-like-1").json()
    (series,) = answer["series"]
    assert series["points"][-1]["fired"] == ["below-mean-rci"]
    assert [dip["criterion"] for dip in series["looking_back"]] == ["gumz-like-1"]
    assert answer["parameters"]["rci_z"] == 1.96
    assert "rci_z" not in client.get(TREND).json()["parameters"]


def test_unknown_rule_is_refused(client: TestClient) -> None:
    refused = client.get(f"{TREND}?compare=crystal-ball")
    assert refused.status_code == 400
    assert {at for at, _ in faults_of(refused)} == {"compare"}


def wai(client: TestClient, who: str, session: int, mark: int) -> None:
    answers = {f"item-{number}": mark for number in range(1, 13)}
    answer = post(
        client,
        instrument=f"wai-sr-{who}",
        answers=answers,
        session_number=session,
        identifier=f"urn:x|{who}-{session}",
        authored=(NOW - timedelta(weeks=8 - session)).isoformat(),
    )
    assert answer.status_code == 201, answer.text


def test_client_and_therapist_stand_side_by_side(client: TestClient) -> None:
    for session, own, other in ((3, 4, 4), (6, 5, 3)):
        wai(client, "client", session, own)
        wai(client, "therapist", session, other)
    (pairs,) = client.get(TREND).json()["pairs"]
    assert (pairs["client_instrument"], pairs["usual_gap"]) == ("wai-sr-client", None)
    last = pairs["sessions"][-1]
    assert (last["session_number"], last["client"]["change"], last["therapist"]["change"]) == (6, 12, -12)


def test_items_stand_as_they_were_given(client: TestClient) -> None:
    post(client)
    items = {"item-1": 9.2, "item-2": 9.0, "item-3": 8.7, "item-4": 9.4}
    assert only_series(client)["points"][0]["items"] == items


def test_the_item_that_stays_lowest_is_named(client: TestClient) -> None:
    for session in (1, 2, 3):
        low = {"item-1": 9.2, "item-2": 9.0, "item-3": 6.1, "item-4": 9.4}
        day = (NOW - timedelta(weeks=8 - session)).isoformat()
        post(client, answers=low, session_number=session, identifier=f"urn:x|{session}", authored=day)
    lowest = only_series(client)["lowest_item"]
    assert (lowest["item"], lowest["ratings"], lowest["of"]) == ("item-3", 3, 3)


def test_reliable_change_comes_with_its_reliability(client: TestClient, clock: FixedClock) -> None:
    receipts = record_course(client, clock, WITH_A_DIP)
    change = only_series(client)["first_to_last"]
    assert (change["from"], change["to"]) == (receipts[0]["id"], receipts[-1]["id"])
    assert (change["verdict"], change["needed"], change["reliability"]) == ("worse", 4.71, 0.88)


def test_what_is_due_follows_the_measuring_plan(client: TestClient) -> None:
    post(client)
    due = {one["measure"]: one for one in client.get(TREND).json()["due"]}
    assert due["session-rating"]["sessions"] == {"from": 8, "to": 8}
    assert due["working-alliance"]["missed"] == [{"from": 3, "to": 5}]
    assert due["working-alliance"]["due_next"]


def test_nothing_is_due_where_attended_sessions_are_not_known(client: TestClient) -> None:
    post(client, session_number=None)
    assert client.get(TREND).json()["due"] == []


def test_nothing_is_due_with_a_therapist_who_was_followed(client: TestClient, clock: FixedClock) -> None:
    record_course(client, clock, STEADY[:3])
    clock.now = NOW
    late = NOW.isoformat()
    post(client, therapist="Practitioner/ben", session_number=1, identifier="urn:x|new", authored=late)
    assert {one["therapist"] for one in client.get(TREND).json()["due"]} == {
        "Practitioner/ada",
        "Practitioner/ben",
    }
    clock.now = NOW + timedelta(days=7)
    post(
        client,
        therapist="Practitioner/cleo",
        session_number=1,
        identifier="urn:x|newer",
        authored=clock.now.isoformat(),
    )
    assert {one["therapist"] for one in client.get(TREND).json()["due"]} == {"Practitioner/cleo"}


def test_alerts_of_the_sessions_shown_stand_in_the_trend(client: TestClient, clock: FixedClock) -> None:
    receipts = record_course(client, clock, WITH_A_DIP)
    (alert,) = client.get(TREND).json()["alerts"]
    assert (alert["response"], alert["severity"], alert["status"]) == (receipts[-1]["id"], "marked", "open")
    assert client.get(f"{TREND}?to=2026-02-20").json()["alerts"] == []


def test_a_next_therapists_sessions_count_from_where_numbers_went_on(
    client: TestClient, clock: FixedClock
) -> None:
    record_course(client, clock, STEADY[:3])
    clock.now = NOW + timedelta(days=7)
    authored = clock.now.isoformat()
    post(client, therapist="Practitioner/ben", session_number=4, identifier="urn:x|new", authored=authored)
    series = client.get(TREND).json()["series"]
    assert [(one["coverage"]["rated"], one["coverage"]["attended"]) for one in series] == [(3, 3), (1, 1)]


def test_the_picture_and_the_notes_come_in_the_language_asked_for(
    client: TestClient, clock: FixedClock
) -> None:
    record_course(client, clock, WITH_A_DIP)
    picture = client.get(f"{TREND}.svg?language=de")
    assert "Verlauf der Allianz von Patient/anna" in picture.text
    assert "die Meldung zu Sitzung 7 ist offen." in picture.text
    told = client.get(TREND, headers={"Accept-Language": "de"})
    assert any("wahrgenommenen Sitzungen bewertet" in one for one in told.json()["series"][0]["notes"])
    assert {one.headers["vary"].partition(",")[0] for one in (picture, told)} == {"Accept-Language"}


def test_a_brief_has_its_notes_in_the_language_asked_for(client: TestClient) -> None:
    post(client)
    (measure,) = client.get("/v1/patients/anna/session-brief?language=de").json()["measures"]
    assert "Erster Eindruck: bisher 1 Bewertung." in measure["notes"]
