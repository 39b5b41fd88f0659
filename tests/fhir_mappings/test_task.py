"""A rupture alert as Task."""

from datetime import datetime

import pytest

from fhir_mappings.release import R4B_VERSION, to_release
from fhir_mappings.structure import check_structure
from fhir_mappings.task import to_task
from tests.builders import NAMES, an_alert

LATER = "2026-03-09T11:00:00+01:00"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("open", "requested"),
        ("acknowledged", "accepted"),
        ("in-repair", "in-progress"),
        ("repaired", "completed"),
        ("unresolved", "failed"),
        ("dismissed", "rejected"),
        ("closed-by-scores", "cancelled"),
        ("withdrawn", "cancelled"),
        ("entered-in-error", "entered-in-error"),
    ],
)
def test_status_follows_the_alert_and_its_own_word_is_the_business_status(status, expected):
    task = to_task(an_alert(status=status), NAMES)
    assert (task["status"], task["businessStatus"]["coding"][0]["code"]) == (expected, status)
    assert check_structure(to_release(task, R4B_VERSION)) == []


@pytest.mark.parametrize(("severity", "expected"), [("possible", "routine"), ("marked", "urgent")])
def test_priority_follows_the_severity(severity, expected):
    assert to_task(an_alert(severity=severity), NAMES)["priority"] == expected


def test_it_is_due_a_week_after_it_was_raised():
    task = to_task(an_alert(), NAMES)
    assert task["restriction"]["period"] == {"end": "2026-03-09T10:50:04+01:00"}


def test_it_is_about_the_detected_issue_and_the_patient_and_lies_with_the_therapist():
    task = to_task(an_alert(), NAMES)
    assert [task[name]["reference"] for name in ("focus", "for", "owner")] == [
        "DetectedIssue/a-1",
        "Patient/anna",
        "Practitioner/ada",
    ]


def test_nobody_owns_it_where_the_therapist_is_unknown():
    assert "owner" not in to_task(an_alert(therapist=None), NAMES)


def test_it_was_never_changed_before_it_was_written():
    task = to_task(an_alert(updated_at=LATER), NAMES)
    times = [datetime.fromisoformat(task[name]) for name in ("authoredOn", "lastModified")]
    assert times == sorted(times)


def test_work_that_ended_says_when_and_why():
    task = to_task(an_alert(status="closed-by-scores", updated_at=LATER), NAMES)
    assert task["executionPeriod"]["end"] == LATER
    assert task["statusReason"]["text"] == "Closed by scores"


def test_work_that_goes_on_has_no_end():
    assert "end" not in to_task(an_alert(status="in-repair"), NAMES)["executionPeriod"]


def test_completed_work_has_an_output():
    assert to_task(an_alert(status="repaired"), NAMES)["output"]
    assert "output" not in to_task(an_alert(status="unresolved"), NAMES)


def test_its_words_are_the_careful_ones():
    assert to_task(an_alert(), NAMES)["description"].startswith("Possible strain")


def test_who_took_it_owns_it():
    assert to_task(an_alert(owner="Practitioner/sue"), NAMES)["owner"] == {"reference": "Practitioner/sue"}


def test_rejected_work_says_why_it_was_dismissed():
    task = to_task(an_alert(status="dismissed", dismissal="known-cause"), NAMES)
    assert task["statusReason"]["coding"][0]["code"] == "known-cause"


def test_what_is_told_later_does_not_move_its_end():
    task = to_task(an_alert(status="repaired", ended_at=LATER, updated_at="2026-04-01T10:00:00Z"), NAMES)
    assert task["executionPeriod"]["end"] == LATER
