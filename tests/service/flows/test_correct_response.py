from decimal import Decimal

import pytest
from sqlalchemy import select

from fhir_mappings.filled import Identifier
from service.errors import Duplicate, FaultsInRequest, NotFound, StaleVersion, WrongState
from service.flows.correct_response import correct_response, withdraw_response
from service.flows.deployment import Deployment
from service.flows.new_response import Recorded
from service.flows.read_response import read_response
from service.flows.record_response import record_response
from service.store import tables
from service.store.alerts import AlertRow, alerts_of_dyad
from tests.service.build import a_response, an_access


def record(deployment: Deployment, **changes: object) -> Recorded:
    return record_response(deployment, a_response(**changes), an_access())


def correct(deployment: Deployment, response_id: str, version: int = 1, **changes: object) -> Recorded:
    return correct_response(deployment, response_id, version, a_response(**changes), an_access("U"))


def withdraw(deployment: Deployment, response_id: str) -> Recorded:
    return withdraw_response(deployment, response_id, None, "wrong client", an_access("U"))


def a_therapy_with_a_dip(deployment: Deployment) -> str:
    """Record five sessions of which the last raises an alert; return the last response's id."""
    for session, total in enumerate(("36.2", "37.0", "36.4", "37.4", "28.0"), 3):
        recorded = record(deployment, session=session, total=total)
    assert recorded.alerts
    return recorded.filled.id


def current_alerts(deployment: Deployment, dyad_row: int = 1) -> list[AlertRow]:
    with deployment.database.read() as tx:
        return alerts_of_dyad(tx, "default", dyad_row)


def test_a_correction_is_a_new_amended_version(deployment: Deployment) -> None:
    first = record(deployment, total="36.3")
    corrected = correct(deployment, first.filled.id, total="35.3").filled
    assert (corrected.version, corrected.status) == (2, "amended")
    assert corrected.scores[0].value == Decimal("35.3")


def test_the_version_before_stays_with_the_time_it_was_believed(deployment: Deployment) -> None:
    first = record(deployment, total="36.3")
    correct(deployment, first.filled.id, total="35.3")
    with deployment.database.read() as tx:
        rows = tx.execute(select(tables.responses).order_by(tables.responses.c.version)).all()
    assert [row.believed_until is None for row in rows] == [False, True]
    assert rows[0].believed_until == rows[1].believed_from


def test_a_correction_is_delivered(deployment: Deployment) -> None:
    first = record(deployment)
    assert len(correct(deployment, first.filled.id, total="35.3").deliveries) == 1


def test_the_same_content_again_makes_no_version(deployment: Deployment) -> None:
    first = record(deployment)
    again = correct(deployment, first.filled.id)
    assert (again.created, again.filled.version) == (False, 1)


def test_a_correction_of_an_older_version_is_refused(deployment: Deployment) -> None:
    first = record(deployment)
    correct(deployment, first.filled.id, total="35.3")
    with pytest.raises(StaleVersion):
        correct(deployment, first.filled.id, version=1, total="34.3")


def test_an_unknown_response_is_not_found(deployment: Deployment) -> None:
    with pytest.raises(NotFound):
        correct(deployment, "nobody")


def test_a_correction_cannot_move_to_another_patient(deployment: Deployment) -> None:
    first = record(deployment)
    with pytest.raises(FaultsInRequest) as refusal:
        correct(deployment, first.filled.id, patient="Patient/bert", source="Patient/bert")
    assert [fault.at for fault in refusal.value.faults] == ["patient"]


def test_a_correction_cannot_take_a_session_that_was_rated(deployment: Deployment) -> None:
    record(deployment, session=6)
    second = record(deployment, session=7)
    with pytest.raises(Duplicate):
        correct(deployment, second.filled.id, session_number=6)


def test_a_corrected_dip_withdraws_its_alert(deployment: Deployment) -> None:
    dip = a_therapy_with_a_dip(deployment)
    correct(deployment, dip, session=7, total="37.0")
    assert [(alert.status, alert.live, alert.version) for alert in current_alerts(deployment)] == [
        ("withdrawn", False, 2)
    ]


def test_a_corrected_therapist_moves_the_rating_to_the_other_dyad(deployment: Deployment) -> None:
    dip = a_therapy_with_a_dip(deployment)
    correct(deployment, dip, session=7, total="28.0", therapist="Practitioner/bo")
    assert current_alerts(deployment) == []
    assert [alert.status for alert in current_alerts(deployment, 2)] == ["withdrawn"]


def test_an_alert_moves_with_the_response_that_opened_it(deployment: Deployment) -> None:
    for session, total in enumerate(("36.2", "37.0", "36.4", "37.4"), 3):
        bo = {"therapist": "Practitioner/bo", "identifier": Identifier("urn:x", total)}
        record(deployment, session=session, total=total, **bo)
    dip = a_therapy_with_a_dip(deployment)
    correct(deployment, dip, session=7, total="28.0", therapist="Practitioner/bo")
    assert [(alert.status, alert.version) for alert in current_alerts(deployment, 1)] == [("open", 2)]
    assert current_alerts(deployment, 2) == []


def test_a_correction_cannot_take_the_identifier_of_another(deployment: Deployment) -> None:
    record(deployment, session=6)
    second = record(deployment, session=7)
    taken = Identifier("urn:clinic:north", "r-6")
    with pytest.raises(Duplicate):
        correct(deployment, second.filled.id, identifier=taken)


def test_a_correction_of_who_recorded_it_is_a_new_version(deployment: Deployment) -> None:
    first = record(deployment)
    assert correct(deployment, first.filled.id, author="Practitioner/bo").filled.version == 2


def test_an_alert_comes_back_with_what_supports_it(deployment: Deployment) -> None:
    dip = a_therapy_with_a_dip(deployment)
    correct(deployment, dip, session=7, total="37.0")
    correct(deployment, dip, version=2, session=7, total="28.0")
    assert [(alert.status, alert.version) for alert in current_alerts(deployment)] == [("open", 3)]


def test_a_withdrawn_response_is_entered_in_error_and_counts_no_longer(deployment: Deployment) -> None:
    dip = a_therapy_with_a_dip(deployment)
    withdrawn = withdraw(deployment, dip)
    assert (withdrawn.filled.status, withdrawn.filled.version) == ("entered-in-error", 2)
    assert [alert.status for alert in current_alerts(deployment)] == ["withdrawn"]


def test_withdrawing_twice_changes_nothing(deployment: Deployment) -> None:
    first = record(deployment)
    withdraw(deployment, first.filled.id)
    assert not withdraw(deployment, first.filled.id).created


def test_a_withdrawn_response_cannot_be_corrected(deployment: Deployment) -> None:
    first = record(deployment)
    withdraw(deployment, first.filled.id)
    with pytest.raises(WrongState):
        correct(deployment, first.filled.id, version=2, total="35.3")


def test_a_withdrawn_session_can_be_recorded_anew(deployment: Deployment) -> None:
    first = record(deployment)
    withdraw(deployment, first.filled.id)
    assert record(deployment, identifier=None).created


def test_reading_tells_what_recording_told(deployment: Deployment) -> None:
    dip = a_therapy_with_a_dip(deployment)
    read = read_response(deployment, dip, an_access("R"))
    assert [alert.severity for alert in read.alerts] == ["marked"]
    assert {prompt.rule for prompt in read.prompts} == {"total-36", "item-9", "fall-1"}


def test_the_identifier_of_a_withdrawn_response_stays_taken(deployment: Deployment) -> None:
    first = record(deployment)
    withdraw(deployment, first.filled.id)
    with pytest.raises(Duplicate):
        record(deployment)
