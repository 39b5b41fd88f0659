"""A strain that somebody reports: an alert of its own, or evidence for the one that is open."""

from datetime import timedelta
from typing import Any

import pytest

from fhir_mappings import json_text
from service.flows.act_on_alert import AlertWithActs, PersonsAct, act_on_alert, read_alert_with_acts
from service.flows.alert_evidence import level_of
from service.flows.correct_response import withdraw_response
from service.flows.deployment import Deployment
from service.flows.load import alert_facts
from service.flows.new_response import NewResponse, Recorded
from service.flows.record_response import record_response
from service.store.alerts import AlertRow, alerts_of_dyad
from tests.service.alliance.forbidden import forbidden_in
from tests.service.build import FIRST_SESSION, StandingClock, a_check_in, a_report, a_response, an_access

STEADY = ("36.2", "37.0", "36.4", "37.4")


@pytest.fixture(autouse=True)
def recent(clock: StandingClock) -> None:
    """Let every session be of the last four weeks."""
    clock.moment = FIRST_SESSION + timedelta(weeks=3)


def take(deployment: Deployment, *responses: NewResponse) -> list[Recorded]:
    return [record_response(deployment, one, an_access()) for one in responses]


def steady(deployment: Deployment, *more: str, first: int = 1) -> None:
    take(
        deployment,
        *(a_response(number, total) for number, total in enumerate((*STEADY, *more), first)),
    )


def alerts(deployment: Deployment) -> list[AlertRow]:
    with deployment.database.read() as tx:
        return alerts_of_dyad(tx, "default", 1)


def act(deployment: Deployment, name: Any, **more: Any) -> AlertWithActs:
    done = PersonsAct(name, "Practitioner/ada", **more)
    return act_on_alert(deployment, alerts(deployment)[-1].id, None, done, an_access("U"))


def evidence(row: AlertRow) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json_text.loads(row.evidence)
    return found


def levels(row: AlertRow) -> list[str]:
    return [level_of(one) for one in evidence(row)]


@pytest.mark.parametrize("by", ["client", "therapist"])
def test_a_yes_opens_an_alert_marked_as_reported(deployment: Deployment, by: str) -> None:
    (made,) = take(deployment, a_report(3, by, intensity=3, resolution=2))
    (row,) = alerts(deployment)
    assert [one.id for one in made.alerts] == [row.id]
    assert (row.rule, row.method, row.norms) == ("reported", "self-report/1", "none")
    assert (row.status, row.severity, row.live, row.news) == ("open", "possible", True, "opened")
    assert (row.type, row.type_source) == ("unknown", "none")


def test_its_evidence_says_who_and_how_strong(deployment: Deployment) -> None:
    take(deployment, a_report(3, intensity=3, resolution=2))
    (seen,) = evidence(alerts(deployment)[0])
    told = {"kind": "self-report", "by": "client", "strain": True, "intensity": 3, "resolution": 2}
    assert (level_of(seen), seen["reported"]) == ("B", told | {"type": "unknown"})


def test_a_strong_one_is_marked(deployment: Deployment) -> None:
    take(deployment, a_report(3, intensity=4, resolution=1))
    assert alerts(deployment)[0].severity == "marked"


def test_a_no_opens_nothing(deployment: Deployment) -> None:
    take(deployment, a_report(3, happened=False))
    assert alerts(deployment) == []


def test_its_text_says_what_was_reported_and_no_more(deployment: Deployment) -> None:
    take(deployment, a_report(3, intensity=3, resolution=2))
    text = alerts(deployment)[0].text
    assert text.startswith(
        "Reported strain after session 3. The client reported a strain in session 3: intensity 3 of 5, "
        "resolved 2 of 5. A report is one person's view"
    )
    assert forbidden_in(text) == []


def test_a_report_adds_evidence_to_an_open_alert(deployment: Deployment) -> None:
    steady(deployment, "28.0")
    take(deployment, a_report(5, intensity=3))
    (row,) = alerts(deployment)
    assert (row.rule, levels(row)) == ("own-baseline", ["D", "B"])
    assert "The client reported a strain in session 5: intensity 3 of 5." in row.text
    assert row.news == ""


def test_a_fall_adds_evidence_to_a_reported_strain(deployment: Deployment) -> None:
    steady(deployment)
    take(deployment, a_report(4, intensity=2), a_response(5, "28.0"))
    (row,) = alerts(deployment)
    assert (row.rule, levels(row)) == ("reported", ["B", "D"])
    assert (row.severity, row.news) == ("marked", "raised")
    assert "SRS 28.0; usual range there" in row.text


