"""A question about many values keeps none of them once it is answered."""

import gc
import tracemalloc
from contextlib import contextmanager

import pytest

from service.store.batches import WantedDyad, held_identifiers, id_standings, take_aliases, take_dyads
from service.store.imports import leave_unjudged, unjudged

NOW = "2026-03-02T09:50:00.000000Z"
_LARGE, _KEPT_AT_MOST = 200_000, 50_000
QUESTIONS = {
    "identifiers": lambda tx, text: held_identifiers(tx, "default", {("urn:clinic:north", text)}),
    "ids": lambda tx, text: id_standings(tx, "default", {text}),
}


@contextmanager
def never_searched():
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()
        gc.enable()


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_what_was_asked_for_is_not_left_to_be_searched_for(database, ask):
    with database.read() as tx:
        ask(tx, "once, so that the statement is built")
        with never_searched():
            ask(tx, "x" * _LARGE)
            kept, most = tracemalloc.get_traced_memory()

    assert most > _LARGE
    assert kept < _KEPT_AT_MOST


def test_dyads_are_left_to_be_judged_once(database):
    with database.write() as tx:
        aliases = take_aliases(tx, "default", {"Patient/anna", "Patient/ben"}, NOW)
        wanted = [WantedDyad(one.patient_key, "Practitioner/ada") for one in aliases.values()]
        rows = sorted(one.row for one in take_dyads(tx, "default", wanted, NOW).values())
        leave_unjudged(tx, "default", rows)
        leave_unjudged(tx, "default", rows[:1])

        assert unjudged(tx, "default", 10) == rows
