"""Who is told what, in which order, and what becomes of a subscriber that does not take it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from fhir_mappings.structure import check_structure
from service.callers import LOOPBACK
from service.flows.act_on_alert import PersonsAct, act_on_alert
from service.flows.api_keys import revoke_key
from service.flows.correct_response import withdraw_response
from service.flows.erase_patient import Erasing, erase_patient
from service.flows.notify import (
    HANDSHAKE_WAITS_SECONDS,
    MOST_EVENTS,
    forget_old_notices,
    notify_next,
    number_events,
)
from service.flows.set_disclosure import set_disclosure
from service.flows.tell_webhook import WAITS_SECONDS
from service.flows.write_subscription import Author, update_subscription
from service.store.disclosures import Disclosure
from service.store.tables import audit_rows
from tests.service.build import an_access
from tests.service.flows.delivering import Crash
from tests.service.flows.notifying import (
    BASE,
    ENDPOINT,
    SECRET,
    STEADY,
    Clinic,
    a_clinic,
    access_of,
    an_asked,
    focuses_of,
    numbers_of,
    status_of,
)


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with a_clinic(tmp_path) as made:
        yield made


def test_a_handshake_comes_first_and_makes_it_active(clinic: Clinic) -> None:
    one = clinic.subscribe()
    clinic.tell_all()

    (sent,) = clinic.told()
    assert check_structure(sent) == []
    assert sent["type"] == "history"
    assert status_of(sent) == {
        "subscription": f"{BASE}/Subscription/{one}",
        "topic": "https://alliance.example/fhir/SubscriptionTopic/new-score",
        "status": "requested",
        "type": "handshake",
        "events-since-subscription-start": "0",
        "events": [],
    }
    assert (clinic.row(one).status, clinic.row(one).version) == ("active", 2)


def test_a_handshake_that_is_not_answered_ends_in_error(clinic: Clinic) -> None:
    one = clinic.subscribe()
    clinic.receiver.respond(500)
    for wait in HANDSHAKE_WAITS_SECONDS:
        clinic.tell_all()
        clinic.clock.pass_by(seconds=wait)
    clinic.tell_all()

    assert len(clinic.told()) == 3
    assert (clinic.row(one).status, clinic.row(one).fault) == ("error", "the receiver answered 500")


def test_scores_are_told_by_number_and_id_alone(clinic: Clinic) -> None:
    clinic.subscribe()
    clinic.tell_all()
    clinic.record("36.2", "37.0")
    clinic.tell_all()

    _, sent = clinic.told()
    told = status_of(sent)
    assert (told["type"], told["events-since-subscription-start"]) == ("event-notification", "2")
    assert numbers_of(sent) == [1, 2]
    assert all(one.startswith("Observation/") and one.endswith(".panel") for one in focuses_of(sent))
    assert len(sent["entry"]) == 1
    assert "anna" not in str(sent)


def test_numbers_rise_without_gaps_over_many_bundles(clinic: Clinic) -> None:
    clinic.subscribe(most_events=2)
    clinic.tell_all()
    clinic.record("36.2", "37.0", "36.4", "37.4", "36.0")
    clinic.tell_all()

    assert [numbers_of(one) for one in clinic.told()] == [[], [1, 2], [3, 4], [5]]
    assert [status_of(one)["events-since-subscription-start"] for one in clinic.told()] == [
        "0",
        "2",
        "4",
        "5",
    ]


def test_an_alert_is_told_as_it_opens_rises_and_closes(clinic: Clinic) -> None:
    for topic in ("alert-opened", "alert-raised", "alert-closed"):
        clinic.subscribe(topic)
    clinic.tell_all()
    clinic.record(*STEADY, "31.8", "28.5", "33.2", "33.0", "33.1", "25.0", "37.0")
    clinic.tell_all()

    told = {status_of(one)["topic"].rpartition("/")[2]: numbers_of(one) for one in clinic.told()[3:]}
    assert told == {"alert-opened": [1], "alert-raised": [1, 2], "alert-closed": [1]}
    assert all(one.startswith("DetectedIssue/") for sent in clinic.told()[3:] for one in focuses_of(sent))


def test_what_a_person_closes_is_told_and_a_click_is_not(clinic: Clinic) -> None:
    clinic.subscribe("alert-closed")
    clinic.subscribe("alert-opened")
    clinic.record(*STEADY, "28.0")
    clinic.tell_all()
    (alert,) = [one.partition("/")[2] for sent in clinic.told() for one in focuses_of(sent)]
    for done in (PersonsAct("acknowledge", "Practitioner/ada"), PersonsAct("dismiss", "Practitioner/ada")):
        act_on_alert(clinic.deployment, alert, None, done, an_access("U"))
    clinic.tell_all()

    closed = [one for one in clinic.told() if status_of(one)["topic"].endswith("alert-closed")]
    assert [focuses_of(one) for one in closed] == [[], [f"DetectedIssue/{alert}"]]


def test_a_withdrawn_score_is_told(clinic: Clinic) -> None:
    clinic.subscribe(content="full-resource")
    clinic.record("36.2")
    clinic.tell_all()
    response = focuses_of(clinic.told()[-1])[0].removeprefix("Observation/").removesuffix(".panel")
    withdraw_response(clinic.deployment, response, 1, "wrong patient", an_access("U"))
    clinic.tell_all()

    sent = clinic.told()[-1]
    assert numbers_of(sent) == [2]
    assert {one["resource"]["status"] for one in sent["entry"][1:]} == {"entered-in-error"}
    assert {one["request"]["method"] for one in sent["entry"][1:]} == {"PUT"}


def test_the_full_resource_comes_along_where_it_is_asked_for(clinic: Clinic) -> None:
    clinic.subscribe(content="full-resource")
    clinic.tell_all()
    clinic.record("36.2")
    clinic.tell_all()

    sent = clinic.told()[-1]
    assert check_structure(sent) == []
    assert [one["resource"]["code"]["coding"][0]["code"] for one in sent["entry"][1:]] == [
        "srs-3",
        "srs-3.total",
    ]
    assert [one["request"]["method"] for one in sent["entry"][1:]] == ["POST", "PUT"]


def test_an_empty_notice_tells_numbers_and_nothing_else(clinic: Clinic) -> None:
    clinic.subscribe(content="empty")
    clinic.record("36.2")
    clinic.tell_all()

    told = status_of(clinic.told()[-1])
    assert "topic" not in told
    assert [[name for name, _ in event] for event in told["events"]] == [["event-number", "timestamp"]]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (("Observation?patient=anna",), [1, 2]),
        (("patient=Patient/bert",), []),
        (("Observation?instrument=srs-3&code=srs-3.total",), [1, 2]),
        (("Observation?code=srs-3.item-1", "therapist=Practitioner/ada"), [1, 2]),
        (("instrument=wai-sr-client",), []),
        (("therapist=eve",), []),
    ],
)
def test_filters_narrow_what_is_told(clinic: Clinic, filters: tuple[str, ...], expected: list[int]) -> None:
    clinic.subscribe(filters=filters)
    clinic.record("36.2", "37.0")
    clinic.tell_all()

    assert [number for one in clinic.told() for number in numbers_of(one)] == expected


def test_severity_filters_alerts(clinic: Clinic) -> None:
    clinic.subscribe("alert-opened", filters=("severity=possible",))
    clinic.subscribe("alert-opened", filters=("DetectedIssue?severity=marked",), reason="marked")
    clinic.record(*STEADY, "28.0")
    clinic.tell_all()

    assert [numbers_of(one) for one in clinic.told() if numbers_of(one)] == [[1]]


def test_a_filter_by_code_makes_that_the_focus(clinic: Clinic) -> None:
    clinic.subscribe(filters=("code=srs-3.total",))
    clinic.record("36.2")
    clinic.tell_all()

    assert focuses_of(clinic.told()[-1])[0].endswith(".total")


def test_a_therapists_subscription_is_told_of_their_own_alone(tmp_path: Path) -> None:
    with a_clinic(tmp_path, api_keys=True) as clinic:
        for person in ("Practitioner/ada", "Practitioner/eve"):
            clinic.subscribe(caller=clinic.key("user/Observation.rs", person), reason=person)
        clinic.record("36.2")
        number_events(clinic.notifier)

        rows = {one.reason: one.events for one in clinic.rows()}
        assert rows == {"Practitioner/ada": 1, "Practitioner/eve": 0}


def test_the_audit_names_whom_is_told_as_everywhere(tmp_path: Path) -> None:
    ehr = "http://localhost:8095/fhir"
    with a_clinic(tmp_path, api_keys=True, ehr_base_url=ehr) as clinic:
        caller = clinic.key("user/Observation.rs", f"{ehr}/Practitioner/ada")
        clinic.subscribe(caller=caller, content="id-only")
        clinic.record("36.2")
        clinic.tell_all()

        with clinic.deployment.database.read() as tx:
            sent = audit_rows.c.route == "notify", audit_rows.c.status == 202
            told = tx.execute(select(audit_rows.c.person).where(*sent))
            assert set(told.scalars()) == {"Practitioner/ada"}


def test_a_role_that_was_never_heard_of_holds_nobody_up(tmp_path: Path) -> None:
    role = "PractitionerRole/ada-day"  # a Subscription may be older than what is known of roles
    with a_clinic(tmp_path, api_keys=True) as clinic:
        clinic.subscribe(caller=clinic.key("user/Observation.rs", role))
        clinic.record("36.2", therapist=role)
        number_events(clinic.notifier)

        assert [one.events for one in clinic.rows()] == [1]


def test_a_granular_scope_is_told_of_what_it_reaches(tmp_path: Path) -> None:
    with a_clinic(tmp_path, api_keys=True) as clinic:
        clinic.subscribe(caller=clinic.key("system/Observation.rs?code=srs-3.total"))
        clinic.record("36.2")
        clinic.tell_all()

        assert focuses_of(clinic.told()[-1])[0].endswith(".total")


def test_a_revoked_key_ends_its_subscription(tmp_path: Path) -> None:
    with a_clinic(tmp_path, api_keys=True) as clinic:
        caller = clinic.key("system/Observation.rs")
        one = clinic.subscribe(caller=caller)
        clinic.tell_all()
        revoke_key(clinic.deployment.database, str(caller.key_id), clinic.clock(), an_access("D"))
        clinic.record("36.2")
        clinic.tell_all()

        assert len(clinic.told()) == 1
        assert (clinic.row(one).status, "API key" in clinic.row(one).fault) == ("off", True)


def test_it_ends_when_its_end_has_come(clinic: Clinic) -> None:
    one = clinic.subscribe(end=clinic.clock() + timedelta(hours=1))
    clinic.tell_all()
    clinic.clock.pass_by(hours=1)
    clinic.record("36.2")
    clinic.tell_all()

    assert len(clinic.told()) == 1
    assert (clinic.row(one).status, clinic.row(one).fault) == ("off", "its end has come")


def test_a_failed_try_is_made_again_with_the_same_numbers(clinic: Clinic) -> None:
    one = clinic.subscribe()
    clinic.tell_all()
    clinic.record("36.2")
    clinic.receiver.side_effect = [httpx.Response(503), httpx.ReadTimeout("slow"), httpx.Response(200)]
    for wait in WAITS_SECONDS[:2]:
        clinic.tell_all()
        clinic.clock.pass_by(seconds=wait)
    clinic.tell_all()

    assert [numbers_of(sent) for sent in clinic.told()] == [[], [1], [1], [1]]
    assert (clinic.row(one).delivered, clinic.row(one).fault) == (1, "")


def test_after_three_days_of_failures_it_is_in_error_and_numbers_go_on(clinic: Clinic) -> None:
    one = clinic.subscribe()
    clinic.tell_all()
    clinic.record("36.2")
    clinic.receiver.respond(500)
    for wait in (*WAITS_SECONDS, 0):
        clinic.tell_all()
        clinic.clock.pass_by(seconds=wait)
    clinic.record("37.0", first=9, authored=clinic.clock().isoformat())
    clinic.tell_all()

    row = clinic.row(one)
    assert (row.status, row.fault, row.events, row.delivered) == ("error", "the receiver answered 500", 2, 0)


def test_requested_once_more_it_goes_on_where_it_stopped(clinic: Clinic) -> None:
    test_after_three_days_of_failures_it_is_in_error_and_numbers_go_on(clinic)
    (row,) = clinic.rows()
    clinic.receiver.respond(200)
    author = Author(LOOPBACK, BASE)
    update_subscription(clinic.deployment, row.id, an_asked(), author, access_of(LOOPBACK, "U"), None)
    clinic.tell_all()

    assert [numbers_of(sent) for sent in clinic.told()[-2:]] == [[], [1, 2]]
    assert clinic.row(row.id).status == "active"


def test_a_410_ends_it(clinic: Clinic) -> None:
    one = clinic.subscribe()
    clinic.receiver.respond(410)
    clinic.tell_all()

    assert clinic.row(one).status == "off"


def test_heartbeats_come_when_nothing_else_does(clinic: Clinic) -> None:
    clinic.subscribe(heartbeat_seconds=60)
    clinic.tell_all()
    clinic.clock.pass_by(seconds=59)
    clinic.tell_all()
    assert len(clinic.told()) == 1
    clinic.clock.pass_by(seconds=1)
    clinic.tell_all()

    assert [status_of(one)["type"] for one in clinic.told()] == ["handshake", "heartbeat"]


def die(_: httpx.Request) -> httpx.Response:
    raise Crash("on its way")


def test_a_worker_that_died_leaves_its_numbers_to_the_next(clinic: Clinic) -> None:
    clinic.subscribe()
    clinic.tell_all()
    clinic.record("36.2")
    clinic.receiver.side_effect = die
    with pytest.raises(Crash):
        notify_next(clinic.notifier)
    clinic.receiver.side_effect = None
    clinic.receiver.respond(200)
    clinic.tell_all()
    meanwhile = len(clinic.told())
    clinic.clock.pass_by(seconds=30)
    clinic.tell_all()

    assert meanwhile == 1  # what died on its way is not counted
    assert [numbers_of(sent) for sent in clinic.told()] == [[], [1]]


def test_who_lost_the_lease_writes_nothing_down(clinic: Clinic) -> None:
    one = clinic.subscribe()
    clinic.tell_all()
    clinic.record("36.2")

    def meanwhile(_: httpx.Request) -> httpx.Response:
        author = Author(LOOPBACK, BASE)
        update_subscription(clinic.deployment, one, an_asked(), author, access_of(LOOPBACK, "U"), None)
        return httpx.Response(200)

    clinic.receiver.side_effect = meanwhile
    notify_next(clinic.notifier)

    assert (clinic.row(one).status, clinic.row(one).delivered) == ("requested", 0)


def test_a_patient_who_is_not_shared_gives_no_notice(clinic: Clinic) -> None:
    clinic.subscribe(filters=("patient=anna",))
    clinic.record("36.2")
    set_disclosure(clinic.deployment, "Patient/anna", Disclosure(share=False), an_access("U"))
    clinic.record("37.0", first=8)
    clinic.tell_all()

    assert [number for one in clinic.told() for number in numbers_of(one)] == []


def test_who_is_not_shared_since_is_told_of_by_number_alone(clinic: Clinic) -> None:
    clinic.subscribe(content="full-resource")
    clinic.record("36.2")
    number_events(clinic.notifier)
    set_disclosure(clinic.deployment, "Patient/anna", Disclosure(share=False), an_access("U"))
    clinic.tell_all()

    sent = clinic.told()[-1]
    assert (numbers_of(sent), focuses_of(sent), len(sent["entry"])) == ([1], [""], 1)


def test_an_erased_patient_leaves_a_number_and_nothing_else(clinic: Clinic) -> None:
    clinic.subscribe()
    clinic.record("36.2")
    number_events(clinic.notifier)
    erase_patient(clinic.deployment, "Patient/anna", Erasing("Practitioner/dpo", "Art. 17"), an_access("D"))
    clinic.record("36.0", patient="Patient/bert", source="Patient/bert", first=8)
    clinic.tell_all()

    told = clinic.told()[-1]
    assert (numbers_of(told), [bool(one) for one in focuses_of(told)]) == ([1, 2], [False, True])


def test_a_secret_header_is_sent_and_stands_nowhere_else(clinic: Clinic) -> None:
    one = clinic.subscribe(headers=(("Authorization", SECRET),))
    clinic.tell_all()
    row = replace(clinic.row(one))

    assert clinic.receiver.calls[0].request.headers["authorization"] == SECRET
    assert SECRET not in f"{row}{clinic.log.getvalue()}{an_asked(headers=(('Authorization', SECRET),))}"


def test_no_more_than_so_many_events_go_into_one_bundle(clinic: Clinic) -> None:
    clinic.subscribe(most_events=100)
    clinic.tell_all()
    for number in range(MOST_EVENTS + 1):
        person = f"Patient/p-{number}"
        clinic.record("36.2", patient=person, source=person, identifier=None)
    clinic.tell_all()

    assert [len(numbers_of(one)) for one in clinic.told()] == [0, MOST_EVENTS, 1]


def test_what_was_taken_is_forgotten_after_a_month_and_what_was_not_stays(clinic: Clinic) -> None:
    clinic.subscribe()
    clinic.tell_all()
    clinic.record("36.2", "37.0")
    clinic.tell_all()
    clinic.subscribe(reason="late", endpoint=ENDPOINT)
    clinic.clock.pass_by(days=31)

    assert forget_old_notices(clinic.notifier) == 2
    assert forget_old_notices(clinic.notifier) == 0


def test_every_notice_that_names_a_record_is_in_the_audit(clinic: Clinic) -> None:
    one = clinic.subscribe()
    clinic.record("36.2")
    clinic.tell_all()
    with clinic.deployment.database.read() as tx:
        rows = tx.exec_driver_sql(
            "SELECT action, interaction, resource, subject, patient_row IS NULL FROM audit_rows"
            " WHERE route = 'notify' ORDER BY row_id"
        ).all()

    focus = focuses_of(clinic.told()[-1])[0].removeprefix("Observation/")
    assert [tuple(row) for row in rows] == [
        ("U", "update", "Subscription", one, 1),
        ("R", "disclose", "Observation", focus, 0),
    ]


def test_without_hosts_nothing_is_queued(tmp_path: Path) -> None:
    with a_clinic(tmp_path, subscription_hosts=()) as clinic:
        clinic.record("36.2")
        with clinic.deployment.database.read() as tx:
            assert tx.exec_driver_sql("SELECT count(*) FROM topic_events").scalar() == 0


def test_what_is_historical_is_no_news(clinic: Clinic) -> None:
    clinic.subscribe()
    clinic.tell_all()
    clinic.clock.pass_by(days=100)
    clinic.record("36.2")
    clinic.tell_all()

    assert [numbers_of(one) for one in clinic.told()] == [[]]
