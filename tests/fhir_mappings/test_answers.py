from dataclasses import replace
from decimal import Decimal

import pytest

from fhir_mappings.answer_faults import LONGEST_TEXT
from fhir_mappings.answers import agrees, canonical_answers, check_answers, derived_answers
from fhir_mappings.catalogue import builtin_instruments
from fhir_mappings.errors import AnswersRefused
from fhir_mappings.filled import Answers
from fhir_mappings.instrument import Condition

SRS = builtin_instruments()["srs-3"]
WAI = builtin_instruments()["wai-sr-client"]
REPORT = builtin_instruments()["rupture-report-client"]
REFLECTION = builtin_instruments()["session-reflection-therapist"]


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


def test_each_kind_of_answer_is_kept_apart():
    given = {"signs": ["silence", "eye-contact-changed"], "disconnection": "clear", "next-time": " ask "}
    found = check_answers(REFLECTION, given)
    assert found.choices == {"disconnection": ("clear",), "signs": ("eye-contact-changed", "silence")}
    assert (found.values, found.flags, found.texts) == ({}, {}, {"next-time": " ask "})


def test_yes_or_no_is_a_flag():
    found = check_answers(REPORT, {"happened": True, "resolution": 2})
    assert (found.flags, found.values) == ({"happened": True}, {"resolution": 2})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"signs": "silence"}, ("signs", "wrong-type")),
        ({"signs": [1]}, ("signs", "wrong-type")),
        ({"signs": ["silence", "shouting"]}, ("signs", "unknown-choice")),
        ({"signs": ["silence", "silence"]}, ("signs", "doubled-choice")),
        ({"signs": ["none-seen", "silence"]}, ("signs", "exclusive-choice")),
        ({"disconnection": ["clear"]}, ("disconnection", "wrong-type")),
        ({"disconnection": True}, ("disconnection", "wrong-type")),
        ({"disconnection": "maybe"}, ("disconnection", "unknown-choice")),
        ({"next-time": 3}, ("next-time", "wrong-type")),
        ({"next-time": "bell\x07"}, ("next-time", "wrong-type")),
        ({"next-time": "half \ud800"}, ("next-time", "wrong-type")),
        ({"next-time": "a" * (LONGEST_TEXT + 1)}, ("next-time", "too-long")),
    ],
)
def test_a_choice_or_text_that_does_not_fit_is_refused(given, expected):
    assert faults(REFLECTION, given) == [expected]


def test_an_exclusive_choice_may_stand_alone():
    assert check_answers(REFLECTION, {"signs": ["none-seen"]}).choices == {"signs": ("none-seen",)}


@pytest.mark.parametrize("blank", [{"signs": []}, {"next-time": " \n"}, {"disconnection": None}])
def test_an_empty_choice_or_text_is_blank(blank):
    assert faults(REFLECTION, blank) == [("", "nothing-answered")]


def test_lines_and_tabs_belong_to_a_text():
    assert check_answers(REFLECTION, {"next-time": "a\n\tb"}).texts == {"next-time": "a\n\tb"}


@pytest.mark.parametrize("given", ["yes", 1, Decimal(1)])
def test_only_true_and_false_are_flags(given):
    assert faults(REPORT, {"happened": given}) == [("happened", "wrong-type")]


def test_a_required_item_must_be_answered():
    assert faults(REPORT, {}) == [("happened", "missing-answer")]


def test_an_item_is_closed_where_another_has_another_answer():
    given = {"happened": False, "intensity": 9, "resolution": None}
    assert faults(REPORT, given) == [("intensity", "not-enabled")]


def test_what_may_be_closed_is_judged_where_nobody_can_tell():
    given = {"happened": None, "intensity": 9, "resolution": 1}
    assert faults(REPORT, given) == [("happened", "missing-answer"), ("intensity", "above-maximum")]


def test_an_item_may_hang_on_a_choice():
    note = replace(REFLECTION.all_items[2], enabled_when=Condition("disconnection", value="clear"))
    form = replace(REFLECTION, all_items=(REFLECTION.all_items[1], note))
    assert check_answers(form, {"disconnection": "clear", note.link_id: "x"}).texts == {note.link_id: "x"}
    assert faults(form, {"disconnection": "none", note.link_id: "x"}) == [(note.link_id, "not-enabled")]
    assert faults(form, {note.link_id: "x"}) == [(note.link_id, "not-enabled")]


def test_other_answers_have_canonical_texts_too():
    given = {"signs": ["silence"], "next-time": 'ask; "soon"=1', "disconnection": "none"}
    text = canonical_answers(REFLECTION, check_answers(REFLECTION, given))
    assert text == 'disconnection=["none"];signs=["silence"];next-time="ask; \\"soon\\"=1"'


def test_a_flag_has_a_canonical_text():
    assert canonical_answers(REPORT, check_answers(REPORT, {"happened": False})) == "happened=false"


def test_a_derived_form_takes_its_own_items_only():
    derived = derived_answers(builtin_instruments()["wai-b3-client"], check_answers(WAI, wai(item_9=None)))
    assert derived.values == {"item-10": 3, "item-11": 3}


def test_no_message_repeats_a_choice_or_a_text():
    with pytest.raises(AnswersRefused) as refused:
        check_answers(REFLECTION, {"signs": ["Anna"], "disconnection": "Anna", "next-time": "Anna\x00"})
    assert "Anna" not in " ".join([str(refused.value), *(one.message for one in refused.value.faults)])


def test_a_total_is_refused_beside_words():
    assert faults(REFLECTION, {"next-time": "ask"}, Decimal(3)) == [("total", "total-not-accepted")]
