"""A marker checklist: an alert of its own, or evidence; it alone says which type of strain was seen."""

from datetime import timedelta
from typing import Any

import pytest

from fhir_mappings import json_text
from fhir_mappings.alert import to_detected_issue
from service.flows.act_on_alert import PersonsAct, act_on_alert
from service.flows.alert_evidence import level_of
from service.flows.correct_response import correct_response, withdraw_response
from service.flows.deployment import Deployment
from service.flows.load import alert_facts
from service.flows.new_response import NewResponse, Recorded
from service.flows.record_response import record_response
from service.store.alerts import AlertRow, alerts_of_dyad
from tests.service.build import FIRST_SESSION, StandingClock, a_checklist, a_report, a_response, an_access

STEADY = ("36.2", "37.0", "36.4", "37.4", "28.0")


@pytest.fixture(autouse=True)
def recent(clock: StandingClock) -> None:
    """Let every session be of the last four weeks."""
    clock.moment = FIRST_SESSION + timedelta(weeks=3)


def take(deployment: Deployment, *responses: NewResponse) -> list[Recorded]:
    return [record_response(deployment, one, an_access()) for one in responses]


def a_fall(deployment: Deployment) -> None:
    take(deployment, *(a_response(number, total) for number, total in enumerate(STEADY, 1)))


def the_alert(deployment: Deployment) -> AlertRow:
    with deployment.database.read() as tx:
        (row,) = alerts_of_dyad(tx, "default", 1)
    return row


def typed(deployment: Deployment) -> tuple[str, str]:
    row = the_alert(deployment)
    return row.type, row.type_source


def levels(row: AlertRow) -> list[str]:
    return [level_of(one) for one in json_text.loads(row.evidence)]


@pytest.mark.parametrize(("by", "level"), [("observer", "A"), ("therapist", "B")])
def test_a_strong_sign_opens_an_alert_at_its_level(deployment: Deployment, by: str, level: str) -> None:
    take(deployment, a_checklist(3, by, withdrawal_denial=3))
    row = the_alert(deployment)
    assert (row.rule, row.method, row.severity) == ("reported", "marker-checklist/1", "possible")
    assert levels(row) == [level]


@pytest.mark.parametrize(("by", "source"), [("observer", "observer-3RS"), ("therapist", "therapist-report")])
@pytest.mark.parametrize(
    ("marks", "name"),
    [
        ({"withdrawal_appeasing": 4}, "withdrawal"),
        ({"overall_confrontation": 3, "withdrawal_denial": 1}, "confrontation"),
        ({"withdrawal_denial": 3, "confrontation_about_progress": 5}, "mixed"),
    ],
)
def test_the_signs_name_its_type(
    deployment: Deployment, by: str, source: str, marks: dict[str, int], name: str
) -> None:
    take(deployment, a_checklist(3, by, **marks))
    assert typed(deployment) == (name, source)


@pytest.mark.parametrize("marks", [{"withdrawal_denial": 2}, {"overall_therapist_contribution": 5}])
def test_lesser_signs_open_nothing(deployment: Deployment, marks: dict[str, int]) -> None:
    (made,) = take(deployment, a_checklist(3, **marks))
    assert made.alerts == ()


def test_an_observer_types_a_strain_that_scores_showed(deployment: Deployment) -> None:
    a_fall(deployment)
    assert typed(deployment) == ("unknown", "none")
    take(deployment, a_checklist(5, withdrawal_denial=4))
    assert typed(deployment) == ("withdrawal", "observer-3RS")
    assert levels(the_alert(deployment)) == ["D", "A"]


def test_neither_scores_nor_a_clients_report_have_a_type(deployment: Deployment) -> None:
    a_fall(deployment)
    take(deployment, a_report(5, intensity=5, resolution=1))
    assert typed(deployment) == ("unknown", "none")


def test_a_checklist_after_a_persons_act_still_says_the_type(deployment: Deployment) -> None:
    a_fall(deployment)
    seen = PersonsAct("acknowledge", "Practitioner/ada")
    act_on_alert(deployment, the_alert(deployment).id, None, seen, an_access("U"))
    take(deployment, a_checklist(5, confrontation_defends_self=4))
    assert the_alert(deployment).status == "acknowledged"
    assert typed(deployment) == ("confrontation", "observer-3RS")


def test_a_corrected_checklist_corrects_the_type(deployment: Deployment) -> None:
    a_fall(deployment)
    (made,) = take(deployment, a_checklist(5, withdrawal_denial=4))
    corrected = a_checklist(5, confrontation_defends_self=4)
    correct_response(deployment, made.filled.id, None, corrected, an_access("U"))
    assert typed(deployment) == ("confrontation", "observer-3RS")


def test_a_withdrawn_checklist_leaves_no_type(deployment: Deployment) -> None:
    (made,) = take(deployment, a_checklist(3, withdrawal_denial=4))
    withdraw_response(deployment, made.filled.id, None, "wrong", an_access("U"))
    assert (the_alert(deployment).status, *typed(deployment)) == ("withdrawn", "unknown", "none")


def test_its_text_tells_nothing_of_the_marks(deployment: Deployment) -> None:
    take(deployment, a_checklist(3, withdrawal_denial=4, overall_resolution=1))
    text = the_alert(deployment).text
    assert text.startswith(
        "Reported strain after session 3. An observer marked signs of strain in session 3. An observer's view"
    )
    assert "withdrawal" not in text


def test_its_record_for_an_ehr_has_no_mark_and_no_type(deployment: Deployment) -> None:
    take(deployment, a_checklist(3, withdrawal_denial=4))
    record: dict[str, Any] = to_detected_issue(alert_facts(the_alert(deployment)), deployment.names)
    assert "implicated" not in record
    assert "withdrawal" not in json_text.dumps(record).decode()


def test_a_later_checklist_of_the_same_form_closes_it(deployment: Deployment) -> None:
    take(deployment, a_checklist(3, withdrawal_denial=4), a_checklist(4, overall_resolution=4))
    assert (the_alert(deployment).status, the_alert(deployment).live) == ("closed-by-scores", False)
