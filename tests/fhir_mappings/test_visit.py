"""What Encounters and Appointments say of a session, and what they leave open."""

from typing import Any

import pytest

from fhir_mappings.visit import Visit, visit_of_appointment, visit_of_encounter

BASE = "https://ehr.example/fhir"
ADA = {"individual": {"reference": f"{BASE}/Practitioner/ada/_history/3"}}
BEA = {"individual": {"reference": "Practitioner/bea"}}
CARER = {"individual": {"reference": "RelatedPerson/mother"}}


def an_encounter(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "status": "finished",
        "subject": {"reference": "Patient/anna"},
        "participant": [ADA, CARER],
        "period": {"start": "2026-03-02T00:10:00+01:00"},
    } | changes


def an_appointment(*actors: str, **changes: Any) -> dict[str, Any]:
    taking_part = [{"actor": {"reference": one}, "status": "accepted"} for one in actors]
    facts = {"status": "noshow", "start": "2026-03-02T09:00:00+01:00", "participant": taking_part}
    return {"resourceType": "Appointment"} | facts | changes


def test_an_encounter_tells_whose_with_whom_and_on_which_day_there():
    visit = visit_of_encounter(an_encounter(), BASE)
    assert visit == Visit("Patient/anna", "Practitioner/ada", "2026-03-02", "attended")


def test_a_reference_that_nobody_keeps_is_none():
    long = {"individual": {"reference": f"Practitioner/{'a' * 243}"}}
    assert visit_of_encounter(an_encounter(participant=[long]), BASE).therapist == ""


@pytest.mark.parametrize("people", [[], [CARER], [ADA, BEA], None, ["x"], [{"individual": "x"}]])
def test_no_clear_therapist_is_none(people):
    assert visit_of_encounter(an_encounter(participant=people), BASE).therapist == ""


@pytest.mark.parametrize(
    "period", [None, {}, {"start": "2026-03"}, {"start": "2026-02-30"}, {"end": "2026-03-02"}, "2026-03-02"]
)
def test_no_clear_day_is_none(period):
    assert visit_of_encounter(an_encounter(period=period), BASE).day == ""


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_what_was_never_held_tells_of_no_session(status):
    visit = visit_of_encounter(an_encounter(status=status), BASE)
    assert visit == Visit("Patient/anna", "", "", None)


def test_a_group_is_no_patient():
    assert visit_of_encounter(an_encounter(subject={"reference": "Group/monday"}), BASE).patient == ""


def test_an_appointment_tells_the_same():
    visit = visit_of_appointment(an_appointment("Patient/anna", "Practitioner/ada", "Location/1"), BASE)
    assert visit == Visit("Patient/anna", "Practitioner/ada", "2026-03-02", "missed")


def test_who_declined_takes_no_part():
    people = [
        {"actor": {"reference": "Practitioner/ada"}, "status": "declined"},
        {"actor": {"reference": "Practitioner/bea"}, "status": "accepted"},
    ]
    assert visit_of_appointment(an_appointment(participant=people), BASE).therapist == "Practitioner/bea"


def test_an_appointment_of_several_patients_is_nobodys():
    assert visit_of_appointment(an_appointment("Patient/anna", "Patient/ben"), BASE).patient == ""
