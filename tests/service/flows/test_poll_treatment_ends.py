"""Ends of treatment by the EHR's EpisodesOfCare: of dyads that we know, a caller's word first."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.flows.check_readiness import check_clinic
from service.flows.poll_changes import no_search
from service.flows.poll_treatment_ends import poll_treatment_ends
from service.flows.record_response import record_response
from service.flows.tell_treatment_end import (
    NewEnd,
    Withdrawal,
    list_treatment_ends,
    tell_treatment_end,
    withdraw_treatment_end,
)
from tests.service.build import a_response, an_access
from tests.service.flows.taking_in import Clinic, a_clinic

ANNA, ADA = "Patient/anna", "Practitioner/ada"
ADA_BY_DAY = "PractitionerRole/ada-day"


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with a_clinic(tmp_path, ehr_treatment_ends=True) as made:
        record_response(made.deployment, a_response(7), an_access())  # so Anna and Ada are known
        yield made


def hold(clinic: Clinic, number: int = 1, **changes: Any) -> None:
    """Let the EHR hold an episode of Anna with Ada, finished where no change says otherwise."""
    facts = {
        "resourceType": "EpisodeOfCare",
        "id": f"e-{number}",
        "status": "finished",
        "patient": {"reference": ANNA},
        "careManager": {"reference": ADA},
        "period": {"start": "2025-09-01", "end": "2026-03-02"},
    }
    clinic.put({key: value for key, value in (facts | changes).items() if value is not None})


def poll(clinic: Clinic) -> int:
    return poll_treatment_ends(clinic.intake)


def kept(clinic: Clinic, patient: str = ANNA) -> list[tuple[str, str, str]]:
    found, _ = list_treatment_ends(clinic.deployment, [patient], an_access())
    return [(one.end.ended_on, one.end.reason, one.end.source) for one in found]


def test_a_finished_episode_is_an_end(clinic: Clinic) -> None:
    hold(clinic)
    assert poll(clinic) == 1
    assert kept(clinic) == [("2026-03-02", "unknown", "ehr")]


def test_what_says_the_same_again_changes_nothing(clinic: Clinic) -> None:
    hold(clinic)
    poll(clinic)
    hold(clinic, identifier=[{"system": "urn:x", "value": "1"}])
    assert poll(clinic) == 0


def test_a_change_there_is_kept(clinic: Clinic) -> None:
    hold(clinic)
    poll(clinic)
    hold(clinic, period={"end": "2026-03-01"})
    assert poll(clinic) == 1
    assert kept(clinic) == [("2026-03-01", "unknown", "ehr")]


@pytest.mark.parametrize("changes", [{"status": "active"}, {"careManager": None}, {"period": None}])
def test_what_the_ehr_takes_back_is_taken_back(clinic: Clinic, changes: dict[str, Any]) -> None:
    hold(clinic)
    poll(clinic)
    hold(clinic, **changes)
    assert (poll(clinic), poll(clinic)) == (1, 0)
    assert kept(clinic) == []


def test_an_episode_that_was_another_patients_moves_its_end(clinic: Clinic) -> None:
    ben = "Patient/ben"
    clinic.know("ben")
    record_response(clinic.deployment, a_response(7, patient=ben, identifier=None), an_access())
    hold(clinic)
    poll(clinic)
    hold(clinic, patient={"reference": ben})
    assert poll(clinic) == 1
    assert (kept(clinic), kept(clinic, ben)) == ([], [("2026-03-02", "unknown", "ehr")])


@pytest.mark.parametrize(
    "changes", [{"careManager": {"reference": "Practitioner/bea"}}, {"patient": {"reference": "Patient/ben"}}]
)
def test_nothing_is_kept_of_whom_we_do_not_know(clinic: Clinic, changes: dict[str, Any]) -> None:
    clinic.know("ben")
    hold(clinic, **changes)
    assert (poll(clinic), kept(clinic)) == (0, [])


def hold_role(clinic: Clinic, practitioner: str) -> None:
    """Let the EHR answer that a role is this Practitioner's."""
    held = {"resourceType": "PractitionerRole", "id": "ada-day", "practitioner": {"reference": practitioner}}
    clinic.instead["ada-day"] = httpx.Response(200, json=held)


def test_an_end_under_a_role_reaches_the_dyad_of_the_person(clinic: Clinic) -> None:
    hold_role(clinic, ADA)
    hold(clinic, careManager={"reference": ADA_BY_DAY})
    assert poll(clinic) == 1
    assert kept(clinic) == [("2026-03-02", "unknown", "ehr")]


