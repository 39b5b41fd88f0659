"""What a response leaves to its Encounter is asked of the EHR and corrected here, once, and never guessed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.errors import Duplicate, EhrUnreachable, EhrUnreadable
from service.flows.correct_response import correct_response
from service.flows.new_response import NewResponse
from service.flows.record_response import record_response
from service.flows.show_trend import TrendQuery, show_trend
from service.store.look_ups import LookUp, find_look_up
from service.store.patients import lock_dyad
from service.store.responses import ResponseVersion, find_current
from tests.service.build import a_response, an_access
from tests.service.flows.taking_in import BASE, Clinic, a_clinic

SESSION = "Encounter/session-7"
ADA = [{"individual": {"reference": "Practitioner/ada"}}]


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with a_clinic(tmp_path) as made:
        yield made


def hold(clinic: Clinic, **changes: Any) -> None:
    """Let the EHR hold the Encounter of session 7."""
    facts = {
        "resourceType": "Encounter",
        "id": "session-7",
        "status": "finished",
        "subject": {"reference": "Patient/anna"},
        "participant": ADA,
        "period": {"start": "2026-02-15T23:10:00-01:00"},
    }
    clinic.put(facts | changes)


def open_response(**changes: Any) -> NewResponse:
    """Return a response that names its Encounter and says neither therapist nor date."""
    return a_response(**({"therapist": None, "encounter": SESSION, "origin": "fhir"} | changes))


def record(clinic: Clinic, **changes: Any) -> str:
    return record_response(clinic.deployment, open_response(**changes), an_access()).filled.id


def now(clinic: Clinic, response_id: str) -> ResponseVersion:
    with clinic.deployment.database.read() as tx:
        found = find_current(tx, "default", response_id)
    assert found is not None
    return found


def look_up(clinic: Clinic, response_id: str) -> LookUp | None:
    with clinic.deployment.database.read() as tx:
        return find_look_up(tx, "default", response_id)


def state(clinic: Clinic, response_id: str) -> str:
    found = look_up(clinic, response_id)
    return found.state if found else ""


def test_therapist_and_date_come_from_the_encounter_in_its_own_offset(clinic: Clinic) -> None:
    hold(clinic)
    response_id = record(clinic)
    assert now(clinic, response_id).therapist == ""
    assert clinic.learn() == 1
    learnt = now(clinic, response_id)
    assert (learnt.version, learnt.therapist, learnt.session_date) == (2, "Practitioner/ada", "2026-02-15")


def test_the_response_then_counts_in_the_therapists_dyad_alone(clinic: Clinic) -> None:
    hold(clinic)
    response_id = record(clinic)
    clinic.learn()
    learnt = now(clinic, response_id)
    with clinic.deployment.database.write() as tx:
        dyad = lock_dyad(tx, learnt.dyad_row)
    trend = show_trend(clinic.deployment, TrendQuery(("Patient/anna",)), "default")
    assert dyad.therapist == "Practitioner/ada"
    assert [one.therapist for one in trend.series] == ["Practitioner/ada"]


def test_it_is_asked_once(clinic: Clinic) -> None:
    hold(clinic)
    response_id = record(clinic)
    clinic.learn()
    clinic.asked.clear()
    clinic.clock.pass_by(days=2)
    assert clinic.learn() == 0
    assert clinic.asked == []
    assert now(clinic, response_id).version == 2


def test_what_the_sender_says_is_never_asked_about(clinic: Clinic) -> None:
    hold(clinic)
    response_id = record(clinic, therapist="Practitioner/bea", session_date="2026-02-14")
    assert look_up(clinic, response_id) is None
    assert clinic.learn() == 0


def test_each_of_the_two_is_asked_about_alone(clinic: Clinic) -> None:
    hold(clinic)
    response_id = record(clinic, therapist="Practitioner/bea")
    clinic.learn()
    learnt = now(clinic, response_id)
    assert (learnt.therapist, learnt.session_date) == ("Practitioner/bea", "2026-02-15")


def test_in_plain_json_a_date_left_out_is_said_by_its_default(clinic: Clinic) -> None:
    hold(clinic)
    response_id = record(clinic, origin="v1")
    clinic.learn()
    learnt = now(clinic, response_id)
    assert (learnt.therapist, learnt.session_date) == ("Practitioner/ada", "2026-02-16")


@pytest.mark.parametrize(
    "changes",
    [
        {"participant": [{"individual": {"display": "somebody"}}]},
        {"participant": [*ADA, {"individual": {"reference": "Practitioner/bea"}}]},
        {"status": "entered-in-error"},
    ],
)
def test_what_the_encounter_leaves_open_stays_unknown(clinic: Clinic, changes: dict[str, Any]) -> None:
    hold(clinic, **changes)
    response_id = record(clinic, session_date="2026-02-14")
    assert clinic.learn() == 0
    assert (now(clinic, response_id).version, state(clinic, response_id)) == (1, "done")


def test_a_session_after_the_form_is_not_the_one_that_was_meant(clinic: Clinic) -> None:
    hold(clinic, period={"start": "2026-02-20T10:00:00+01:00"})
    response_id = record(clinic)
    clinic.learn()
    assert now(clinic, response_id).session_date == "2026-02-16"


def test_another_patients_encounter_says_nothing(clinic: Clinic) -> None:
    clinic.know("ben")
    hold(clinic, subject={"reference": "Patient/ben"})
    response_id = record(clinic)
    assert clinic.learn() == 0
    assert (now(clinic, response_id).therapist, state(clinic, response_id)) == ("", "parked")


def test_an_encounter_that_is_filed_later_is_asked_for_again(clinic: Clinic) -> None:
    response_id = record(clinic)
    clinic.learn()
    assert clinic.learn() == 0  # not at once
    hold(clinic)
    clinic.clock.pass_by(minutes=2)
    assert clinic.learn() == 1
    assert now(clinic, response_id).therapist == "Practitioner/ada"


def test_one_that_never_comes_is_left_to_a_person_after_a_day(clinic: Clinic) -> None:
    response_id = record(clinic)
    for _ in range(20):
        clinic.learn()
        clinic.clock.pass_by(hours=4)
    assert state(clinic, response_id) == "parked"
    assert now(clinic, response_id).version == 1


def test_while_the_ehr_is_away_it_stays_due(clinic: Clinic) -> None:
    hold(clinic)
    response_id = record(clinic)
    clinic.away = True
    with pytest.raises(EhrUnreachable):
        clinic.learn()
    clinic.away = False
    assert clinic.learn() == 1
    assert now(clinic, response_id).therapist == "Practitioner/ada"


def test_an_ehr_that_fails_at_it_is_asked_again_later(clinic: Clinic) -> None:
    hold(clinic)
    record(clinic)
    clinic.instead["session-7"] = httpx.Response(503)
    with pytest.raises(EhrUnreadable):
        clinic.learn()
    clinic.instead.clear()
    assert clinic.learn() == 0
    clinic.clock.pass_by(minutes=2)
    assert clinic.learn() == 1


def test_the_same_sent_again_is_still_the_same(clinic: Clinic) -> None:
    hold(clinic)
    response_id = record(clinic)
    clinic.learn()
    again = record_response(clinic.deployment, open_response(), an_access())
    assert (again.created, again.filled.id, again.filled.version) == (False, response_id, 2)


def test_a_correction_that_is_silent_keeps_what_was_learnt(clinic: Clinic) -> None:
    hold(clinic)
    response_id = record(clinic)
    clinic.learn()
    new = open_response(total="30.0")
    correct_response(clinic.deployment, response_id, None, new, an_access("U"))
    corrected = now(clinic, response_id)
    assert (corrected.version, corrected.therapist, corrected.session_date) == (
        3,
        "Practitioner/ada",
        "2026-02-15",
    )
    assert clinic.learn() == 0


def test_a_correction_that_changes_nothing_is_no_version(clinic: Clinic) -> None:
    hold(clinic)
    response_id = record(clinic)
    clinic.learn()
    correct_response(clinic.deployment, response_id, None, open_response(), an_access("U"))
    assert now(clinic, response_id).version == 2


def test_a_correction_that_says_the_therapist_ends_the_asking(clinic: Clinic) -> None:
    response_id = record(clinic, session_date="2026-02-14")
    said = open_response(therapist="Practitioner/bea", session_date="2026-02-14")
    correct_response(clinic.deployment, response_id, None, said, an_access("U"))
    hold(clinic)
    clinic.clock.pass_by(hours=1)
    assert clinic.learn() == 0
    assert now(clinic, response_id).therapist == "Practitioner/bea"


def test_another_encounter_is_asked_for_anew(clinic: Clinic) -> None:
    hold(clinic)
    response_id = record(clinic)
    clinic.learn()
    hold(clinic, id="session-8", participant=[{"individual": {"reference": "Practitioner/bea"}}])
    new = open_response(encounter="Encounter/session-8")
    correct_response(clinic.deployment, response_id, None, new, an_access("U"))
    clinic.learn()
    assert now(clinic, response_id).therapist == "Practitioner/bea"


def test_a_session_rated_already_is_no_double(clinic: Clinic) -> None:
    hold(clinic)
    record_response(clinic.deployment, a_response(), an_access())
    response_id = record(clinic, identifier=None)
    assert clinic.learn() == 0
    assert (now(clinic, response_id).therapist, state(clinic, response_id)) == ("", "parked")
    with pytest.raises(Duplicate):  # the same as if it had come with its therapist
        record(clinic, identifier=None, therapist="Practitioner/ada")


def test_an_encounter_elsewhere_is_not_asked_for(clinic: Clinic) -> None:
    response_id = record(clinic, encounter="https://other.example/fhir/Encounter/session-7")
    assert look_up(clinic, response_id) is None


def test_one_below_the_ehrs_own_base_is(clinic: Clinic) -> None:
    hold(clinic)
    response_id = record(clinic, encounter=f"{BASE}/{SESSION}")
    clinic.learn()
    assert now(clinic, response_id).therapist == "Practitioner/ada"


def test_a_response_withdrawn_meanwhile_is_left_alone(clinic: Clinic) -> None:
    hold(clinic)
    response_id = record(clinic)
    with clinic.deployment.database.write() as tx:
        tx.exec_driver_sql("UPDATE responses SET status = 'entered-in-error'")
    assert clinic.learn() == 0
    assert now(clinic, response_id).version == 1


def test_a_crash_over_it_changes_nothing_and_it_is_done_later(clinic: Clinic) -> None:
    hold(clinic)
    response_id = record(clinic)

    def die(_: str) -> None:
        raise KeyboardInterrupt

    clinic.crash_point = die
    with pytest.raises(KeyboardInterrupt):
        clinic.learn()
    assert now(clinic, response_id).version == 1
    clinic.crash_point = lambda _: None
    clinic.clock.pass_by(minutes=2)
    assert clinic.learn() == 1
