"""Whose a PractitionerRole is, is asked of the EHR; a person is one under all of their roles."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from service.callers import Caller
from service.errors import EhrError
from service.flows.learn_roles import learn_roles
from service.flows.name_person import KnownPeople, name_person
from service.flows.record_response import record_response
from tests.service.build import a_response, an_access
from tests.service.flows.taking_in import BASE, Clinic, a_clinic

DAY = "PractitionerRole/ada-day"
NIGHT = "PractitionerRole/ada-night"


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    """A clinic with dyads under two roles of Ada."""
    with a_clinic(tmp_path) as made:
        for role in (DAY, NIGHT):
            hold(made, role, "Practitioner/ada")
            new = a_response(therapist=role, patient="Patient/anna", identifier=None)
            record_response(made.deployment, new, an_access())
        yield made


def hold(clinic: Clinic, role: str, practitioner: str) -> None:
    """Let the EHR answer that a role is this Practitioner's."""
    kind, _, logical_id = role.partition("/")
    held = {"resourceType": kind, "id": logical_id, "practitioner": {"reference": practitioner}}
    clinic.instead[logical_id] = httpx.Response(200, json=held)


def known_as(clinic: Clinic, user: str) -> set[str]:
    """Return every reference under which the person of a credential is known."""
    deployment = clinic.deployment
    caller = name_person(deployment.database, deployment.settings, Caller("app", user=user))
    return {str(caller.user), *caller.also}


@pytest.mark.parametrize("user", ["Practitioner/ada", DAY, f"{BASE}/{NIGHT}"])
def test_a_person_is_one_under_all_of_their_roles(clinic: Clinic, user: str) -> None:
    assert learn_roles(clinic.intake) == 2
    assert known_as(clinic, user) == {"Practitioner/ada", DAY, NIGHT}


def test_what_is_known_of_a_person_is_read_again_after_half_a_minute(clinic: Clinic) -> None:
    deployment = clinic.deployment
    known = KnownPeople(deployment.database, {"default": deployment.settings}, clinic.clock)
    before = known(Caller("app", user=DAY)).also
    learn_roles(clinic.intake)
    meanwhile = known(Caller("other app", user=DAY))
    clinic.clock.pass_by(seconds=30)
    assert (before, meanwhile.also, meanwhile.name) == ((), (), "other app")
    assert set(known(Caller("app", user=DAY)).also) == {"Practitioner/ada", NIGHT}


def reads(clinic: Clinic, known: KnownPeople, user: str) -> bool:
    """Tell whether naming a person asks the database."""
    heard: list[str] = []

    def hear(*told: Any) -> None:
        heard.append(told[2])

    event.listen(clinic.deployment.database.engine, "before_cursor_execute", hear)
    known(Caller("app", user=user))
    event.remove(clinic.deployment.database.engine, "before_cursor_execute", hear)
    return bool(heard)


def test_a_person_known_already_costs_no_read_until_too_many_are(clinic: Clinic) -> None:
    settings = {"default": clinic.deployment.settings}
    known = KnownPeople(clinic.deployment.database, settings, clinic.clock, at_most=2)
    asked = [
        "Practitioner/ada",
        "Practitioner/ada",
        "Practitioner/bea",
        "Practitioner/cia",
        "Practitioner/ada",
    ]
    assert [reads(clinic, known, one) for one in asked] == [True, False, True, True, True]


def test_another_person_is_nobody_of_these(clinic: Clinic) -> None:
    learn_roles(clinic.intake)
    assert known_as(clinic, "Practitioner/bea") == {"Practitioner/bea"}


def test_a_role_means_itself_alone_until_the_ehr_was_asked(clinic: Clinic) -> None:
    assert known_as(clinic, DAY) == {DAY}


def test_a_role_that_a_credential_names_is_asked_about(clinic: Clinic) -> None:
    hold(clinic, "PractitionerRole/bea-day", "Practitioner/bea")
    known_as(clinic, "PractitionerRole/bea-day")
    assert learn_roles(clinic.intake) == 3
    assert known_as(clinic, "Practitioner/bea") == {"Practitioner/bea", "PractitionerRole/bea-day"}


def test_a_role_that_the_ehr_does_not_show_is_asked_about_again_the_next_day(clinic: Clinic) -> None:
    clinic.instead["ada-day"] = httpx.Response(403)
    assert learn_roles(clinic.intake) == 1
    hold(clinic, DAY, "Practitioner/ada")
    assert learn_roles(clinic.intake) == 0
    clinic.clock.pass_by(seconds=timedelta(days=1, hours=1).total_seconds())
    assert learn_roles(clinic.intake) == 1


def test_a_role_that_changed_hands_is_the_new_persons(clinic: Clinic) -> None:
    learn_roles(clinic.intake)
    hold(clinic, DAY, "Practitioner/bea")
    clinic.clock.pass_by(seconds=timedelta(days=1, hours=1).total_seconds())
    assert learn_roles(clinic.intake) == 1
    assert known_as(clinic, "Practitioner/ada") == {"Practitioner/ada", NIGHT}


def test_a_role_that_nobody_holds_any_more_is_nobodys(clinic: Clinic) -> None:
    learn_roles(clinic.intake)
    hold(clinic, DAY, "")
    clinic.clock.pass_by(seconds=timedelta(days=1, hours=1).total_seconds())
    assert learn_roles(clinic.intake) == 0
    assert known_as(clinic, "Practitioner/ada") == {"Practitioner/ada", NIGHT}


def test_a_look_at_roles_that_takes_long_goes_on(clinic: Clinic) -> None:
    told: list[None] = []
    learn_roles(replace(clinic.intake, still=lambda: told.append(None)))
    assert len(told) == 2


def test_what_is_known_stays_where_the_ehr_shows_the_role_no_longer(clinic: Clinic) -> None:
    learn_roles(clinic.intake)
    clinic.instead["ada-day"] = httpx.Response(410)
    clinic.clock.pass_by(seconds=timedelta(days=1, hours=1).total_seconds())
    learn_roles(clinic.intake)
    assert known_as(clinic, DAY) == {"Practitioner/ada", DAY, NIGHT}


def test_what_is_known_stays_while_the_ehr_is_away(clinic: Clinic) -> None:
    learn_roles(clinic.intake)
    clinic.clock.pass_by(seconds=timedelta(days=1, hours=1).total_seconds())
    clinic.away = True
    with pytest.raises(EhrError):
        learn_roles(clinic.intake)
    assert known_as(clinic, DAY) == {"Practitioner/ada", DAY, NIGHT}
