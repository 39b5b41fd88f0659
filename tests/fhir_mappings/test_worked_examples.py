"""Every worked example, exactly.

Provenance: tests/worked_examples/README.md.
"""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from fhir_mappings.answers import check_answers, derived_answers
from fhir_mappings.catalogue import find, shipped_instruments
from fhir_mappings.errors import AnswersRefused
from fhir_mappings.instrument import Item
from fhir_mappings.prompts import crossed_cut_offs
from fhir_mappings.scoring import is_straight_lined, score

EXAMPLES = json.loads((Path(__file__).parents[1] / "worked_examples" / "scoring_examples.json").read_text())
KNOWN = [case for case in EXAMPLES["cases"] if case["instrument"] in shipped_instruments()]
UNKNOWN = [case for case in EXAMPLES["cases"] if case not in KNOWN]


def cases_with(part: str):
    chosen = [case for case in KNOWN if part in case["expected"]]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def instrument_of(case):
    return shipped_instruments()[case["instrument"]]


def checked(case):
    """Return the checked answers; those of a derived form are checked by the form that they belong to."""
    form = shipped_instruments()[case.get("derived_from", case["instrument"])]
    in_words = {item.link_id for item in form.all_items if not isinstance(item, Item)}
    given = {
        link_id: value if link_id in in_words else number(value) for link_id, value in case["answers"].items()
    }
    answers = check_answers(form, given, number(case.get("total")))
    return derived_answers(instrument_of(case), answers) if "derived_from" in case else answers


def scored(case):
    return score(instrument_of(case), checked(case))


def crossed(case):
    context = case.get("context", {})
    previous = number(context.get("previous_total"))
    return crossed_cut_offs(
        instrument_of(case), checked(case), scored(case), previous, context.get("age_years")
    )


def scale(score_id: str) -> str:
    """Return the name that the examples give to a sum and its mean together."""
    return score_id.removesuffix("-mean")


def test_the_examples_are_all_there_and_reach_most_instruments():
    assert len(EXAMPLES["cases"]) == 48
    assert len({case["instrument"] for case in KNOWN}) == 22


def test_an_acronym_is_an_unknown_instrument():
    reasons = [fault["reason"] for case in UNKNOWN for fault in case["expected"]["faults"]]
    assert reasons == ["unknown-instrument"]
    assert find(shipped_instruments(), UNKNOWN[0]["instrument"]) is None


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
    expected = {rule for rule, is_crossed in case["expected"].get("cutoffs", {}).items() if is_crossed}
    assert {one.cut_off.id for one in crossed(case)} == expected


@cases_with("low_items")
def test_low_marks_are_those_of_the_example(case):
    assert [one.item for one in crossed(case) if one.item] == case["expected"]["low_items"]


@cases_with("scores")
def test_only_the_examples_that_say_so_are_straight_lined(case):
    expected = case["expected"].get("straight_lined", False)
    assert is_straight_lined(instrument_of(case), checked(case)) == expected


@cases_with("faults")
def test_faults_are_those_of_the_example(case):
    with pytest.raises(AnswersRefused) as refused:
        checked(case)
    expected = [(fault["link_id"] or "", fault["reason"]) for fault in case["expected"]["faults"]]
    assert sorted((fault.at, fault.reason) for fault in refused.value.faults) == sorted(expected)
