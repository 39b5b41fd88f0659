"""From every earlier revision, with data in place: nothing is lost, and this release works with it."""

from collections import defaultdict

import pytest

from service.flows.record_response import record_response
from service.flows.show_trend import TrendQuery, show_trend
from service.store.alerts import alerts_of_dyad
from service.store.deliveries import count_by_state, list_deliveries
from service.store.inbound import list_inbound
from service.store.parts import read_parts
from tests.service.build import a_deployment, a_response, an_access
from tests.service.store.old_revisions import PATIENT, a_course, counted, database_of, earlier_revisions

MOMENT = "2026-03-02T12:00:00.000000Z"
FORM = {"clinic": "default", "ehr": "ehr", "ehr_version": "1", "received_at": MOMENT, "updated_at": MOMENT}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return a_course(tmp_path_factory.mktemp("course"))


@pytest.fixture(params=earlier_revisions())
def upgraded(request, tmp_path, course):
    with database_of(tmp_path, request.param, course) as (database, counts):
        database.migrate()
        yield database, counts


def test_there_are_earlier_revisions():
    assert earlier_revisions()[:2] == ["0001", "0002"]


def test_rows_survive_and_this_release_works_with_them(upgraded, tmp_path):
    database, counts = upgraded
    assert {"responses", "scores", "alerts", "deliveries", "parts", "chart_entries"} <= counts.keys()
    assert counted(database, list(counts)) == counts

    deployment = a_deployment(tmp_path, database=database)
    (series,) = show_trend(deployment, TrendQuery([PATIENT]), "default").series
    with database.read() as tx:
        (alert,) = alerts_of_dyad(tx, "default", 1)
        states = count_by_state(tx, "default")
        first = list_deliveries(tx, "default", limit=1)[0]
        (part,) = read_parts(tx, "default", first.id)
    assert [str(point.rating.scores["total"]) for point in series.points][-2:] == ["22", "36"]
    assert (alert.session_number, alert.severity, alert.score_course) == (7, "marked", "recovered")
    assert (states, part.state) == ({"confirmed": 8, "pending": 2}, "confirmed")
    assert record_response(deployment, a_response(9, patient=PATIENT), an_access()).created


def test_of_forms_that_are_over_whose_they_were_is_left_alone(tmp_path):
    answered = b'{"subject": {"reference": "Patient/anna"}, "item": [{"linkId": "item-1"}]}'
    bodies = {"parked": answered, "discarded": answered, "superseded": b"no JSON", "taken": b""}
    forms = [
        {"row_id": place, "id": state, "ehr_id": state, "state": state, "body": body, **FORM}
        for place, (state, body) in enumerate(bodies.items(), 1)
    ]
    with database_of(tmp_path, "0039", defaultdict(list, inbound_responses=forms)) as (database, _):
        database.migrate()
        with database.read() as tx:
            kept = {row.state: row.body for row in list_inbound(tx, "default")}

    whose = b'{"subject": {"reference": "Patient/anna"}}'
    assert kept == {"parked": answered, "discarded": whose, "superseded": b"", "taken": b""}
