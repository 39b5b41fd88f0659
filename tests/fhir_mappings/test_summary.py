from dataclasses import replace

import pytest

from fhir_mappings.answers import check_answers
from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.instrument import Condition, Item
from fhir_mappings.scoring import score
from fhir_mappings.summary import example_answers, summary
from tests.builders import srs

KNOWN = shipped_instruments()


def as_sent(instrument, answers):
    """Return the answers as a sender gives them: of one choice its code."""
    several = {item.link_id for item in instrument.all_items if getattr(item, "several", False)}
    return {
        link_id: answer[0] if isinstance(answer, tuple) and link_id not in several else answer
        for link_id, answer in answers.by_link_id.items()
    }


@pytest.mark.parametrize("instrument", KNOWN.values(), ids=list(KNOWN))
def test_the_worked_example_is_a_form_that_is_accepted(instrument):
    example = example_answers(instrument)

    assert check_answers(instrument, as_sent(instrument, example)) == example
    assert len(set(example.by_link_id.values())) > 1


@pytest.mark.parametrize("instrument", [one for one in KNOWN.values() if one.scores], ids=lambda one: one.id)
def test_the_worked_example_gives_every_score_a_value(instrument):
    scores = score(instrument, example_answers(instrument))

    assert [one.id for one in scores if one.value is None] == []


def test_an_item_that_the_example_closes_is_not_in_it():
    report = KNOWN["rupture-report-client"]
    closed = tuple(
        replace(item, enabled_when=Condition("happened", value=False)) if isinstance(item, Item) else item
        for item in report.all_items
    )

    assert example_answers(replace(report, all_items=closed)).by_link_id == {"happened": True}


def test_an_item_that_the_chosen_code_opens_is_in_the_example():
    reflection = KNOWN["session-reflection-therapist"]
    note = replace(reflection.all_items[2], enabled_when=Condition("disconnection", value="none"))

    found = example_answers(replace(reflection, all_items=(reflection.all_items[1], note)))

    assert found.choices == {"disconnection": ("none",)}
    assert list(found.texts) == ["disconnection-note"]


def test_a_summary_shows_what_a_reversed_item_counts():
    assert "item-3 7 (counts 1)" in summary(KNOWN["arm-5-client"])


def test_a_summary_says_where_nothing_is_scored():
    lines = summary(KNOWN["session-reflection-therapist"]).splitlines()

    assert lines[-2:] == ["  example  no item counts", "       ->  no score"]


def test_a_summary_names_items_scores_limits_and_the_example():
    lines = summary(srs()).splitlines()

    assert lines[0] == "srs-3|1.0.0  Session Rating Scale, version 3 (client) (client, ready)"
    assert (
        "  score  total  SRS total: sum of item-1 + item-2 + item-3 + item-4, 0 to 40, complete-only" in lines
    )
    assert "  limit  total-36  total below 36 (published)" in lines
    assert lines[-2:] == ["  example  item-1 8.0, item-2 5.0, item-3 10.0, item-4 3.0", "       ->  total 26"]
