from decimal import Decimal
from typing import Any

import pytest

from service.ehr.lookup import condition_of, holds, logical_of, lookup_for

SCORE = {
    "resourceType": "Observation",
    "identifier": [{"system": "https://a.example/id", "value": "r-7.total"}],
}
FORM = {
    "resourceType": "Questionnaire",
    "id": "srs-3-1.0.0",
    "url": "https://a.example/Q",
    "version": "1.0.0",
}


def test_a_score_is_looked_for_by_its_identifier() -> None:
    found = lookup_for(SCORE)
    assert found is not None
    assert found.parameters == {"identifier": "https://a.example/id|r-7.total"}


def test_a_definition_is_looked_for_by_url_and_version() -> None:
    found = lookup_for(FORM)
    assert found is not None
    assert found.parameters == {"url": "https://a.example/Q", "version": "1.0.0"}


def test_a_provenance_cannot_be_looked_for() -> None:
    assert lookup_for({"resourceType": "Provenance", "id": "r-7-1"}) is None


def test_our_own_reference_does_not_depend_on_the_ehrs_id() -> None:
    assert logical_of(SCORE | {"id": "12345"}) == "Observation/r-7.total"
    assert logical_of(FORM) == "Questionnaire/srs-3-1.0.0"


def test_a_condition_keeps_the_bar_and_encodes_what_would_end_it() -> None:
    odd = {"resourceType": "Device", "identifier": [{"system": "urn:a", "value": "b&c"}]}
    assert condition_of(odd) == "identifier=urn:a|b%26c"


def test_a_search_result_that_is_not_ours_does_not_match() -> None:
    lookup = lookup_for(SCORE)
    other = {"resourceType": "Observation", "identifier": [{"system": "https://a.example/id", "value": "x"}]}
    assert lookup is not None
    assert lookup.matches(SCORE)
    assert not lookup.matches(other)


@pytest.mark.parametrize(
    ("stored", "sent", "same"),
    [
        ({"resourceType": "A", "id": "9", "status": "final"}, {"resourceType": "A", "status": "final"}, True),
        ({"value": Decimal("7.10")}, {"value": Decimal("7.1")}, True),
        ({"value": 7, "extra": 1}, {"value": Decimal(7)}, True),
        ({"value": Decimal("7.2")}, {"value": Decimal("7.1")}, False),
        ({"list": [1, 2]}, {"list": [1]}, False),
        ({"list": [{"a": 1, "b": 2}]}, {"list": [{"a": 1}]}, True),
        ({"list": {}}, {"list": [1]}, False),
        ([], {"a": 1}, False),
        ({}, {"a": 1}, False),
    ],
)
def test_what_is_stored_must_say_all_that_was_sent(stored: Any, sent: Any, same: bool) -> None:  # noqa: FBT001 - a table's column
    assert holds(stored, sent) is same
