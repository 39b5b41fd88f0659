"""However a history's rows are ordered and cut into files, importing them is recording them one by one."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mappings import json_text
from service.api.v1.import_rows import read_file
from service.flows.deployment import Deployment
from service.flows.record_response import record_response
from service.store.responses import dyad_ratings
from service.store.tables import dyads
from tests.service.build import StandingClock, a_deployment, an_access
from tests.service.importing import a_file, a_row, alerts_in, bring

TOTALS = ("20.0", "29.0", "33.0", "36.4", "36.8", "37.0", "37.2", "40.0")
histories = st.lists(st.sampled_from(TOTALS), min_size=5, max_size=24).flatmap(
    lambda totals: st.tuples(
        st.permutations([a_row(place + 1, total) for place, total in enumerate(totals)]),
        st.integers(0, len(totals)),
    )
)


@contextmanager
def _a_clinic() -> Iterator[Deployment]:
    folder = Path(tempfile.mkdtemp())
    deployment = a_deployment(folder, StandingClock())
    try:
        yield deployment
    finally:
        deployment.database.close()
        shutil.rmtree(folder)


def _alerts(deployment: Deployment) -> list[tuple[object, ...]]:
    """Return what stands of every alert; one that only an order of arrival opened was withdrawn."""
    standing = [one for one in alerts_in(deployment) if one.status != "withdrawn"]
    return sorted(
        (one.id, one.status, one.score_course, one.severity, one.historical, one.text, one.evidence)
        for one in standing
    )


def _kept(deployment: Deployment) -> tuple[object, ...]:
    """Return each rating as stored, and what was kept for judging the next one."""
    with deployment.database.read() as tx:
        dyad = tx.execute(dyads.select()).one()
        ratings = [replace(one, received_at="") for one in dyad_ratings(tx, "default", dyad.row_id)]
    state = json_text.loads(dyad.judged)
    return ratings, state["series"], state["standing"], state["place"][:3]


@settings(max_examples=15, deadline=None)
@given(histories)
def test_an_imported_history_is_a_recorded_one(history):
    rows, cut = history
    with _a_clinic() as imported, _a_clinic() as recorded:
        for part in (rows[:cut], rows[cut:]):
            bring(imported, a_file(part))
        for row in read_file([a_file(rows)], "csv", recorded).rows():
            record_response(recorded, row.new, an_access())

        assert _alerts(imported) == _alerts(recorded)
        assert _kept(imported) == _kept(recorded)
