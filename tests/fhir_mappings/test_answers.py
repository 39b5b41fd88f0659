from dataclasses import replace
from decimal import Decimal

import pytest

from fhir_mappings.answers import agrees, canonical_answers, check_answers
from fhir_mappings.catalogue import builtin_instruments
from fhir_mappings.errors import AnswersRefused
from fhir_mappings.filled import Answers

SRS = builtin_instruments()["srs-3"]
WAI = builtin_instruments()["wai-sr-client"]


def srs(*texts: str | None) -> dict[str, object]:
    return {f"item-{number}": text and Decimal(text) for number, text in enumerate(texts, 1)}


def wai(**others: object) -> dict[str, object]:
    return {item.link_id: 3 for item in WAI.items} | {
        name.replace("_", "-"): value for name, value in others.items()
    }


def faults(instrument, answers, total=None) -> list[tuple[str, str]]:
    with pytest.raises(AnswersRefused) as refused:
        check_answers(instrument, answers, total)
    return [(fault.at, fault.reason) for fault in refused.value.faults]


def test_answers_come_back_in_item_order_without_blanks():
    found = check_answers(SRS, {"item-3": Decimal(8), "item-1": 9, "item-2": None})
    assert list(found.values.items()) == [("item-1", Decimal(9)), ("item-3", Decimal(8))]


def test_digits_stay_as_given():
    assert str(check_answers(SRS, srs("9.20")).values["item-1"]) == "9.20"


@pytest.mark.parametrize(("given", "kept"), [("-0.0", "0"), ("1E+1", "10"), ("9.2" + "0" * 40, "9.2")])
def test_odd_spellings_are_kept_in_plain_form(given, kept):
    assert str(check_answers(SRS, srs(given)).values["item-1"]) == kept


@pytest.mark.parametrize("given", [True, 9.0, [9], {"value": 9}])
def test_a_value_of_another_type_is_refused(given):
    assert faults(SRS, {"item-1": given}) == [("item-1", "wrong-type")]


@pytest.mark.parametrize("given", ["9", Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")])
def test_what_is_no_number_is_refused(given):
    assert faults(SRS, {"item-1": given}) == [("item-1", "not-a-number")]


@pytest.mark.parametrize("given", ["9.05", "1E-999999999", "9.1" + "0" * 40 + "1"])
def test_a_mark_between_the_steps_is_refused(given):
    assert faults(SRS, srs(given)) == [("item-1", "wrong-step")]


def test_a_choice_between_two_choices_is_refused():
    assert faults(WAI, wai(item_4=Decimal("2.5"))) == [("item-4", "wrong-step")]


def test_all_faults_come_at_once_items_first_then_unknown_then_total():
    given = srs("10.1", "-1", "9.0", "9.0") | {"item-9": 1}
    assert faults(SRS, given, Decimal(41)) == [
        ("item-1", "above-maximum"),
        ("item-2", "below-minimum"),
        ("item-9", "unknown-item"),
        ("total", "above-maximum"),
    ]


def test_a_link_id_that_looks_like_none_is_not_repeated():
    assert faults(SRS, srs("9") | {"Anna was sad": 1}) == [("", "unknown-item")]


def test_no_message_repeats_a_value():
    with pytest.raises(AnswersRefused) as refused:
        check_answers(SRS, srs("77.7", "-55.5", "3.33", "9"), Decimal("88.8"))
    told = str(refused.value) + " ".join(fault.message for fault in refused.value.faults)
    assert not [value for value in ("77.7", "55.5", "3.33", "88.8") if value in told]


def test_nothing_at_all_is_refused():
    assert faults(SRS, srs(None, None)) == [("", "nothing-answered")]


def test_a_bare_total_is_taken():
    assert check_answers(SRS, srs(None, None, None, None), Decimal("35.9")) == Answers({}, Decimal("35.9"))


@pytest.mark.parametrize(
    ("total", "reason"),
    [
        (Decimal("35.95"), "wrong-step"),
        (Decimal("-0.1"), "below-minimum"),
        (Decimal("NaN"), "not-a-number"),
        ("36", "not-a-number"),
        (True, "wrong-type"),
    ],
)
def test_a_bad_bare_total_is_refused(total, reason):
    assert faults(SRS, {}, total) == [("total", reason)]


def test_a_form_without_a_total_accepts_none_beside_its_answers():
    assert faults(replace(WAI, scores=WAI.scores[:2]), wai(), 36) == [("total", "total-not-accepted")]


def test_a_total_beside_unreadable_marks_is_judged_only_as_far_as_sure():
    assert faults(SRS, srs("10.1", "9", "9", "9"), Decimal(20)) == [("item-1", "above-maximum")]


def test_a_total_beside_unreadable_and_blank_marks_is_incomplete():
    assert faults(SRS, srs("10.1", None, "9", "9"), Decimal(36)) == [
        ("item-1", "above-maximum"),
        ("total", "total-incomplete"),
    ]


def test_a_total_beside_a_blank_is_incomplete():
    assert faults(SRS, srs("9", "9", "9", None), Decimal(27)) == [("total", "total-incomplete")]


def test_a_total_beside_marks_is_dropped_once_it_agrees():
    assert check_answers(SRS, srs("9", "9", "9", "9"), Decimal("36.00")).total is None


def test_a_prorated_total_beside_answers_is_compared_as_we_score_it():
    given = wai(item_9=None, item_3=5, item_5=5, item_7=4)
    assert check_answers(WAI, given, Decimal("42.67")).total is None
    assert faults(WAI, given, Decimal("42.6")) == [("total", "total-mismatch")]


@pytest.mark.parametrize(
    ("claimed", "agreed"),
    [
        ("36", True),
        ("37", False),
        ("36.3", True),
        ("36.4", True),
        ("36.5", False),
        ("36.355", True),
        ("36.35", True),
    ],
)
def test_a_claim_may_be_off_by_half_its_last_digit(claimed, agreed):
    assert agrees(Decimal(claimed), Decimal("36.35")) is agreed


def test_a_claim_with_many_digits_may_still_be_off_by_half_a_hundredth():
    assert agrees(Decimal("43.6666667"), Decimal("43.67"))


def test_canonical_answers_are_in_item_order_without_blanks():
    found = check_answers(SRS, {"item-3": Decimal("8.0"), "item-1": Decimal("9.20")})
    assert canonical_answers(SRS, found) == "item-1=9.2;item-3=8"


def test_a_bare_total_has_a_canonical_text_of_its_own():
    assert canonical_answers(SRS, Answers({}, Decimal("36.0"))) == "total=36"
