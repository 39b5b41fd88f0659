"""Facts of the shipped instruments, each against the source that its file names."""

from decimal import Decimal

import pytest

from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.instrument import ChoiceItem, Item, TextItem

SHIPPED = shipped_instruments()
every_instrument = pytest.mark.parametrize("instrument", SHIPPED.values(), ids=list(SHIPPED))


def forms(prefix: str):
    return [one for one in SHIPPED.values() if one.id.startswith(prefix)]


def reversed_items(instrument) -> list[str]:
    return [item.link_id.removeprefix("item-") for item in instrument.items if item.reversed]


def test_srs_has_four_marks_of_ten_centimetres():
    items = SHIPPED["srs-3"].items
    assert [item.link_id for item in items] == ["item-1", "item-2", "item-3", "item-4"]
    assert {(item.minimum, item.maximum, item.step, item.decimal_places, item.scale) for item in items} == {
        (0, 10, Decimal("0.1"), 1, None)
    }


def test_srs_total_is_complete_only_and_observed():
    total = SHIPPED["srs-3"].score_by_id["total"]
    assert (total.kind, total.missing, total.minimum, total.maximum) == ("sum", "complete-only", 0, 40)
    assert total.observed


def test_srs_cut_offs_are_the_published_ones():
    found = [(one.id, one.kind, one.value, one.inclusive) for one in SHIPPED["srs-3"].cut_offs]
    assert found == [
        ("total-36", "score-below", 36, False),
        ("item-9", "any-item-below", 9, False),
        ("fall-1", "score-fell-by", 1, True),
    ]


def test_wai_sr_has_twelve_items_on_one_scale_none_reversed():
    items = SHIPPED["wai-sr-client"].items
    assert {(item.minimum, item.maximum, item.step, item.reversed) for item in items} == {(1, 5, 1, False)}
    assert [item.scale.id for item in items] == ["wai-frequency-5"] * 12


def test_wai_sr_key_has_item_1_in_task_and_item_8_in_goal():
    scores = SHIPPED["wai-sr-client"].score_by_id
    assert scores["task"].items == ("item-1", "item-2", "item-10", "item-12")
    assert scores["bond"].items == ("item-3", "item-5", "item-7", "item-9")
    assert scores["goal"].items == ("item-4", "item-6", "item-8", "item-11")


def test_wai_sr_totals_are_made_of_parts_and_hold_all_items():
    wai = SHIPPED["wai-sr-client"]
    for score_id in ("total", "total-mean"):
        assert wai.score_by_id[score_id].parts == ("task", "bond", "goal")
        assert wai.score_by_id[score_id].items == tuple(item.link_id for item in wai.items)


def test_wai_sr_has_no_cut_off_and_observes_no_mean():
    wai = SHIPPED["wai-sr-client"]
    assert wai.cut_offs == ()
    assert {score.id for score in wai.scores if score.observed} == {"task", "bond", "goal", "total"}


FOUR_MARK_FORMS = {"srs-3", "csrs-child", "gsrs-client", "ors-client", "cors-child", "cors-carer"}


def test_only_the_four_mark_forms_take_a_bare_total():
    assert {one.id for one in SHIPPED.values() if one.bare_total} == FOUR_MARK_FORMS


def test_only_the_outcome_scales_are_outcomes():
    outcomes = {one.id for one in SHIPPED.values() if one.role == "outcome"}
    assert outcomes == {"ors-client", "cors-child", "cors-carer"}


def test_what_is_said_in_own_words_or_about_signs_is_never_pushed_whole():
    shy = {one.id: one.push for one in SHIPPED.values() if one.push != "always"}
    assert shy == {
        "rupture-markers-observer": "never",
        "rupture-markers-therapist": "never",
        "session-check-in-client": "scores-only",
        "session-reflection-therapist": "never",
    }


def test_high_is_good_but_for_intensity_counts_peaks_and_arousal():
    others = {rule.id: rule.direction for one in SHIPPED.values() for rule in one.scores}
    assert {score_id: way for score_id, way in others.items() if way != "high-is-good"} == {
        "intensity": "high-is-bad",
        "withdrawal-count": "high-is-bad",
        "withdrawal-peak": "high-is-bad",
        "confrontation-count": "high-is-bad",
        "confrontation-peak": "high-is-bad",
        "arousal-mean": "neither",
    }


def test_forms_with_an_unsure_key_are_provisional():
    assert {one.id for one in SHIPPED.values() if one.status == "provisional"} == {
        "arm-5-therapist",
        "sai-client",
        "seq-5-client",
        "seq-5-therapist",
        "tasc-r-therapist",
        "wai-36-observer",
        "wai-sr-therapist",
        "wai-srt-therapist",
    }


