"""Attendance by the EHR: of dyads that we know, corrected as it changes there, a caller's word first."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fhir_mappings.filled import Identifier
from service.flows.check_readiness import check_clinic
from service.flows.poll_changes import no_search
from service.flows.record_attendance import NewAttendance, correct_attendance, record_attendance
from service.flows.record_response import record_response
from service.store.attendance import AttendanceRow, list_attendance
from service.store.patients import alias_rows
from tests.service.build import a_response, an_access
from tests.service.flows.taking_in import Clinic, a_clinic


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with a_clinic(tmp_path, ehr_attendance=True) as made:
        record_response(made.deployment, a_response(7), an_access())  # so Anna and Ada are known
        yield made


def book(clinic: Clinic, *actors: str, number: int = 1, **changes: Any) -> None:
    """Let the EHR hold an Appointment, missed where no change says otherwise."""
    people = actors or ("Patient/anna", "Practitioner/ada")
    facts = {
        "resourceType": "Appointment",
        "id": f"a-{number}",
        "status": "noshow",
        "start": "2026-02-23T10:00:00+01:00",
        "participant": [{"actor": {"reference": one}, "status": "accepted"} for one in people],
    }
    clinic.put(facts | changes)


def hold(clinic: Clinic, number: int = 1, **changes: Any) -> None:
    """Let the EHR hold an Encounter of Anna and Ada."""
    facts = {
        "resourceType": "Encounter",
        "id": f"s-{number}",
        "status": "finished",
        "subject": {"reference": "Patient/anna"},
        "participant": [{"individual": {"reference": "Practitioner/ada"}}],
        "period": {"start": "2026-02-23T10:00:00+01:00"},
    }
    clinic.put(facts | changes)


def kept(clinic: Clinic) -> list[AttendanceRow]:
    with clinic.deployment.database.read() as tx:
        rows = alias_rows(tx, "default", ["Patient/anna", "Patient/ben"])
        return list_attendance(tx, "default", rows, after=None, limit=100)


def said(clinic: Clinic) -> list[tuple[str, int, str]]:
    return [(row.status, row.version, row.session_date) for row in kept(clinic)]


def by_caller(**changes: Any) -> NewAttendance:
    facts: dict[str, Any] = {
        "status": "attended",
        "patient": "Patient/anna",
        "therapist": "Practitioner/ada",
        "session_date": "2026-02-23",
        "session_number": None,
        "encounter": None,
        "identifier": Identifier("urn:clinic:north", "a-1"),
    }
    return NewAttendance(**(facts | changes))


def test_a_missed_appointment_and_a_held_encounter_are_attendance(clinic: Clinic) -> None:
    book(clinic)
    hold(clinic, period={"start": "2026-02-16T23:30:00-01:00"})
    assert clinic.attend() == 2
    assert said(clinic) == [("attended", 1, "2026-02-16"), ("missed", 1, "2026-02-23")]


def test_what_says_the_same_again_changes_nothing(clinic: Clinic) -> None:
    book(clinic)
    clinic.attend()
    book(clinic, comment="moved to another room")
    assert clinic.attend() == 0
    assert said(clinic) == [("missed", 1, "2026-02-23")]


def test_a_change_there_is_the_next_version(clinic: Clinic) -> None:
    book(clinic)
    clinic.attend()
    book(clinic, status="fulfilled")
    assert clinic.attend() == 1
    assert said(clinic) == [("attended", 2, "2026-02-23")]


@pytest.mark.parametrize("status", ["entered-in-error", "booked"])
def test_what_the_ehr_takes_back_is_withdrawn(clinic: Clinic, status: str) -> None:
    book(clinic)
    clinic.attend()
    book(clinic, status=status)
    clinic.attend()
    assert clinic.attend() == 0
    assert said(clinic) == [("entered-in-error", 2, "2026-02-23")]


@pytest.mark.parametrize(
    "actors",
    [
        ("Patient/ben", "Practitioner/ada"),
        ("Patient/anna", "Practitioner/bea"),
        ("Patient/anna",),
        ("Patient/anna", "Practitioner/ada", "Practitioner/bea"),
    ],
)
def test_nothing_is_kept_of_whom_we_do_not_know(clinic: Clinic, actors: tuple[str, ...]) -> None:
    clinic.know("ben")
    book(clinic, *actors)
    assert clinic.attend() == 0
    assert kept(clinic) == []
    with clinic.deployment.database.read() as tx:
        assert alias_rows(tx, "default", ["Patient/ben"]) == []


def test_a_visit_under_a_role_is_one_of_the_persons_dyad(clinic: Clinic) -> None:
    role = {"resourceType": "PractitionerRole", "practitioner": {"reference": "Practitioner/ada"}}
    clinic.instead["ada-day"] = httpx.Response(200, json=role | {"id": "ada-day"})
    book(clinic, "Patient/anna", "PractitionerRole/ada-day")
    assert clinic.attend() == 1
    assert [row.therapist for row in kept(clinic)] == ["Practitioner/ada"]


def test_what_is_still_to_come_says_nothing(clinic: Clinic) -> None:
    book(clinic, status="booked")
    hold(clinic, status="planned")
    assert clinic.attend() == 0


def test_a_callers_word_wins_over_the_ehrs(clinic: Clinic) -> None:
    record_attendance(clinic.deployment, by_caller(), an_access())
    book(clinic)
    assert clinic.attend() == 0
    assert said(clinic) == [("attended", 1, "2026-02-23")]


def test_the_ehrs_word_gives_way_to_a_callers_that_comes_later(clinic: Clinic) -> None:
    book(clinic)
    hold(clinic)
    clinic.attend()
    _, is_new = record_attendance(clinic.deployment, by_caller(), an_access())
    book(clinic, comment="changed there")
    assert clinic.attend() == 0
    assert is_new
    assert [row.identifier_value for row in kept(clinic) if row.status != "entered-in-error"] == ["a-1"]


def test_a_person_may_correct_what_the_ehr_said(clinic: Clinic) -> None:
    book(clinic)
    clinic.attend()
    (row,) = kept(clinic)
    correct_attendance(clinic.deployment, row.id, 1, by_caller(), an_access("U"))
    book(clinic, comment="changed there")
    assert clinic.attend() == 0
    assert said(clinic) == [("attended", 2, "2026-02-23")]


def test_a_pass_goes_on_where_the_last_one_ended(clinic: Clinic) -> None:
    book(clinic)
    clinic.attend()
    clinic.asked.clear()
    clinic.attend()
    since = [one.url.params["_lastUpdated"] for one in clinic.asked if "_lastUpdated" in one.url.params]
    # Of Encounters none was seen: they are read from 28 days ago on.
    assert since == ["ge2026-03-02T11:55:00.000000Z", "ge2026-02-02T12:00:00.000000Z"]


def test_an_ehr_without_such_a_search_is_told_of(clinic: Clinic) -> None:
    book(clinic)
    statement = clinic.ehr.get("/fhir/metadata").json()
    for one in statement["rest"][0]["resource"]:
        one["searchParam"] = [two for two in one["searchParam"] if two["name"] != "_lastUpdated"]
    clinic.instead["metadata"] = httpx.Response(200, json=statement)
    assert clinic.attend() == 0
    told = check_clinic(clinic.deployment).attendance
    assert told == f"{no_search('Appointment')}; {no_search('Encounter')}"


def test_trouble_with_one_type_does_not_stop_the_other_and_ends(clinic: Clinic) -> None:
    hold(clinic)
    clinic.instead["Appointment"] = httpx.Response(500)
    assert clinic.attend() == 1
    assert "status-500" in check_clinic(clinic.deployment).attendance
    clinic.instead.clear()
    clinic.attend()
    assert check_clinic(clinic.deployment).attendance == "on"
