"""Which series a patient's trend has, and what its points say beside their scores."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fhir_mappings.answers import check_answers
from fhir_mappings.catalogue import shipped_instruments
from service.flows.deployment import Deployment
from service.flows.new_response import Recorded
from service.flows.record_response import record_response
from service.flows.show_trend import PatientTrend, TrendQuery, show_trend
from tests.answer_sets import complete_answers
from tests.service.build import a_deployment, a_response, an_access


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    made = a_deployment(tmp_path)
    yield made
    made.database.close()


def record(deployment: Deployment, instrument: str, session: int = 1, **changes: Any) -> Recorded:
    form = shipped_instruments()[instrument]
    given = changes.pop("given", complete_answers(form))
    facts = {"instrument": form, "answers": check_answers(form, given), "identifier": None}
    return record_response(deployment, a_response(session, **(facts | changes)), an_access())


def trend(deployment: Deployment, **narrowed: Any) -> PatientTrend:
    return show_trend(deployment, TrendQuery(("Patient/anna",), **narrowed), "default")


def test_outcome_session_and_rupture_forms_stand_beside_the_alliance(deployment: Deployment) -> None:
    for instrument in ("srs-3", "ors-client", "rupture-report-client", "session-check-in-client"):
        record(deployment, instrument)
    found = trend(deployment)
    assert [one.instrument.id for one in found.series] == ["srs-3"]
    assert [one.instrument.role for one in found.beside] == ["outcome", "rupture", "session"]


def test_a_form_without_any_score_has_a_series_of_points(deployment: Deployment) -> None:
    record(deployment, "session-reflection-therapist", source="Practitioner/ada")
    (series,) = trend(deployment).beside
    assert [one.rating.scores for one in series.points] == [{}]


def test_a_wai_sr_yields_the_wai_b3_where_it_is_asked_for(deployment: Deployment) -> None:
    record(deployment, "wai-sr-client", given={f"item-{n}": Decimal(n % 5 + 1) for n in range(1, 13)})
    assert [one.instrument.id for one in trend(deployment).series] == ["wai-sr-client"]
    (series,) = trend(deployment, instrument="wai-b3-client").series
    assert [one.rating.scores["total"] for one in series.points] == [Decimal(5 + 1 + 2)]
    assert [one.derived_from for one in series.points] == ["wai-sr-client"]


def test_a_rated_wai_b3_and_derived_ones_are_one_series(deployment: Deployment) -> None:
    record(deployment, "wai-sr-client", 1)
    record(deployment, "wai-b3-client", 2)
    record(deployment, "wai-sr-client", 3)
    record(deployment, "wai-b3-client", 3)
    b3 = next(one for one in trend(deployment).series if one.instrument.id == "wai-b3-client")
    assert [(one.rating.session_number, one.derived_from) for one in b3.points] == [
        (1, "wai-sr-client"),
        (2, None),
        (3, None),
    ]


def test_a_wai_sr_without_these_items_yields_no_wai_b3(deployment: Deployment) -> None:
    recorded = record(deployment, "wai-sr-client", given={"item-1": Decimal(3)})
    assert recorded.derived == ()
    assert trend(deployment, instrument="wai-b3-client").series == ()


@pytest.mark.parametrize(
    ("age", "limits"), [(40, ["clinical-adult"]), (15, ["clinical-adolescent"]), (None, [])]
)
def test_a_clinical_range_is_judged_by_age_and_is_no_prompt(
    deployment: Deployment, age: int | None, limits: list[str]
) -> None:
    given = {f"item-{number}": Decimal(5) for number in range(1, 5)}
    recorded = record(deployment, "ors-client", given=given, age_years=age)
    (point,) = trend(deployment).beside[0].points
    for crossed in (recorded.clinical_range, point.marks.clinical_range):
        assert [one.cut_off.id for one in crossed] == limits
    assert recorded.prompts == point.marks.prompts == ()


def test_a_form_answered_alike_throughout_is_flagged(deployment: Deployment) -> None:
    given = {f"item-{number}": Decimal(7) for number in range(1, 13)}
    recorded = record(deployment, "wai-s-client", given=given)
    (point,) = trend(deployment).series[0].points
    assert recorded.straight_lined
    assert point.marks.straight_lined
    assert point.rating.scores["total"] == 72
