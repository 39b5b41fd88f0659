import pytest

from fhir_mappings.attendance import CANCELLATION_REASONS, attendance_of_appointment, attendance_of_encounter

START = "2026-03-02T10:00:00+01:00"


def cancelled(changed, code=None, **facts):
    reason = {"coding": [{"system": CANCELLATION_REASONS, "code": code}]} if code else {}
    own = {"cancelationReason": reason} if code else {}
    return {"status": "cancelled", "start": START, "meta": {"lastUpdated": changed}} | own | facts


@pytest.mark.parametrize(
    ("status", "attendance"),
    [
        ("fulfilled", "attended"),
        ("noshow", "missed"),
        ("booked", None),
        ("arrived", None),
        ("entered-in-error", None),
        (None, None),
    ],
)
def test_an_appointments_status_tells_who_came(status, attendance):
    assert attendance_of_appointment({"status": status}) == attendance


@pytest.mark.parametrize(
    ("changed", "attendance"),
    [
        ("2026-03-01T10:00:00+01:00", None),
        ("2026-03-01T10:00:01+01:00", "late-cancelled"),
        ("2026-03-02T12:00:00Z", "late-cancelled"),
    ],
)
def test_cancelled_within_a_day_is_late(changed, attendance):
    assert attendance_of_appointment(cancelled(changed)) == attendance


@pytest.mark.parametrize(("code", "attendance"), [("pat-lt", "late-cancelled"), ("prov-pers", None)])
def test_what_the_provider_cancelled_is_not_the_clients(code, attendance):
    assert attendance_of_appointment(cancelled(START, code)) == attendance


@pytest.mark.parametrize("facts", [{"start": None}, {"start": "2026-03-02"}, {"meta": {}}, {"meta": None}])
def test_cancelled_without_moments_cannot_be_told(facts):
    assert attendance_of_appointment(cancelled(START) | facts) is None


def test_a_reason_that_is_no_list_is_left_aside():
    assert attendance_of_appointment(cancelled(START, cancelationReason={"coding": 1})) == "late-cancelled"


@pytest.mark.parametrize(
    ("status", "attendance"),
    [("finished", "attended"), ("completed", "attended"), ("in-progress", "attended"), ("cancelled", None)],
)
def test_an_encounter_that_is_held_was_attended(status, attendance):
    assert attendance_of_encounter({"status": status}) == attendance