def test_an_end_under_the_person_reaches_the_dyad_of_a_role(clinic: Clinic) -> None:
    ben = "Patient/ben"
    clinic.know("ben")
    new = a_response(7, patient=ben, therapist=ADA_BY_DAY, identifier=None)
    record_response(clinic.deployment, new, an_access())
    hold_role(clinic, ADA)
    hold(clinic, patient={"reference": ben})
    assert poll(clinic) == 1
    assert kept(clinic, ben) == [("2026-03-02", "unknown", "ehr")]


def test_an_end_under_another_persons_role_reaches_nobody(clinic: Clinic) -> None:
    hold_role(clinic, "Practitioner/bea")
    hold(clinic, careManager={"reference": ADA_BY_DAY})
    assert (poll(clinic), poll(clinic), kept(clinic)) == (0, 0, [])
    assert sum(one.url.path.endswith("/ada-day") for one in clinic.asked) == 1


def test_an_end_waits_for_an_ehr_that_does_not_tell_whose_a_role_is(clinic: Clinic) -> None:
    clinic.instead["ada-day"] = httpx.Response(500)
    hold(clinic, careManager={"reference": ADA_BY_DAY})
    assert poll(clinic) == 0
    hold_role(clinic, ADA)
    assert poll(clinic) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 405, 501])
def test_roles_that_are_not_for_us_keep_no_other_end_away(clinic: Clinic, status: int) -> None:
    clinic.instead["ada-day"] = httpx.Response(status)
    hold(clinic, 1, careManager={"reference": ADA_BY_DAY})
    hold(clinic, 2)
    assert poll(clinic) == 1
    assert kept(clinic) == [("2026-03-02", "unknown", "ehr")]


def test_a_callers_word_wins_over_the_ehrs(clinic: Clinic) -> None:
    told = NewEnd(ANNA, ADA, "2026-03-02", "client-left", by=ADA)
    tell_treatment_end(clinic.deployment, told, an_access("U"))
    hold(clinic)
    assert poll(clinic) == 0
    assert kept(clinic) == [("2026-03-02", "client-left", "caller")]


def test_what_a_caller_took_back_the_ehr_does_not_tell_again(clinic: Clinic) -> None:
    hold(clinic)
    poll(clinic)
    withdraw_treatment_end(clinic.deployment, Withdrawal(ANNA, ADA, ADA), an_access("U"))
    hold(clinic, identifier=[{"system": "urn:x", "value": "1"}])
    assert (poll(clinic), kept(clinic)) == (0, [])


def test_a_later_end_of_the_ehrs_is_a_new_therapy(clinic: Clinic) -> None:
    told = NewEnd(ANNA, ADA, "2026-03-01", "client-left", by=ADA)
    tell_treatment_end(clinic.deployment, told, an_access("U"))
    hold(clinic)
    assert poll(clinic) == 1
    assert kept(clinic) == [("2026-03-02", "unknown", "ehr")]


def test_an_ehr_without_such_a_search_is_told_of(clinic: Clinic) -> None:
    hold(clinic)
    statement = clinic.ehr.get("/fhir/metadata").json()
    for one in statement["rest"][0]["resource"]:
        one["searchParam"] = [two for two in one["searchParam"] if two["name"] != "_lastUpdated"]
    clinic.instead["metadata"] = httpx.Response(200, json=statement)
    assert poll(clinic) == 0
    assert check_clinic(clinic.deployment).attendance == no_search("EpisodeOfCare")


def test_a_look_that_failed_is_told_of(clinic: Clinic) -> None:
    hold(clinic)
    clinic.instead["EpisodeOfCare"] = httpx.Response(500)
    assert poll(clinic) == 0
    assert "EpisodeOfCare" in check_clinic(clinic.deployment).attendance
    assert "treatment_ends_failed" in clinic.log.getvalue()
    assert "attendance_failed" not in clinic.log.getvalue()


def test_what_is_turned_off_is_in_nobodys_way(clinic: Clinic) -> None:
    clinic.instead["EpisodeOfCare"] = httpx.Response(500)
    poll(clinic)
    changes = {"ehr_treatment_ends": False, "ehr_attendance": True}
    settings = clinic.deployment.settings.model_copy(update=changes)
    assert check_clinic(replace(clinic.deployment, settings=settings)).attendance == "on"
