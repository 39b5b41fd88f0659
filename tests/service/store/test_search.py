"""A patient's page is read by an index, whatever else the clinic holds."""

import pytest
from sqlalchemy import event

from service.store.conditions import OfPatient, OneOf, PairOneOf, Span, Within
from service.store.search import Page, count_places, find_places
from tests.service.api.fhir.calls import create, session

ANNA = OfPatient(("Patient/anna",))
SINCE = Within((Span("2026-01-01T00:00:00.000000Z", None),))


def plans(database, run) -> str:
    """Return SQLite's plans of the statements that ``run`` makes in one transaction."""
    statements = []

    def note(_, __, statement, parameters, *___):
        statements.append((statement, parameters))

    with database.read() as tx:
        event.listen(tx, "before_cursor_execute", note)
        run(tx)
        event.remove(tx, "before_cursor_execute", note)
        rows = [
            row
            for statement, parameters in statements
            for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        ]
    return "\n".join(row[3] for row in rows)


@pytest.mark.parametrize(
    ("kind", "index"),
    [
        ("response", "ix_responses_patient"),
        ("observation", "ix_responses_patient"),
        ("alert", "ix_alerts_patient"),
    ],
)
@pytest.mark.parametrize("conditions", [(ANNA,), (ANNA, SINCE)])
def test_a_patient_s_page_is_read_by_an_index(client, database, kind, index, conditions):
    create(client, session(10))
    page = Page(limit=50, after=("2026-03-02T09:50:00.000000Z", 9))

    plan = plans(database, lambda tx: find_places(tx, "default", kind, conditions, page))
    counting = plans(database, lambda tx: count_places(tx, "default", kind, conditions))

    assert index in plan
    assert "SCAN" not in plan + counting


@pytest.mark.parametrize(
    ("kind", "condition", "index"),
    [
        ("response", OneOf("id", ("r-1",)), "uq_responses_current"),
        (
            "response",
            PairOneOf(("identifier_system", "identifier_value"), (("a", "b"),)),
            "uq_responses_identifier",
        ),
        ("observation", OneOf("response", ("r-1",)), "uq_responses_current"),
        ("observation", PairOneOf(("response", "part"), (("r-1", "total"),)), "uq_responses_current"),
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
