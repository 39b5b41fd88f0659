"""What people do about alerts, and what scores do meanwhile: both are kept, neither undoes the other."""

from datetime import timedelta
from typing import Any

import pytest

from fhir_mappings import json_text
from service.errors import NotFound, StaleVersion, WrongState
from service.flows.act_on_alert import AlertWithActs, PersonsAct, act_on_alert
from service.flows.correct_response import correct_response, withdraw_response
from service.flows.deployment import Deployment
from service.flows.new_response import Recorded
from service.flows.record_response import record_response
from service.store.alerts import AlertRow, alerts_of_dyad
from service.store.deliveries import list_deliveries
from tests.service.alliance.forbidden import forbidden_in
from tests.service.build import NOW, StandingClock, a_response, an_access

ADA, SUE = "Practitioner/ada", "Practitioner/sue"
GOOD_THEN_LOW = ("36.2", "37.0", "36.4", "37.4", "28.0")


def record(deployment: Deployment, session: int, total: str, **changes: Any) -> Recorded:
    return record_response(deployment, a_response(session, total, **changes), an_access())


def a_dip(deployment: Deployment) -> str:
    """Record five sessions of which the last, the seventh, raises an alert; return that response's id."""
    for session, total in enumerate(GOOD_THEN_LOW, 3):
        recorded = record(deployment, session, total)
    return recorded.filled.id


def alerts(deployment: Deployment) -> list[AlertRow]:
    with deployment.database.read() as tx:
        return alerts_of_dyad(tx, "default", 1)


def act(deployment: Deployment, name: Any, by: str = ADA, alert: str = "", **more: Any) -> AlertWithActs:
    alert_id = alert or alerts(deployment)[0].id
    return act_on_alert(deployment, alert_id, None, PersonsAct(name, by, **more), an_access("U"))


def acts(deployment: Deployment, *names: Any) -> AlertRow:
    for name in names:
        more = {"step": "validated"} if name == "repair-steps" else {}
        more |= {"reason": "known-cause"} if name == "dismiss" else {}
        act(deployment, name, **more)
    return alerts(deployment)[0]


def correct(deployment: Deployment, response_id: str, version: int, session: int, total: str) -> None:
    new = a_response(session, total)
    correct_response(deployment, response_id, version, new, an_access("U"))


def test_an_act_moves_the_status_and_leaves_the_course(deployment: Deployment) -> None:
    a_dip(deployment)
    row = acts(deployment, "acknowledge")
    assert (row.status, row.score_course, row.live, row.version) == ("acknowledged", "low", True, 2)
    assert (row.owner, row.touched_by) == (ADA, ADA)


def test_every_act_is_kept_with_who_and_when_and_the_words(deployment: Deployment) -> None:
    a_dip(deployment)
    acts(deployment, "acknowledge")
    done = act(deployment, "repair-steps", by=SUE, step="validated", words="We talked.")
    kept = [(one.act, one.by_person, one.caller, one.step, one.words) for one in done.acts]
    assert kept == [
        ("acknowledge", ADA, "loopback", None, None),
        ("repair-steps", SUE, "loopback", "validated", "We talked."),
    ]


def test_own_words_are_in_no_version_of_the_alert(deployment: Deployment) -> None:
    a_dip(deployment)
    acts(deployment, "acknowledge")
    row = act(deployment, "repair-steps", words="We talked.").alert
    assert "We talked." not in repr(row)
    assert json_text.loads(row.mitigations)[0]["step"] is None


def test_every_act_is_a_version_with_a_delivery(deployment: Deployment) -> None:
    a_dip(deployment)
    row = acts(deployment, "acknowledge", "repair-steps", "repair-steps", "resolve-repaired")
    with deployment.database.read() as tx:
        queued = list_deliveries(tx, "default", subject=row.id)
    assert sorted(one.subject_version for one in queued) == [1, 2, 3, 4, 5]


def test_an_act_on_a_historical_alert_is_kept_and_never_delivered(
    deployment: Deployment, clock: StandingClock
) -> None:
    clock.moment = NOW + timedelta(weeks=10)
    a_dip(deployment)
    row = acts(deployment, "acknowledge")
    with deployment.database.read() as tx:
        queued = list_deliveries(tx, "default", subject=row.id)
    assert (row.historical, row.status, queued) == (True, "acknowledged", [])


@pytest.mark.parametrize(
    ("before", "act_name", "sentence"),
    [
        ((), "repair-steps", "The alert is open: it cannot be given a repair step now."),
        ((), "resolve-repaired", "The alert is open: it cannot be resolved as repaired now."),
        (
            ("acknowledge",),
            "resolve-unresolved",
            "The alert is acknowledged: it cannot be resolved as unresolved now.",
        ),
        (
            ("acknowledge", "repair-steps"),
            "dismiss",
            "The alert is in-repair: it cannot be dismissed now.",
        ),
        (("dismiss",), "acknowledge", "The alert is dismissed: it cannot be acknowledged now."),
    ],
)
def test_an_illegal_move_names_state_and_act(
    deployment: Deployment, before: tuple, act_name: str, sentence: str
) -> None:
    a_dip(deployment)
    acts(deployment, *before)
    with pytest.raises(WrongState) as refused:
        act(deployment, act_name, by=SUE)
    assert refused.value.message == sentence


def test_the_same_again_by_the_same_person_is_no_new_version(deployment: Deployment) -> None:
    a_dip(deployment)
    first = acts(deployment, "acknowledge")
    again = act(deployment, "acknowledge")
    assert (again.alert.version, len(again.acts)) == (first.version, 1)
    with pytest.raises(WrongState):
        act(deployment, "acknowledge", by=SUE)


