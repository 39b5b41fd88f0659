"""What people did with cards: it moves the alert by its lifecycle, once, and for nobody else."""

import pytest
from sqlalchemy import select

from service.log import Log
from service.store.card_tables import cards as card_table
from service.store.tables import audit_rows
from tests.service.api.callers import a_caller, ada, opened_to
from tests.service.api.cds.build import START, VIEW, accepted, cards, give, overridden, with_an_alert
from tests.service.api.v1.build import STEADY, faults_of, post, record_course


@pytest.fixture
def alert(client, clock):
    return with_an_alert(client, clock)


@pytest.fixture
def card(client, alert):
    return cards(client)[0]["uuid"]


def shown(client, alert):
    found = client.get(f"/v1/rupture-alerts/{alert}").json()
    return found["status"], found["version"], [(one["act"], one["by"]) for one in found["acts"]]


def test_an_accepted_card_acknowledges_for_its_reader(client, alert, card):
    assert give(client, accepted(card)).status_code == 200
    assert shown(client, alert) == ("acknowledged", 2, [("acknowledge", "Practitioner/ada")])
    assert cards(client) == []


def test_a_card_overridden_for_a_reason_dismisses_with_the_readers_words(client, alert, card):
    assert give(client, overridden(card, "known-cause", "A bad night.")).status_code == 200
    found = client.get(f"/v1/rupture-alerts/{alert}").json()

    assert (found["status"], found["dismissal"], found["acts"][0]["text"]) == (
        "dismissed",
        "known-cause",
        "A bad night.",
    )


@pytest.mark.parametrize(
    "why",
    [
        {},
        {"overrideReason": {"userComment": "Later."}},
        {"overrideReason": {"reason": {"system": "https://ehr.example/reasons", "code": "other"}}},
    ],
)
def test_a_card_put_away_without_a_reason_of_ours_leaves_the_alert_open(client, alert, card, why):
    assert give(client, overridden(card, **why)).status_code == 200
    assert shown(client, alert) == ("open", 1, [])
    assert cards(client) == []


def test_the_same_feedback_again_changes_nothing(client, alert, card):
    answers = [give(client, accepted(card)).status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    assert shown(client, alert) == ("acknowledged", 2, [("acknowledge", "Practitioner/ada")])


def test_several_answers_for_one_card_are_taken_in_their_order(client, alert, card):
    assert give(client, accepted(card), overridden(card, "other")).status_code == 200
    assert shown(client, alert)[:2] == ("acknowledged", 2)


def test_nobody_dismisses_a_version_that_they_were_not_shown(client, alert, card):
    report = {"instrument": "rupture-report-client", "answers": {"happened": True, "intensity": 5}}
    later = {"session_number": 8, "identifier": "urn:clinic:north|again"}
    assert post(client, **report, **later).status_code == 201
    version = shown(client, alert)[1]
    assert give(client, overridden(card, "not-a-strain")).status_code == 200

    assert version > 1
    assert shown(client, alert) == ("open", version, [])


def test_a_form_that_is_due_is_told_once_it_was_answered_no_more(client, clock):
    record_course(client, clock, STEADY)
    due = cards(client, START)[0]["uuid"]

    assert give(client, overridden(due), service=START).status_code == 200
    assert cards(client, START) == []


def test_a_card_that_was_never_given_is_a_fault_and_nothing_is_done(client, alert, card):
    unknown = "00000000-0000-4000-8000-000000000000"
    answer = give(client, accepted(card), accepted(unknown))

    assert (answer.status_code, faults_of(answer)) == (422, {("feedback[1].card", "unknown-card")})
    assert shown(client, alert)[0] == "open"


def test_a_person_answers_their_own_cards_alone(client, deployment, log_stream, alert, card):
    olu, anna = (
        ada(user="Practitioner/olu"),
        a_caller("patient/*.cruds", patient="Patient/anna", patients_see_alerts=True),
    )
    with opened_to(deployment, Log(log_stream), olu=olu, anna=anna, ada=ada()) as clients:
        assert faults_of(give(clients["olu"], accepted(card))) == {("feedback[0].card", "unknown-card")}
        assert faults_of(give(clients["anna"], accepted(card))) == {("feedback[0].card", "unknown-card")}
        assert give(clients["ada"], accepted(card)).status_code == 200


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({}, {("card", "required"), ("outcome", "required"), ("outcomeTimestamp", "required")}),
        (
            {"card": "x", "outcome": "ignored"},
            {("card", "wrong-id"), ("outcome", "unknown-choice"), ("outcomeTimestamp", "required")},
        ),
        (
            {"outcomeTimestamp": "yesterday"},
            {("card", "required"), ("outcome", "required"), ("outcomeTimestamp", "not-a-time")},
        ),
        (
            {"outcomeTimestamp": "2026-03-02T12:00:00"},
            {("card", "required"), ("outcome", "required"), ("outcomeTimestamp", "no-time-zone")},
        ),
    ],
)
def test_every_fault_of_an_entry_is_told(client, entry, expected):
    answer = give(client, entry)

    assert answer.status_code == 422
    assert faults_of(answer) == {(f"feedback[0].{at}", reason) for at, reason in expected}


@pytest.mark.parametrize("feedback", [None, [], "x", [1], [{}] * 101])
def test_feedback_is_a_list_of_some_objects(client, feedback):
    answer = client.post(f"/cds-services/{VIEW}/feedback", json={"feedback": feedback})

    assert (answer.status_code, {at for at, _ in faults_of(answer)}) == (422, {"feedback"})


@pytest.mark.parametrize("words", ["x" * 4001, "a\x00b", 7])
def test_words_that_cannot_be_kept_are_refused_unrepeated(client, card, words):
    told = {"reason": {"code": "other"}, "userComment": words}
    answer = give(client, overridden(card, overrideReason=told))

    assert {at for at, _ in faults_of(answer)} == {"feedback[0].overrideReason.userComment"}
    assert str(words) not in answer.text


def test_feedback_is_audited_with_the_card_and_its_patient(client, database, card):
    give(client, overridden(card))
    with database.read() as tx:
        row = tx.execute(select(audit_rows).order_by(audit_rows.c.row_id.desc()).limit(1)).one()

    assert (row.route, row.action, row.subject) == ("/cds-services/{service_id}/feedback", "U", card)
    assert row.patient_row is not None


def test_a_card_keeps_what_was_done_with_it_first(client, database, card):
    give(client, overridden(card))
    give(client, accepted(card))
    with database.read() as tx:
        assert tx.execute(select(card_table.c.outcome)).scalars().all() == ["overridden"]
