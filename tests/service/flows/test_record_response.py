import threading
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from fhir_mappings.filled import Answers, Identifier
from service.clock import as_instant
from service.errors import Duplicate
from service.flows.deployment import Deployment
from service.flows.new_response import Recorded
from service.flows.record_response import record_response
from service.store import tables
from tests.service.build import StandingClock, a_deployment, a_response, an_access, marks


def record(deployment: Deployment, **changes: object) -> Recorded:
    return record_response(deployment, a_response(**changes), an_access())


def count(deployment: Deployment, table: str) -> int:
    with deployment.database.read() as tx:
        return tx.execute(select(func.count()).select_from(tables.metadata.tables[table])).scalar_one()


def test_scores_come_back_with_the_response(deployment: Deployment) -> None:
    recorded = record(deployment, total="36.3")
    assert [(one.id, one.value) for one in recorded.filled.scores] == [("total", Decimal("36.3"))]
    assert recorded.complete


def test_response_scores_delivery_and_audit_are_stored_together(deployment: Deployment) -> None:
    record(deployment)
    found = {name: count(deployment, name) for name in ("responses", "scores", "deliveries", "audit_rows")}
    assert found == {"responses": 1, "scores": 6, "deliveries": 1, "audit_rows": 1}


def test_a_blank_mark_leaves_the_response_incomplete(deployment: Deployment) -> None:
    values = dict(marks("36.0").values)
    del values["item-2"]
    assert not record(deployment, answers=Answers(values)).complete


def test_the_same_response_again_is_the_stored_one(deployment: Deployment) -> None:
    first, again = record(deployment), record(deployment)
    assert (again.created, again.filled.id, again.deliveries) == (False, first.filled.id, first.deliveries)
    assert count(deployment, "responses") == 1


def test_trailing_zeros_do_not_make_another_response(deployment: Deployment) -> None:
    first = record(deployment, total="36.4")
    padded = Answers({item: Decimal(f"{value}0") for item, value in marks("36.4").values.items()})
    assert record(deployment, answers=padded).filled.id == first.filled.id


def test_an_identifier_with_other_content_is_refused(deployment: Deployment) -> None:
    first = record(deployment, total="36.3")
    with pytest.raises(Duplicate) as refusal:
        record(deployment, total="36.4")
    assert refusal.value.stored_id == first.filled.id
    assert count(deployment, "responses") == 1


OTHER = Identifier("urn:clinic:north", "another")


def test_the_same_session_under_another_identifier_is_refused(deployment: Deployment) -> None:
    first = record(deployment)
    with pytest.raises(Duplicate) as refusal:
        record(deployment, identifier=OTHER)
    assert refusal.value.stored_id == first.filled.id


def test_the_same_encounter_is_the_same_session(deployment: Deployment) -> None:
    record(deployment, session_number=None, encounter="Encounter/e1")
    with pytest.raises(Duplicate):
        record(
            deployment,
            identifier=OTHER,
            session_number=None,
            encounter="Encounter/e1",
            session_date="2026-02-15",
        )


def test_the_same_date_alone_is_the_same_session(deployment: Deployment) -> None:
    record(deployment, session_number=None)
    with pytest.raises(Duplicate):
        record(deployment, identifier=OTHER, session_number=None)


def test_a_clash_by_date_alone_can_be_overruled(deployment: Deployment) -> None:
    record(deployment, session_number=None)
    assert record(deployment, identifier=OTHER, session_number=None, another_session=True).created


def test_two_sessions_of_one_day_differ_by_number(deployment: Deployment) -> None:
    record(deployment, session_number=7)
    assert record(deployment, identifier=OTHER, session_number=8).created


def test_an_unknown_therapist_makes_a_series_of_its_own(deployment: Deployment) -> None:
    record(deployment)
    assert record(deployment, identifier=OTHER, therapist=None).created


def test_a_patient_below_the_ehrs_base_is_the_patient_of_the_same_id(tmp_path) -> None:
    base = "http://127.0.0.1:8095/fhir"
    deployment = a_deployment(tmp_path, ehr_base_url=base)
    record(deployment, session=6)
    absolute = f"{base}/Patient/anna"
    with pytest.raises(Duplicate):
        record(deployment, session=6, identifier=OTHER, patient=absolute)
    record(deployment, session=7, patient=absolute, source=absolute)
    assert count(deployment, "dyads") == count(deployment, "patient_aliases") == 1
    deployment.database.close()


