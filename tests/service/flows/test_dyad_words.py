"""Site, team and approach of a dyad: what its latest session says of them, whatever comes when."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from service.flows.correct_response import correct_response, withdraw_response
from service.flows.record_response import record_response
from service.store.tables import dyads, patient_aliases
from tests.service.build import FIRST_SESSION, a_deployment, a_response, an_access
from tests.service.importing import HEADER, a_file, a_row, bring, counts, rows_in

WITH_TEAM = f"{HEADER},team"
WITH_BOTH = f"{HEADER},team,site"


@pytest.fixture
def deployment(tmp_path):
    made = a_deployment(tmp_path)
    yield made
    made.database.close()


def team_row(session, team, **changes):
    return f"{a_row(session, **changes)},{team}"


def brought(deployment, *rows, header=WITH_TEAM):
    return counts(bring(deployment, a_file(rows, header)))


def record(deployment, session, team, **changes):
    return record_response(deployment, a_response(session, team=team, **changes), an_access())


def words(deployment):
    with deployment.database.read() as tx:
        return [tuple(row) for row in tx.execute(select(dyads.c.team, dyads.c.site))]


def test_an_older_history_leaves_the_team_of_today(deployment):
    record(deployment, 7, "green")

    assert brought(deployment, team_row(1, "blue")) == (1, 0, 0)
    assert words(deployment) == [("green", None)]


def test_the_latest_session_counts_wherever_it_stands_in_the_file(deployment):
    brought(deployment, team_row(2, "red"), team_row(3, "green"), team_row(1, "blue"))

    assert words(deployment) == [("green", None)]


def test_a_history_that_comes_in_parts_is_told_by_its_latest(deployment):
    for row in (team_row(2, "red"), team_row(3, "green"), team_row(1, "blue")):
        brought(deployment, row)

    assert words(deployment) == [("green", None)]


def test_each_word_is_the_latest_that_was_said(deployment):
    brought(deployment, *(f"{a_row(n)},{said}" for n, said in ((3, "red,"), (2, ",north"))), header=WITH_BOTH)
    brought(deployment, f"{a_row(1)},blue,south", a_row(4) + ",,", header=WITH_BOTH)

    assert words(deployment) == [("red", "north")]


def test_what_was_there_already_says_nothing(deployment):
    brought(deployment, team_row(1, "blue"))

    assert brought(deployment, team_row(1, "red")) == (0, 1, 0)
    assert words(deployment) == [("blue", None)]


def test_a_refused_row_says_nothing(deployment):
    brought(deployment, team_row(1, "blue"))

    assert brought(deployment, team_row(1, "red", identifier="urn:clinic:north|other")) == (0, 0, 1)
    assert words(deployment) == [("blue", None)]


def test_a_row_that_is_refused_for_its_identifier_makes_no_patient(deployment):
    of_another = a_row(2, patient="ben", identifier="urn:clinic:north|anna-1")

    assert brought(deployment, a_row(1), of_another, header=HEADER) == (1, 0, 1)
    assert rows_in(deployment, patient_aliases) == rows_in(deployment, dyads) == 1


def test_a_row_whose_identifier_a_refused_one_had_is_recorded(deployment):
    brought(deployment, a_row(1), header=HEADER)
    name = {"identifier": "urn:clinic:north|again"}

    assert brought(deployment, a_row(1, **name), a_row(2, **name), header=HEADER) == (1, 0, 1)


def test_bodies_of_an_older_session_leave_the_team_too(deployment):
    record(deployment, 7, "green")
    record(deployment, 3, "blue")

    assert words(deployment) == [("green", None)]


def test_a_correction_says_the_team_anew(deployment):
    stored = record(deployment, 7, "green")

    correct_response(deployment, stored.filled.id, None, a_response(7, team="blue"), an_access("U"))

    assert words(deployment) == [("blue", None)]


def test_a_correction_of_an_older_session_leaves_the_team(deployment):
    stored = record(deployment, 3, "blue")
    record(deployment, 7, "green")

    correct_response(deployment, stored.filled.id, None, a_response(3, "30.0", team="red"), an_access("U"))

    assert words(deployment) == [("green", None)]


def test_what_a_withdrawn_response_said_gives_way(deployment):
    stored = record(deployment, 7, "green")
    withdraw_response(deployment, stored.filled.id, None, "another patient's", an_access("U"))

    record(deployment, 3, "blue")

    assert words(deployment) == [("blue", None)]


def test_a_session_that_was_dated_too_late_gives_way(deployment):
    stored = record(deployment, 7, "green")
    earlier = replace(a_response(7, team="green"), session_date=FIRST_SESSION.date().isoformat())
    correct_response(deployment, stored.filled.id, None, earlier, an_access("U"))

    record(deployment, 3, "blue")

    assert words(deployment) == [("blue", None)]


@pytest.mark.parametrize(("session", "team"), [(3, "green"), (9, "blue")])
def test_what_was_said_before_dates_were_kept_is_of_the_last_session(deployment, session, team):
    record(deployment, 7, "green")
    with deployment.database.write() as tx:
        tx.execute(update(dyads).values(team_on=None))

    record(deployment, session, "blue")

    assert words(deployment) == [(team, None)]


@settings(max_examples=10, deadline=None)
@given(history=st.permutations(range(1, 8)), cut=st.integers(0, 7))
def test_no_order_of_arrival_matters(tmp_path_factory, history, cut):
    made = a_deployment(tmp_path_factory.mktemp("clinic"))
    rows = [team_row(n, "" if n == 7 else f"team-{n}") for n in history]
    brought(made, *rows[:cut])
    brought(made, *rows[cut:])
    found = words(made)
    made.database.close()

    assert found == [("team-6", None)]
