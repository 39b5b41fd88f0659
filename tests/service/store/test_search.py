"""A patient's page is read by an index, whatever else the clinic holds."""

from dataclasses import replace

import pytest

from service.store.conditions import OfPatient, OneOf, PairOneOf, PanelOver, Span, Within
from service.store.search import Page, count_places, find_places
from tests.databases import sqlite_only
from tests.service.api.fhir.calls import create, session
from tests.service.store.plans import plans

ANNA = OfPatient(("Patient/anna",))
UPDATED_SINCE = Within((Span("2026-01-01T00:00:00.000000Z", None),), "updated")
SINCE = Within((Span("2026-01-01T00:00:00.000000Z", None),))
# The unique key of id and version: SQLite names the index of a constraint by itself.
BY_ID = "sqlite_autoindex_responses_1 (clinic=? AND id=?"


@sqlite_only
@pytest.mark.parametrize(
    ("kind", "index"),
    [
        ("response", "ix_responses_patient"),
        ("observation", "ix_responses_patient"),
        ("alert", "ix_alerts_patient"),
        ("work", "ix_alerts_patient"),
        ("trace", "ix_responses_patient"),
    ],
)
@pytest.mark.parametrize("conditions", [(ANNA,), (ANNA, SINCE), (ANNA, UPDATED_SINCE)])
def test_a_patient_s_page_is_read_by_an_index(client, database, kind, index, conditions):
    create(client, session(10))
    by_moment = Page(limit=50, after=("2026-03-02T09:50:00.000000Z", 9), upto=9)
    by_update = replace(by_moment, by="updated")

    plan = plans(database, lambda tx: find_places(tx, "default", kind, conditions, by_moment))
    updates = plans(database, lambda tx: find_places(tx, "default", kind, conditions, by_update))
    counting = plans(database, lambda tx: count_places(tx, "default", kind, conditions))

    assert index in plan
    assert index in updates
    assert index in counting
    assert "SCAN" not in plan + updates + counting


@sqlite_only
@pytest.mark.parametrize("conditions", [(), (UPDATED_SINCE,)])
@pytest.mark.parametrize(
    ("kind", "index"), [("response", "ix_responses_updated"), ("alert", "ix_alerts_believed")]
)
def test_what_was_updated_is_read_in_that_order(database, kind, index, conditions):
    page = Page(limit=50, by="updated", newest_first=False)

    plan = plans(database, lambda tx: find_places(tx, "default", kind, conditions, page))

    assert index in plan
    assert "B-TREE" not in plan


def test_an_unknown_patient_has_nothing(client, database):
    create(client, session(10))
    nobody = (OfPatient(("Patient/nobody",)),)

    with database.read() as tx:
        assert find_places(tx, "default", "response", nobody, Page(50)) == []
        assert count_places(tx, "default", "observation", nobody) == 0


@sqlite_only
@pytest.mark.parametrize(
    ("kind", "condition", "index"),
    [
        ("response", OneOf("id", ("r-1",)), BY_ID),
        (
            "response",
            PairOneOf(("identifier_system", "identifier_value"), (("a", "b"),)),
            "uq_responses_identifier",
        ),
        ("observation", OneOf("response", ("r-1",)), BY_ID),
        (
            "response",
            PairOneOf(("identifier_system", "identifier_value"), (("a", "b"), (None, "c"))),
            "uq_responses_identifier",
        ),
        (
            "response",
            PairOneOf(("identifier_system", "identifier_value"), ((None, "b"), (None, "c"))),
            "uq_responses_identifier",
        ),
        ("response", OneOf("encounter", ("Encounter/1",)), "ix_responses_encounter"),
        ("observation", OneOf("encounter", ("Encounter/1",)), "ix_responses_encounter"),
        ("observation", PanelOver((("r-1", "total"),)), BY_ID),
        ("observation", PairOneOf(("response", "part"), (("r-1", "total"),)), BY_ID),
        ("alert", OneOf("id", ("a-1",)), "uq_alerts_current"),
    ],
)
def test_what_has_a_name_is_found_by_an_index(database, kind, condition, index):
    plan = plans(database, lambda tx: find_places(tx, "default", kind, (condition,), Page(50)))

    assert index in plan
    assert "SCAN" not in plan


def test_another_clinic_sees_nothing(client, database):
    create(client, session(10))

    with database.read() as tx:
        assert find_places(tx, "elsewhere", "response", (ANNA,), Page(50)) == []
        assert count_places(tx, "elsewhere", "response", ()) == 0
