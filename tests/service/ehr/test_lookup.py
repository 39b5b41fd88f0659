from decimal import Decimal
from typing import Any

import pytest

from service.ehr.lookup import condition_of, holds, logical_of, lookup_for, narrowed_lookup

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


ANSWERED = {
    "resourceType": "QuestionnaireResponse",
    "identifier": {"system": "https://a.example/id", "value": "r-7"},
    "subject": {"reference": "Patient/anna"},
    "authored": "2026-03-02T10:50:00+01:00",
    "questionnaire": "https://a.example/Q|1.0.0",
}


def test_what_cannot_be_searched_by_identifier_is_narrowed_by_what_it_is_about() -> None:
    found = narrowed_lookup(ANSWERED, ("patient", "questionnaire"))
    assert found is not None
    assert found.parameters == {"patient": "Patient/anna", "questionnaire": "https://a.example/Q"}


@pytest.mark.parametrize("names", [(), ("encounter",), ("patient", "colour")])
def test_what_cannot_be_narrowed_is_not_searched_for(names: tuple[str, ...]) -> None:
    assert narrowed_lookup(ANSWERED, names) is None


def test_of_few_only_the_one_with_our_identifier_is_ours() -> None:
    found = narrowed_lookup(ANSWERED, ("patient",))
    assert found is not None
    other = ANSWERED | {"identifier": {"system": "https://a.example/id", "value": "r-8"}}
    bare = {key: value for key, value in ANSWERED.items() if key != "identifier"}
    assert (found.matches(ANSWERED), found.matches(other)) == (True, False)
    assert (found.is_unclear(bare), found.is_unclear(other)) == (True, False)


@pytest.mark.parametrize(
    ("authored", "asked"),
    [
        ("2026-03-02T10:50:00.123+01:00", "ge2026-02-28"),
        ("2026-03-02T13:00:00Z", "ge2026-03-01"),
        ("2026-03-02", "ge2026-02-28"),
    ],
)
def test_a_time_is_asked_for_from_before_on_since_an_ehr_may_keep_it_otherwise(
    authored: str, asked: str
) -> None:
    found = narrowed_lookup(ANSWERED | {"authored": authored}, ("patient", "authored"))
    assert found is not None
    assert found.parameters == {"patient": "Patient/anna", "authored": asked}


def test_by_a_time_that_is_none_nothing_is_narrowed() -> None:
    assert narrowed_lookup(ANSWERED | {"authored": "2026-03"}, ("patient", "authored")) is None


@pytest.mark.parametrize(
    ("authored", "unclear"),
    [
        ("2026-03-02T09:50:00Z", True),
        ("2026-03-01", True),  # ours, cut to a day in another zone
        ("2026-03-09T09:50:00Z", True),  # when the EHR took it
        ("2026-02-27T23:59:59Z", False),
        ("2026", True),
    ],
)
def test_what_bears_no_identifier_may_be_ours_unless_it_is_older(authored: str, unclear: bool) -> None:  # noqa: FBT001 - a table's column
    found = narrowed_lookup(ANSWERED, ("patient",))
    assert found is not None
    bare = {key: value for key, value in ANSWERED.items() if key != "identifier"}
    assert found.is_unclear(bare | {"authored": authored}) is unclear
