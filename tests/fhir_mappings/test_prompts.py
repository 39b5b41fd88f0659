from dataclasses import replace
from decimal import Decimal

import pytest

from fhir_mappings.catalogue import builtin_instruments, with_inclusive_cut_off
from fhir_mappings.filled import Answers
from fhir_mappings.prompts import CheckInPrompt, check_in_prompts, crossed_cut_offs
from fhir_mappings.scoring import score

SRS = builtin_instruments()["srs-3"]
ORS = builtin_instruments()["ors-client"]
CSRS = builtin_instruments()["csrs-child"]
REPORT = builtin_instruments()["rupture-report-client"]


def srs(*texts: str | None) -> Answers:
    return Answers({f"item-{number}": Decimal(text) for number, text in enumerate(texts, 1) if text})


def prompts(answers: Answers, previous: str | None = None, instrument=SRS) -> tuple[CheckInPrompt, ...]:
    previous_total = None if previous is None else Decimal(previous)
    return check_in_prompts(instrument, answers, score(instrument, answers), previous_total)


def rules(*given, **others) -> list[str]:
    return [prompt.rule for prompt in prompts(*given, **others)]


def with_inclusive(rule: str, *, inclusive: bool):
    cut_offs = [replace(one, inclusive=inclusive) if one.id == rule else one for one in SRS.cut_offs]
    return replace(SRS, cut_offs=tuple(cut_offs))


def test_each_low_mark_has_a_prompt_with_its_score_and_source():
    found = prompts(srs("9", "8.9", "10", "0"))
    low = [(prompt.item, prompt.score) for prompt in found if prompt.rule == "item-9"]
    assert low == [("item-2", Decimal("8.9")), ("item-4", Decimal(0))]
    assert found[-1].source == SRS.cut_offs[1].source


def test_marks_of_an_incomplete_form_are_judged_and_its_total_is_not():
    assert prompts(srs("8", None, "9", "9"), "40") == (
        CheckInPrompt("item-9", "item-1", Decimal(8), SRS.cut_offs[1].source),
    )


@pytest.mark.parametrize(("total", "crossed"), [("35.9", ["total-36"]), ("36", []), ("36.1", [])])
def test_a_total_of_exactly_36_is_not_below(total, crossed):
    assert rules(Answers({}, Decimal(total))) == crossed


def test_an_inclusive_cut_off_takes_the_value_itself():
    instrument = with_inclusive("total-36", inclusive=True)
    assert rules(Answers({}, Decimal(36)), instrument=instrument) == ["total-36"]


@pytest.mark.parametrize(
    ("previous", "crossed"), [("38.1", ["fall-1"]), ("38", ["fall-1"]), ("37.9", []), ("36", [])]
)
def test_a_fall_counts_from_one_point_on(previous, crossed):
    assert rules(Answers({}, Decimal(37)), previous) == crossed


def test_an_exclusive_fall_leaves_the_value_itself_out():
    instrument = with_inclusive("fall-1", inclusive=False)
    assert rules(Answers({}, Decimal(37)), "38", instrument=instrument) == []


def test_nothing_falls_at_the_first_rating():
    assert rules(Answers({}, Decimal(37))) == []


def crossed(instrument, answers: Answers, age_years: int | None = None) -> list[str]:
    found = crossed_cut_offs(instrument, answers, score(instrument, answers), None, age_years)
    return [one.cut_off.id for one in found]


@pytest.mark.parametrize(
    ("age_years", "expected"),
    [
        (None, []),
        (12, []),
        (13, ["clinical-adolescent"]),
        (17, ["clinical-adolescent"]),
        (18, ["clinical-adult"]),
        (80, ["clinical-adult"]),
    ],
)
def test_a_cut_off_bound_to_ages_is_judged_at_these_ages_only(age_years, expected):
    assert crossed(ORS, Answers({}, Decimal(20)), age_years) == expected


def test_a_cut_off_may_have_an_upper_age_alone():
    young = replace(ORS, cut_offs=(replace(ORS.cut_offs[0], age_from=None, age_to=17),))
    assert crossed(young, Answers({}, Decimal(20)), 0) == ["clinical-adult"]
    assert crossed(young, Answers({}, Decimal(20)), 18) == []


def test_a_clinical_range_is_no_check_in_prompt():
    answers = Answers({}, Decimal(20))
    assert check_in_prompts(ORS, answers, score(ORS, answers), None, 40) == ()


def test_a_cut_off_that_is_off_is_judged_once_it_is_turned_on():
    on = replace(CSRS, cut_offs=(replace(CSRS.cut_offs[0], enabled=True),))
    low = Answers({}, Decimal(20))
    assert (crossed(CSRS, low), crossed(on, low)) == ([], ["total-36"])


@pytest.mark.parametrize(("resolution", "expected"), [(1, ["unresolved"]), (2, ["unresolved"]), (3, [])])
def test_a_strain_is_unresolved_up_to_two(resolution, expected):
    assert crossed(REPORT, Answers({"resolution": Decimal(resolution)}, flags={"happened": True})) == expected


@pytest.mark.parametrize(("inclusive", "expected"), [(False, []), (True, ["total-36"])])
def test_a_total_at_the_cut_off_prompts_only_where_a_clinic_says_so(inclusive, expected):
    instruments = builtin_instruments()
    form = (with_inclusive_cut_off(instruments, "total-36") if inclusive else instruments)["srs-3"]
    answers = srs("9", "9", "9", "9")
    prompts = check_in_prompts(form, answers, score(form, answers), None)
    assert [prompt.rule for prompt in prompts] == expected