@every_instrument
def test_every_fact_names_its_source(instrument):
    assert all(one.source for one in (*instrument.scores, *instrument.cut_offs))
    assert instrument.citation
    assert instrument.copyright


def test_the_form_decides_the_perspective():
    ends = {"carer": "carer", "therapist": "therapist", "observer": "observer"}
    expected = {one: ends.get(one.rpartition("-")[2], "client") for one in SHIPPED}
    assert {one.id: one.perspective for one in SHIPPED.values()} == expected


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("wai-36-", "1 3 7 9 10 11 12 15 20 27 29 31 33 34"),
        ("wai-s-", "4 10"),
        ("wai-sr-", ""),
        ("wai-srt-", ""),
        ("wai-b3-", ""),
        ("sai-", ""),
        ("haq-2-", "4 8 11 16 19"),
        ("arm-5-", "3"),
        ("tasc-r-", "2 5 7 8 11"),
        ("seq-5-", "3 5 7 9 11 12 14 17 18 20"),
    ],
)
def test_reversed_items_are_those_of_the_key(prefix, expected):
    found = {" ".join(reversed_items(one)) for one in forms(prefix)}
    assert found == {expected}


@pytest.mark.parametrize(
    ("instrument_id", "ranges"),
    [
        ("wai-36-observer", {"task": (12, 84), "bond": (12, 84), "goal": (12, 84), "total": (36, 252)}),
        ("wai-s-therapist", {"task": (4, 28), "bond": (4, 28), "goal": (4, 28), "total": (12, 84)}),
        ("wai-srt-therapist", {"task": (3, 15), "bond": (4, 20), "goal": (3, 15), "total": (10, 50)}),
        ("wai-b3-client", {"total": (3, 15)}),
        ("haq-2-client", {"total": (19, 114)}),
        ("arm-5-client", {"total": (5, 35)}),
        ("tasc-r-child", {"total": (12, 48)}),
    ],
)
def test_sums_have_the_ranges_of_the_reference(instrument_id, ranges):
    sums = [rule for rule in SHIPPED[instrument_id].scores if rule.kind == "sum"]
    assert {rule.id: (rule.minimum, rule.maximum) for rule in sums} == ranges


def test_wai_36_scales_have_twelve_items_each():
    scores = SHIPPED["wai-36-client"].score_by_id
    assert [len(scores[one].items) for one in ("task", "bond", "goal", "total")] == [12, 12, 12, 36]


def test_wai_b3_is_three_items_of_the_wai_sr_of_the_same_respondent():
    for one in forms("wai-b3-"):
        assert one.derived_from == f"wai-sr-{one.perspective}"
        assert [item.link_id for item in one.items] == ["item-9", "item-10", "item-11"]


def test_no_wai_form_has_a_cut_off():
    assert not [one.id for one in SHIPPED.values() if one.family == "wai" and one.cut_offs]


@pytest.mark.parametrize("instrument_id", ["csrs-child", "gsrs-client", "cors-carer"])
def test_cut_offs_that_nobody_validated_are_off(instrument_id):
    assert [one.enabled for one in SHIPPED[instrument_id].cut_offs] == [False]


def test_outcome_cut_offs_are_no_check_in_prompts():
    uses = {cut.use for one in SHIPPED.values() if one.role == "outcome" for cut in one.cut_offs}
    assert uses == {"clinical-range"}


def test_a_rupture_is_rated_only_where_one_happened():
    happened, *rated = SHIPPED["rupture-report-client"].all_items
    assert happened.required
    assert [(one.enabled_when.link_id, one.enabled_when.value) for one in rated] == [("happened", True)] * 2


def test_none_seen_and_none_yet_stand_alone():
    lists = [one.options for one in SHIPPED["session-reflection-therapist"].all_items if is_choice(one)]
    alone = [option.code for listed in lists for option in listed.options if option.exclusive]
    assert alone == ["none-seen", "none-yet"]


def is_choice(item) -> bool:
    return isinstance(item, ChoiceItem)


@every_instrument
def test_every_item_that_is_not_rated_is_in_no_score(instrument):
    words = {item.link_id for item in instrument.all_items if not isinstance(item, Item)}
    assert not words.intersection(link_id for rule in instrument.scores for link_id in rule.items)


@every_instrument
def test_texts_are_short_descriptors_and_no_sentences(instrument):
    assert not [item.text for item in instrument.all_items if len(item.text) > 50 or item.text.endswith(".")]


def test_own_words_are_asked_for_in_two_forms_only():
    asking = {one.id for one in SHIPPED.values() if any(isinstance(i, TextItem) for i in one.all_items)}
    assert asking == {"session-check-in-client", "session-reflection-therapist"}
