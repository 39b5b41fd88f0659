from dataclasses import replace
from decimal import Decimal

import pytest

from fhir_mappings.catalogue import builtin_instruments
from fhir_mappings.filled import Answers
from fhir_mappings.scoring import is_straight_lined, plain, score

SRS = builtin_instruments()["srs-3"]
WAI = builtin_instruments()["wai-sr-client"]
REVERSED_4_AND_10 = replace(
    WAI,
    all_items=tuple(replace(item, reversed=item.link_id in {"item-4", "item-10"}) for item in WAI.items),
)


def filled(instrument, *, blank=(), points=3, **others: int) -> Answers:
    values = {item.link_id: Decimal(points) for item in instrument.items if item.link_id not in blank}
    return Answers(values | {name.replace("_", "-"): Decimal(value) for name, value in others.items()})


def values(instrument, answers) -> dict[str, Decimal | None]:
    return {one.id: one.value for one in score(instrument, answers)}


def test_scores_come_in_file_order():
    assert [one.id for one in score(WAI, filled(WAI))] == [rule.id for rule in WAI.scores]


def test_a_reversed_item_counts_from_the_other_end():
    assert values(REVERSED_4_AND_10, filled(WAI, item_4=5))["goal"] == 10


def test_total_is_none_when_an_item_is_blank():
    assert values(SRS, filled(SRS, blank={"item-2"}))["total"] is None


def test_a_scale_with_half_its_items_has_no_score_and_takes_the_total_along():
    found = values(WAI, filled(WAI, blank={"item-3", "item-5"}))
    without_value = {score_id for score_id, value in found.items() if value is None}
    assert without_value == {"bond", "bond-mean", "total", "total-mean"}


def test_a_score_without_value_is_not_prorated():
    bond = score(WAI, filled(WAI, blank={"item-3", "item-5"}))[2]
    assert (bond.id, bond.answered, bond.of, bond.prorated) == ("bond", 2, 4, False)


def test_total_adds_the_unrounded_parts():
    blank = {"item-1", "item-3", "item-4"}
    found = values(WAI, filled(WAI, blank=blank, points=4, item_2=3, item_5=3, item_6=3))
    assert [found["task"], found["bond"], found["goal"]] == [Decimal("14.67")] * 3
    assert found["total"] == 44


def test_a_tie_is_rounded_up():
    rule = replace(SRS.scores[0], id="total-mean", kind="mean")
    answers = Answers({"item-1": Decimal("9.1"), "item-2": 9, "item-3": 9, "item-4": 9})
    assert values(replace(SRS, scores=(rule,)), answers) == {"total-mean": Decimal("9.03")}


def test_a_bare_total_gives_the_total_and_no_other_score():
    both = replace(SRS, scores=(*SRS.scores, replace(SRS.scores[0], id="total-mean", kind="mean")))
    assert values(both, Answers({}, Decimal("35.90"))) == {"total": Decimal("35.9"), "total-mean": None}


def test_scores_are_written_without_trailing_zeros():
    assert [str(one.value) for one in score(SRS, filled(SRS, points=10))] == ["40"]


@pytest.mark.parametrize(
    ("number", "text"), [("36.30", "36.3"), ("4E+1", "40"), ("-0.0", "0"), ("0.05", "0.05")]
)
def test_plain_writes_a_number_one_way(number, text):
    assert str(plain(Decimal(number))) == text


def test_all_answers_equal_on_a_form_with_reversed_items_are_straight_lined():
    assert is_straight_lined(REVERSED_4_AND_10, filled(WAI, points=5))


@pytest.mark.parametrize(
    ("instrument", "answers"),
    [
        (WAI, filled(WAI)),
        (REVERSED_4_AND_10, filled(WAI, blank={"item-7"})),
        (REVERSED_4_AND_10, filled(WAI, item_7=4)),
        (SRS, Answers({}, Decimal(40))),
    ],
    ids=["nothing-reversed", "a-blank", "one-differs", "bare-total"],
)
def test_other_answers_are_not_straight_lined(instrument, answers):
    assert not is_straight_lined(instrument, answers)


MARKERS = builtin_instruments()["rupture-markers-observer"]


def test_a_blank_sign_counts_as_not_seen():
    found = values(MARKERS, Answers({"overall-resolution": Decimal(5)}))
    assert found == {
        "withdrawal-count": 0,
        "withdrawal-peak": None,
        "confrontation-count": 0,
        "confrontation-peak": None,
    }


def test_a_peak_is_the_strongest_sign_and_nothing_is_prorated():
    signs = {"withdrawal-denial": Decimal(2), "withdrawal-appeasing": Decimal(4)}
    count, peak, *_ = score(MARKERS, Answers(signs))
    assert [(one.value, one.answered, one.of, one.prorated) for one in (count, peak)] == [
        (2, 2, 7, False),
        (4, 2, 7, False),
    ]


def test_an_answer_is_its_own_score_and_none_where_blank():
    report = builtin_instruments()["rupture-report-client"]
    answers = Answers({"intensity": Decimal(3)}, flags={"happened": True})
    assert values(report, answers) == {"intensity": 3, "resolution": None}


@pytest.mark.parametrize(("instrument_id", "total"), [("wai-36-client", 168), ("wai-s-therapist", 72)])
def test_all_sevens_are_straight_lined_and_no_maximum(instrument_id, total):
    instrument = builtin_instruments()[instrument_id]
    answers = filled(instrument, points=7)
    assert (values(instrument, answers)["total"], is_straight_lined(instrument, answers)) == (total, True)
