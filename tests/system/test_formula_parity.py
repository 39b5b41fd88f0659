"""Our scores equal those of the formulas that we publish, as another FHIRPath engine computes them."""

from functools import cache

import pytest

from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.questionnaire import to_questionnaire
from fhir_mappings.response import to_response
from tests.answer_sets import answer_sets
from tests.builders import NAMES, a_filled
from tests.system.fhirpath_engine import formula_scores

SETS = 240
INSTRUMENTS = shipped_instruments()
SCORED = sorted(one.id for one in INSTRUMENTS.values() if any(rule.kind != "answer" for rule in one.scores))

pytestmark = pytest.mark.parity


def without_scores(response, instrument):
    """Return what a form filler holds when it computes scores: answers only."""
    computed = {rule.id for rule in instrument.scores if rule.kind != "answer"}
    (panel,) = response["item"]
    kept = [one for one in panel["item"] if one["linkId"] not in computed]
    return response | {"item": [panel | {"item": kept}]}


@pytest.fixture(scope="module")
def by_formula():
    """Every form's scores by its own formulas, in one run of the engine."""
    forms = [
        (
            to_questionnaire(form, NAMES),
            [without_scores(to_response(one, NAMES), form) for one in filled(form)],
        )
        for form in map(INSTRUMENTS.__getitem__, SCORED)
    ]
    return dict(zip(SCORED, formula_scores(forms), strict=True))


@cache
def filled(instrument):
    return [a_filled(instrument, given) for given in answer_sets(instrument, SETS)]


@pytest.mark.parametrize("instrument_id", SCORED)
def test_formulas_give_our_scores(instrument_id, by_formula):
    computed = {rule.id for rule in INSTRUMENTS[instrument_id].scores if rule.kind != "answer"}
    ours = [
        {score.id: score.value for score in one.scores if score.id in computed}
        for one in filled(INSTRUMENTS[instrument_id])
    ]
    assert len(ours) == SETS
    assert by_formula[instrument_id] == ours


@pytest.mark.parametrize("instrument_id", SCORED)
def test_the_sets_hold_both_scores_and_missing_scores(instrument_id, by_formula):
    values = [value for scores in by_formula[instrument_id] for value in scores.values()]
    assert len({value for value in values if value is not None}) > 3
    assert None in values


def test_every_instrument_with_a_formula_is_compared():
    assert len(SCORED) == sum("variable" in str(to_questionnaire(one, NAMES)) for one in INSTRUMENTS.values())
