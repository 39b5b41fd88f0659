"""What leaves for the EHR has a row of its own, from the commit that lets it go."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.flows.read_audit import search_audit
from service.flows.search_chart import ChartSearch
from service.store.conditions import OfPatient, OneOf
from service.store.search import Page
from tests.service.flows.delivering import Bench, Crash, CrashPlan, a_bench


def disclosures(bench: Bench) -> list[tuple[str, str, str | None]]:
    """Return recipient, resource and patient of every disclosure."""
    asked = (OneOf("interaction", ("disclose",)), OfPatient(("Patient/anna",)))
    found = search_audit(bench.deployment, "default", ChartSearch(asked, Page(50)))
    return [(one.caller, f"{one.resource}/{one.subject}", one.patient) for one in found.items]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as made:
        yield made


def test_a_delivery_is_a_disclosure_of_the_patients(bench: Bench) -> None:
    recorded = bench.record()
    bench.deliver_all()
    assert disclosures(bench) == [("EHR ehr", f"QuestionnaireResponse/{recorded.filled.id}", "Patient/anna")]


def test_what_may_have_left_is_a_disclosure_whatever_became_of_it(tmp_path: Path) -> None:
    with a_bench(tmp_path) as bench:
        bench.crash_point = CrashPlan({0}, "frozen")
        bench.restart()
        bench.record()
        with pytest.raises(Crash):
            bench.deliver_all()
        assert len(disclosures(bench)) == 1
