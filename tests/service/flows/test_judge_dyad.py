"""Only measures of the alliance are judged."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fhir_mappings.catalogue import shipped_instruments
from service.alliance.standards import Standards
from service.flows.deployment import Deployment
from service.flows.judge_dyad import judge_dyad, norm_of
from service.flows.read_standards import read_standards
from service.flows.record_response import record_response
from service.store.patients import find_alias
from service.store.responses import dyad_ratings
from tests.service.build import a_deployment, a_response, an_access

STEADY = ["37.2", "36.8", "37.5", "37.0", "36.9", "37.3"]


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    made = a_deployment(tmp_path)
    yield made
    made.database.close()


def course(deployment: Deployment, instrument: str) -> list[int]:
    """Record a steady course with a deep dip and return how many alerts each rating raised."""
    form = shipped_instruments()[instrument]
    return [
        len(record_response(deployment, a_response(number, total, instrument=form), an_access()).alerts)
        for number, total in enumerate([*STEADY, "20.0"], 1)
    ]


def test_a_dip_of_the_alliance_raises_an_alert(deployment: Deployment) -> None:
    assert course(deployment, "srs-3") == [0, 0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize("instrument", ["ors-client", "cors-child"])
def test_a_bad_week_never_raises_one_even_with_a_norm_at_hand(
    deployment: Deployment, instrument: str
) -> None:
    norms = {f"{instrument}-total": deployment.norms["srs-3-total"]}
    with_norm = replace(deployment, norms=norms)
    assert course(with_norm, instrument) == [0] * 7
    with deployment.database.read() as tx:
        assert find_alias(tx, "default", "Patient/anna") is not None
        standards = read_standards(tx, with_norm, "default")
        judged = judge_dyad(dyad_ratings(tx, "default", 1), with_norm, standards)
    assert (len(judged.rows), judged.judgements) == (7, {})


@pytest.mark.parametrize("instrument", ["wai-sr-therapist", "wai-36-observer", "rupture-report-client"])
def test_a_form_without_a_norm_has_a_trend_only(deployment: Deployment, instrument: str) -> None:
    assert norm_of(shipped_instruments()[instrument], Standards(deployment.norms), "2026") is None
