"""What is judged from what was kept of a dyad, and what makes it be judged whole."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from fhir_mappings.filled import Identifier
from service.flows.act_on_alert import PersonsAct, act_on_alert
from service.flows.deployment import Write
from service.flows.dyad_state import read_state
from service.flows.judge_next import judge_next
from service.flows.record_response import record_response
from service.store.patients import take_dyad
from service.store.responses import DyadRating
from service.store.tables import dyads
from tests.service.build import FIRST_SESSION, NOW, a_response, an_access

STEADY = ["37.2", "36.8", "37.5", "37.0", "36.9"]


@pytest.fixture
def steady(deployment):
    """A deployment in which Anna rated five steady sessions."""
    for session, total in enumerate(STEADY, 1):
        new = a_response(session, total, encounter=f"Encounter/session-{session}")
        record_response(deployment, new, an_access())
    return deployment


def _next(deployment, session=6, total="36.7", **changes):
    day = FIRST_SESSION + timedelta(weeks=session - 1)
    facts = {
        "id": "r-next",
        "version": 1,
        "instrument": "srs-3",
        "session_date": day.date().isoformat(),
        "session_number": session,
        "authored": day.isoformat(),
        "historical": False,
        "total": float(total),
        "answers": "{}",
        "language": None,
        "received_at": "2026-03-02T12:00:00.000000Z",
        "patient": "Patient/anna",
        "source": "Patient/anna",
        "encounter": None,
        "another_session": False,
        "authored_at": f"{day:%Y-%m-%dT%H:%M:%S}.000000Z",
    }
    with deployment.database.write() as tx:
        write = Write(tx, deployment, an_access(), NOW)
        key = tx.execute(select(dyads.c.patient_key)).scalar_one()
        dyad = take_dyad(tx, "default", key, "Practitioner/ada", "2026")
        return judge_next(write, dyad, DyadRating(**(facts | changes)))


def test_steady_rating_in_order_is_judged_from_what_was_kept(steady):
    onward = _next(steady)
    assert str(onward.before) == "36.9"
    assert read_state(onward.judged).series["srs-3"].memory.sums.ratings == 6


def test_another_form_begins_a_series_of_its_own(steady):
    onward = _next(steady, instrument="wai-sr-client", total="48")
    assert onward.before is None
    assert set(read_state(onward.judged).series) == {"srs-3", "wai-sr-client"}


@pytest.mark.parametrize(
    "changes",
    [
        {"total": "29.0"},  # it opens an alert
        {"session": 3},  # late
        {"session": 6, "session_number": 5},  # may be of a session that was rated
        {"session": 6, "session_number": None, "encounter": "Encounter/session-5"},
    ],
)
def test_whatever_may_change_more_is_judged_whole(steady, changes):
    assert _next(steady, **changes) is None


def test_number_given_before_a_rating_without_one_may_be_of_a_session_that_was_rated(steady):
    record_response(steady, a_response(6, identifier=None, session_number=None), an_access())
    assert _next(steady, session=7, session_number=4) is None
    assert _next(steady, session=7, session_number=6) is not None


def test_dyad_with_an_alert_that_a_person_touched_is_judged_whole(steady):
    opened = record_response(steady, a_response(6, "29.0"), an_access())
    assert _next(steady, session=7, total="32.5") is not None
    seen = PersonsAct("acknowledge", "Practitioner/ada")
    act_on_alert(steady, opened.alerts[0].id, None, seen, an_access("U"))
    assert _next(steady, session=7, total="32.5") is None
    record_response(steady, a_response(7, "32.5"), an_access())
    assert _next(steady, session=8, total="32.5") is None


def test_new_rule_is_judged_whole_once(steady):
    changed = {"alert_rule": "ewma"}
    other = replace(steady, settings=steady.settings.model_copy(update=changed))
    assert _next(other) is None


def test_state_of_another_release_is_not_used(steady):
    with steady.database.write() as tx:
        tx.execute(update(dyads).values(judged='{"method":"0"}'))
    assert _next(steady) is None


def test_clinic_that_kept_nothing_is_judged_whole(steady):
    with steady.database.write() as tx:
        tx.execute(update(dyads).values(judged=None))
    record_response(steady, a_response(6, "36.7", identifier=Identifier("urn:clinic", "r-six")), an_access())
    assert _next(steady, session=7) is not None
