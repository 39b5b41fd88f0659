import pytest

from fhir_mappings.answers import check_answers
from fhir_mappings.catalogue import builtin_instruments
from fhir_mappings.summary import example_answers, summary
from tests.builders import srs


@pytest.mark.parametrize("instrument", builtin_instruments().values(), ids=lambda one: one.id)
def test_the_worked_example_is_a_form_that_is_accepted(instrument):
    example = example_answers(instrument)

    assert check_answers(instrument, example.values) == example
    assert len(set(example.values.values())) > 1


def test_a_summary_names_items_scores_limits_and_the_example():
    lines = summary(srs()).splitlines()

    assert lines[0] == "srs-3|1.0.0  Session Rating Scale, version 3 (client) (client, ready)"
    assert (
        "  score  total  SRS total: sum of item-1 + item-2 + item-3 + item-4, 0 to 40, complete-only" in lines
    )
    assert "  limit  total-36  total below 36 (published)" in lines
    assert lines[-2:] == ["  example  item-1 8.0, item-2 5.0, item-3 10.0, item-4 3.0", "       ->  total 26"]
