"""Every worked example of the instruments that we ship, exactly.

Provenance: tests/worked_examples/README.md.
"""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from fhir_mappings.answers import check_answers
from fhir_mappings.catalogue import builtin_instruments
from fhir_mappings.errors import AnswersRefused
from fhir_mappings.prompts import check_in_prompts
from fhir_mappings.scoring import is_straight_lined, score

EXAMPLES = json.loads((Path(__file__).parents[1] / "worked_examples" / "scoring_examples.json").read_text())
OURS = [case for case in EXAMPLES["cases"] if case["instrument"] in builtin_instruments()]


def cases_with(part: str):
    chosen = [case for case in OURS if part in case["expected"]]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def checked(case):
    answers = {link_id: number(text) for link_id, text in case["answers"].items()}
    return check_answers(builtin_instruments()[case["instrument"]], answers, number(case.get("total")))


def scored(case):
    return score(builtin_instruments()[case["instrument"]], checked(case))


def prompts(case):
    previous = number(case.get("context", {}).get("previous_total"))
    instrument = builtin_instruments()[case["instrument"]]
    return check_in_prompts(instrument, checked(case), scored(case), previous)


def scale(score_id: str) -> str:
    """Return the name that the examples give to a sum and its mean together."""
    return score_id.removesuffix("-mean")


def test_the_examples_reach_both_instruments():
    assert {case["instrument"] for case in OURS} >= {"srs-3", "wai-sr-client"}
    assert len(OURS) >= 17


@cases_with("scores")
def test_scores_are_those_of_the_example(case):
    expected = {score_id: number(text) for score_id, text in case["expected"]["scores"].items()}
    assert {one.id: one.value for one in scored(case)} == expected


@cases_with("answered")
def test_answered_items_are_counted_as_in_the_example(case):
    assert {scale(one.id): f"{one.answered}/{one.of}" for one in scored(case)} == case["expected"]["answered"]


@cases_with("prorated")
def test_prorated_scores_are_those_of_the_example(case):
    assert {scale(one.id) for one in scored(case) if one.prorated} == set(case["expected"]["prorated"])


@cases_with("scores")
def test_crossed_cut_offs_are_those_of_the_example(case):
    expected = {rule for rule, crossed in case["expected"].get("cutoffs", {}).items() if crossed}
    assert {prompt.rule for prompt in prompts(case)} == expected


@cases_with("low_items")
def test_low_marks_are_those_of_the_example(case):
    assert [prompt.item for prompt in prompts(case) if prompt.item] == case["expected"]["low_items"]


@cases_with("scores")
def test_no_example_of_a_form_without_reversed_items_is_straight_lined(case):
    assert not is_straight_lined(builtin_instruments()[case["instrument"]], checked(case))


@cases_with("faults")
def test_faults_are_those_of_the_example(case):
    with pytest.raises(AnswersRefused) as refused:
        checked(case)
    expected = [(fault["link_id"] or "", fault["reason"]) for fault in case["expected"]["faults"]]
    assert sorted((fault.at, fault.reason) for fault in refused.value.faults) == sorted(expected)