def test_a_stale_version_and_an_unknown_alert_are_refused(deployment: Deployment) -> None:
    a_dip(deployment)
    alert_id = acts(deployment, "acknowledge").id
    done = PersonsAct("dismiss", ADA, reason="other")
    with pytest.raises(StaleVersion):
        act_on_alert(deployment, alert_id, 1, done, an_access("U"))
    with pytest.raises(NotFound):
        act_on_alert(deployment, "nowhere", None, done, an_access("U"))


def test_scores_that_return_leave_a_touched_alert_its_status(deployment: Deployment) -> None:
    a_dip(deployment)
    acts(deployment, "acknowledge")
    record(deployment, 8, "37.0")
    (row,) = alerts(deployment)
    assert (row.status, row.score_course, row.live) == ("acknowledged", "recovered", False)
    assert row.news == "closed"


def test_after_a_touched_alert_recovered_the_next_one_follows_it(deployment: Deployment) -> None:
    a_dip(deployment)
    acts(deployment, "acknowledge")
    for session, total in enumerate(("37.0", "36.9", "37.1", "26.0"), 8):
        record(deployment, session, total)
    first, second = alerts(deployment)
    assert (second.follows, second.status, second.live) == (first.id, "open", True)
    assert act(deployment, "repair-steps", alert=first.id, step="noticed").alert.status == "in-repair"


@pytest.mark.parametrize("end", ["resolve-repaired", "resolve-unresolved"])
def test_after_a_resolution_the_next_signal_opens_one_that_follows(deployment: Deployment, end: str) -> None:
    a_dip(deployment)
    acts(deployment, "acknowledge", "repair-steps", end)
    raised = record(deployment, 8, "26.0").alerts
    first, second = alerts(deployment)
    assert [(one.id, one.follows, one.live) for one in raised] == [(second.id, first.id, True)]
    assert first.score_course == "low"


def test_a_dismissed_alert_stays_silent_until_the_scores_return(deployment: Deployment) -> None:
    a_dip(deployment)
    acts(deployment, "dismiss")
    assert record(deployment, 8, "24.0").alerts == ()
    assert [one.status for one in alerts(deployment)] == ["dismissed"]
    for session, total in enumerate(("37.0", "36.9", "37.1"), 9):
        record(deployment, session, total)
    (again,) = record(deployment, 12, "24.0").alerts
    assert (again.follows, again.live) == (None, True)


def test_a_strain_that_deepens_in_repair_amends_the_record(deployment: Deployment) -> None:
    a_dip(deployment)
    acts(deployment, "acknowledge", "repair-steps")
    record(deployment, 8, "24.0")
    (row,) = alerts(deployment)
    assert (row.status, row.amended, row.live) == ("in-repair", True, True)


def test_a_touched_alert_without_support_says_then_and_now(deployment: Deployment) -> None:
    dip = a_dip(deployment)
    acts(deployment, "acknowledge")
    correct(deployment, dip, 1, 7, "37.0")
    (row,) = alerts(deployment)
    assert (row.status, row.live, row.supported) == ("acknowledged", False, False)
    assert "SRS 28.0 then" in row.text
    assert "37.0 now" in row.text
    assert forbidden_in(row.text) == []
    (seen,) = json_text.loads(row.evidence)
    assert (seen["score"], seen["now"]["score"]) == (28, 37)


def test_a_withdrawn_rating_is_told_as_withdrawn(deployment: Deployment) -> None:
    dip = a_dip(deployment)
    acts(deployment, "acknowledge", "repair-steps")
    withdraw_response(deployment, dip, None, "wrong client", an_access("U"))
    (row,) = alerts(deployment)
    assert (row.status, row.supported) == ("in-repair", False)
    assert "withdrawn since" in row.text
    assert json_text.loads(row.evidence)[0]["now"] is None


def test_one_that_nobody_touched_is_withdrawn_and_says_why(deployment: Deployment) -> None:
    dip = a_dip(deployment)
    correct(deployment, dip, 1, 7, "37.0")
    (row,) = alerts(deployment)
    assert (row.status, row.supported, "37.0 now" in row.text) == ("withdrawn", False, True)


def test_support_that_comes_back_is_told_as_before(deployment: Deployment) -> None:
    dip = a_dip(deployment)
    text = acts(deployment, "acknowledge").text
    correct(deployment, dip, 1, 7, "37.0")
    correct(deployment, dip, 2, 7, "28.0")
    (row,) = alerts(deployment)
    assert (row.status, row.supported, row.live, row.text) == ("acknowledged", True, True, text)


@pytest.mark.parametrize("name", ["acknowledge", "dismiss"])
def test_a_late_rating_that_opens_the_same_fall_keeps_what_was_done(
    deployment: Deployment, name: str
) -> None:
    for session, total in ((2, "36.2"), (3, "37.0"), (4, "36.4"), (5, "37.4"), (7, "28.0")):
        record(deployment, session, total)
    before = acts(deployment, name)
    if name == "acknowledge":  # the late one is low too: then one fall began a session earlier
        late = record(deployment, 6, "29.0")
        (row,) = alerts(deployment)
        assert (row.id, row.opened_by, row.status) == (before.id, late.filled.id, "acknowledged")
    else:
        record(deployment, 6, "29.0")
        assert [(one.id, one.status) for one in alerts(deployment)] == [(before.id, "dismissed")]


def test_an_act_where_all_ratings_are_gone_still_counts(deployment: Deployment) -> None:
    recorded = [record(deployment, session, total) for session, total in enumerate(GOOD_THEN_LOW, 3)]
    acts(deployment, "acknowledge")
    for one in recorded:
        withdraw_response(deployment, one.filled.id, None, "wrong client", an_access("U"))
    assert acts(deployment, "dismiss").status == "dismissed"