def test_a_later_report_that_it_is_resolved_closes_it(deployment: Deployment) -> None:
    take(deployment, a_report(3, intensity=3, resolution=1), a_report(4, intensity=2, resolution=3))
    (row,) = alerts(deployment)
    assert (row.status, row.score_course, row.live, row.news) == (
        "closed-by-scores",
        "recovered",
        False,
        "closed",
    )
    assert "A later report of session 4 gives it as resolved" in row.text


def test_it_stays_open_where_the_next_one_is_not_resolved(deployment: Deployment) -> None:
    take(deployment, a_report(3, intensity=3, resolution=1), a_report(4, intensity=2, resolution=2))
    (row,) = alerts(deployment)
    assert (row.status, len(evidence(row))) == ("open", 2)


def test_only_who_reported_it_can_give_it_as_resolved(deployment: Deployment) -> None:
    take(deployment, a_report(3, resolution=1), a_report(4, "therapist", resolution=5))
    assert alerts(deployment)[0].live is True


def test_a_person_who_acted_keeps_the_status(deployment: Deployment) -> None:
    take(deployment, a_report(3, resolution=1))
    act(deployment, "acknowledge")
    take(deployment, a_report(4, resolution=4))
    (row,) = alerts(deployment)
    assert (row.status, row.score_course, row.live) == ("acknowledged", "recovered", False)


def test_scores_never_close_a_reported_strain(deployment: Deployment) -> None:
    steady(deployment)
    take(deployment, a_report(4, resolution=1), *(a_response(number, "37.0") for number in range(5, 8)))
    assert (alerts(deployment)[0].status, alerts(deployment)[0].score_course) == ("open", "low")


def test_one_that_nobody_reported_on_again_is_heard_again_by_a_fall(deployment: Deployment) -> None:
    steady(deployment)
    take(deployment, a_report(4, intensity=4), *(a_response(number, "37.0") for number in range(5, 9)))
    assert alerts(deployment)[0].score_course == "not-recovered"
    take(deployment, a_response(9, "33.0"))
    (row,) = alerts(deployment)
    assert (row.score_course, row.news) == ("low", "again")


def test_a_report_is_heard_after_a_dismissal(deployment: Deployment) -> None:
    steady(deployment, "28.0")
    act(deployment, "dismiss", reason="not-a-strain")
    take(deployment, a_report(6, intensity=2))
    assert [row.status for row in alerts(deployment)] == ["dismissed", "open"]


def test_a_withdrawn_report_supports_nothing(deployment: Deployment) -> None:
    (made,) = take(deployment, a_report(3, intensity=2))
    withdraw_response(deployment, made.filled.id, None, "wrong", an_access("U"))
    (row,) = alerts(deployment)
    assert (row.status, row.supported) == ("withdrawn", False)
    assert "Strain report then; withdrawn since." in row.text


def test_an_unfinished_report_says_nothing_yet(deployment: Deployment) -> None:
    new = a_report(3, intensity=2)
    take(
        deployment,
        a_response(
            3,
            instrument=new.instrument,
            answers=new.answers,
            identifier=new.identifier,
            status="in-progress",
        ),
    )
    assert alerts(deployment) == []


def test_a_session_off_track_is_a_report_with_the_words_shown(deployment: Deployment) -> None:
    take(deployment, a_check_in(3, "no", missed="Too fast for me."))
    (row,) = alerts(deployment)
    shown = read_alert_with_acts(deployment, row.id, "default").words
    assert "The client marked the work as not on track in session 3." in row.text
    assert [dict(one.texts) for one in shown] == [{"missed": "Too fast for me."}]
    assert "Too fast" not in repr(row)


@pytest.mark.parametrize(("told", "course"), [("yes", "recovered"), ("partly", "low"), ("no", "low")])
def test_a_session_on_track_again_closes_it(deployment: Deployment, told: str, course: str) -> None:
    take(deployment, a_check_in(3, "no"), a_check_in(4, told))
    assert alerts(deployment)[0].score_course == course


def test_its_record_names_the_observation_of_the_intensity(deployment: Deployment) -> None:
    (made,) = take(deployment, a_report(3, intensity=2))
    (seen,) = alert_facts(alerts(deployment)[0]).evidence
    assert (seen.response_id, seen.part) == (made.filled.id, "intensity")
    assert seen.score_code == "rupture-report-client.intensity"


def test_a_report_without_marks_gives_no_observation(deployment: Deployment) -> None:
    take(deployment, a_report(3))
    (seen,) = alert_facts(alerts(deployment)[0]).evidence
    assert (seen.part, seen.score_code) == (None, "rupture-report-client")


def test_there_is_one_live_alert_of_a_dyad(deployment: Deployment) -> None:
    steady(deployment, "28.0")
    take(deployment, a_report(5, intensity=5), a_report(5, "therapist", intensity=5), a_check_in(5, "no"))
    assert [row.live for row in alerts(deployment)] == [True]