def test_of_racing_callers_one_creates(deployment: Deployment) -> None:
    found: list[bool] = []
    callers = [threading.Thread(target=lambda: found.append(record(deployment).created)) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(found) == [False] * 7 + [True]


def test_of_racing_identifiers_for_one_session_one_is_stored(deployment: Deployment) -> None:
    outcomes: list[str] = []

    def call(number: int) -> None:
        try:
            record(deployment, identifier=Identifier("urn:race", str(number)))
            outcomes.append("created")
        except Duplicate:
            outcomes.append("refused")

    callers = [threading.Thread(target=call, args=(number,)) for number in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(outcomes) == ["created"] + ["refused"] * 7


def test_a_fall_of_one_point_prompts_against_the_rating_before(deployment: Deployment) -> None:
    record(deployment, session=6, total="38.6")
    prompts = record(deployment, session=7, total="37.6").prompts
    assert [prompt.rule for prompt in prompts] == ["fall-1"]


def test_a_late_entry_is_compared_with_the_session_before_it(deployment: Deployment) -> None:
    record(deployment, session=5, total="40.0")
    record(deployment, session=7, total="37.0")
    assert "fall-1" in [prompt.rule for prompt in record(deployment, session=6, total="38.0").prompts]


def test_a_fall_below_the_own_baseline_opens_an_alert(deployment: Deployment) -> None:
    for session, total in enumerate(("36.2", "37.0", "36.4", "37.4"), 4):
        record(deployment, session=session, total=total)
    recorded = record(deployment, session=8, total="28.0")
    assert [(alert.status, alert.severity) for alert in recorded.alerts] == [("open", "marked")]
    assert len(recorded.deliveries) == 2


def test_scores_that_return_close_an_untouched_alert(deployment: Deployment) -> None:
    for session, total in enumerate(("36.2", "37.0", "36.4", "37.4", "28.0"), 3):
        raised = record(deployment, session=session, total=total).alerts
    record(deployment, session=8, total="36.6")
    with deployment.database.read() as tx:
        rows = tx.execute(select(tables.alerts).order_by(tables.alerts.c.version)).all()
    assert [(row.id, row.status, row.score_course, row.live) for row in rows] == [
        (raised[0].id, "open", "low", True),
        (raised[0].id, "closed-by-scores", "recovered", False),
    ]


def test_a_response_of_long_ago_raises_a_historical_alert_that_is_not_delivered(
    deployment: Deployment, clock: StandingClock
) -> None:
    clock.pass_by(days=60)
    for session, total in enumerate(("36.2", "37.0", "36.4", "37.4"), 3):
        record(deployment, session=session, total=total)
    recorded = record(deployment, session=7, total="28.0")
    assert [alert.historical for alert in recorded.alerts] == [True]
    assert len(recorded.deliveries) == 1


def test_a_live_rating_makes_a_historical_alert_live(deployment: Deployment, clock: StandingClock) -> None:
    clock.pass_by(days=20)
    for session, total in enumerate(("36.2", "37.0", "36.4", "36.8", "32.0"), 3):
        record(deployment, session=session, total=total)
    clock.pass_by(hours=1)
    recorded = record(deployment, session=8, total="27.0")
    assert [(alert.historical, alert.version) for alert in recorded.alerts] == [(False, 2)]
    # Else the work that it asks for would be overdue from the beginning.
    assert [alert.raised_at for alert in recorded.alerts] == [as_instant(clock())]


def test_order_of_arrival_does_not_matter(tmp_path_factory: pytest.TempPathFactory) -> None:
    totals = dict(enumerate(("36.2", "37.0", "36.4", "37.4", "28.0", "29.0"), 2))
    found = []
    for order in (sorted(totals), sorted(totals, reverse=True)):
        deployment = a_deployment(tmp_path_factory.mktemp("order"))
        for session in order:
            record(deployment, session=session, total=totals[session])
        with deployment.database.read() as tx:
            current = select(tables.alerts).where(
                tables.alerts.c.believed_until.is_(None), tables.alerts.c.status != "withdrawn"
            )
            found.append([(row.session_number, row.status, row.severity) for row in tx.execute(current)])
        deployment.database.close()
    assert found[0] == found[1] == [(6, "open", "marked")]
