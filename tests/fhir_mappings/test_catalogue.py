from decimal import Decimal
from importlib import resources

import pytest

from fhir_mappings.catalogue import builtin_instruments, find, load_instrument
from fhir_mappings.errors import InstrumentFileError

SRS = (resources.files("fhir_mappings") / "instruments" / "srs-3.toml").read_text(encoding="utf-8")
WAI = (resources.files("fhir_mappings") / "instruments" / "wai-sr-client.toml").read_text(encoding="utf-8")

# A form as later files will need it: from 0, a reversed item, a mean, provisional.
SMALL = """
id = "small-form"
version = "0.1.0"
date = "2026-01-31"
name = "SmallForm"
title = "Small form"
short_title = "SF"
perspective = "observer"
status = "provisional"
status_reason = "key from memory"
description = "For tests."
timing = "each session"
looks_back = "this session"
push = "scores-only"
bare_total = false
observed_items = false
copyright = "Ours."
citation = "None."

[[items]]
link_id = "first"
text = "First"
minimum = 0
maximum = 5
step = 1
reversed = true
lower_anchor = "none"
upper_anchor = "all"

[[items]]
link_id = "second"
text = "Second"
minimum = 0
maximum = 5
step = 0.5
lower_anchor = "none"
upper_anchor = "all"

[[scores]]
id = "one-mean"
title = "One"
kind = "mean"
items = ["first", "second"]
missing = "prorate-75"
minimum = 0
maximum = 5
observed = true
source = "ours"
"""

CUT_OFF = """
[[cut_offs]]
id = "low"
kind = "{kind}"
{score}
value = {value}
inclusive = true
status = "local"
source = "ours"
"""


def cut_off(kind: str, value: str, score: str = "") -> str:
    return SMALL + CUT_OFF.format(kind=kind, value=value, score=f'score = "{score}"' if score else "")


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def test_the_shipped_instruments_are_there_by_id():
    assert list(builtin_instruments()) == ["srs-3", "wai-sr-client"]


def test_srs_has_four_marks_of_ten_centimetres():
    items = builtin_instruments()["srs-3"].items
    assert [item.link_id for item in items] == ["item-1", "item-2", "item-3", "item-4"]
    assert {(item.minimum, item.maximum, item.step, item.decimal_places, item.scale) for item in items} == {
        (0, 10, Decimal("0.1"), 1, None)
    }


def test_srs_total_is_complete_only_and_observed():
    total = builtin_instruments()["srs-3"].score_by_id["total"]
    assert (total.kind, total.missing, total.minimum, total.maximum) == ("sum", "complete-only", 0, 40)
    assert total.observed


def test_srs_cut_offs_are_the_published_ones():
    found = [(one.id, one.kind, one.value, one.inclusive) for one in builtin_instruments()["srs-3"].cut_offs]
    assert found == [
        ("total-36", "score-below", 36, False),
        ("item-9", "any-item-below", 9, False),
        ("fall-1", "score-fell-by", 1, True),
    ]


def test_wai_sr_has_twelve_items_on_one_scale_none_reversed():
    items = builtin_instruments()["wai-sr-client"].items
    assert {(item.minimum, item.maximum, item.step, item.reversed) for item in items} == {(1, 5, 1, False)}
    assert [item.scale.id for item in items] == ["wai-frequency-5"] * 12


def test_wai_sr_key_has_item_1_in_task_and_item_8_in_goal():
    scores = builtin_instruments()["wai-sr-client"].score_by_id
    assert scores["task"].items == ("item-1", "item-2", "item-10", "item-12")
    assert scores["bond"].items == ("item-3", "item-5", "item-7", "item-9")
    assert scores["goal"].items == ("item-4", "item-6", "item-8", "item-11")


def test_wai_sr_totals_are_made_of_parts_and_hold_all_items():
    wai = builtin_instruments()["wai-sr-client"]
    for score_id in ("total", "total-mean"):
        assert wai.score_by_id[score_id].parts == ("task", "bond", "goal")
        assert wai.score_by_id[score_id].items == tuple(item.link_id for item in wai.items)


def test_wai_sr_has_no_cut_off_and_observes_no_mean():
    wai = builtin_instruments()["wai-sr-client"]
    assert wai.cut_offs == ()
    assert {score.id for score in wai.scores if score.observed} == {"task", "bond", "goal", "total"}


def test_every_score_and_cut_off_names_its_source():
    for instrument in builtin_instruments().values():
        assert all(one.source for one in (*instrument.scores, *instrument.cut_offs))


@pytest.mark.parametrize("reference", ["srs-3", "srs-3|1.0.0"])
def test_an_instrument_is_found_by_id_with_or_without_revision(reference):
    assert find(builtin_instruments(), reference).reference == "srs-3|1.0.0"


@pytest.mark.parametrize("reference", ["SRS", "srs", "srs-2", "srs-3|2.0.0", "srs-3|", ""])
def test_neither_an_acronym_nor_another_revision_is_found(reference):
    assert find(builtin_instruments(), reference) is None


def test_a_provisional_form_with_a_reversed_item_from_zero_is_read():
    form = load_instrument("clinic/small-form.toml", SMALL)
    assert (form.status, form.status_reason, form.push) == ("provisional", "key from memory", "scores-only")
    assert [(item.reversed, item.decimal_places) for item in form.items] == [(True, 0), (False, 1)]
    assert form.scores[0].kind == "mean"


def test_a_cut_off_on_a_mean_is_read():
    form = load_instrument("small-form.toml", cut_off("score-below", "2.5", "one-mean"))
    assert form.cut_offs[0].value == Decimal("2.5")


THREE_OF_FOUR = changed(changed(SRS, ', "item-4"]', "]"), "maximum = 40", "maximum = 30").replace(
    "value = 36", "value = 27"
)
SCALE = 'scale = "wai-frequency-5"'
KEY = '["first", "second"]'
PARTS = '["task", "bond", "goal"]'

BAD_TOP = [
    ("version", changed(SMALL, '"0.1.0"', '"1.0"'), "three numbers"),
    ("version", changed(SMALL, '"0.1.0"', '"1.0.0-beta"'), "three numbers"),
    ("id", changed(SMALL, '"small-form"', '"other-form"'), "file's name"),
    ("id", changed(SMALL, '"small-form"', '"Small_Form"'), "lower-case"),
    ("id", changed(SMALL, '"small-form"', f'"{"a" * 49}"'), "at most 48"),
    ("name", changed(SMALL, '"SmallForm"', '"small form"'), "capital"),
    ("date", changed(SMALL, "2026-01-31", "2026-02-30"), "a date"),
    ("date", changed(SMALL, '"2026-01-31"', "2026-01-31"), "a text"),
    ("date", changed(SMALL, '"2026-01-31"', '"31.1.2026"'), "a date"),
    ("title", changed(SMALL, '"Small form"', '" "'), "blank"),
    ("title", changed(SMALL, '"Small form"', "7"), "a text"),
    ("citation", changed(SMALL, 'citation = "None."\n', ""), "missing"),
    ("citatoin", changed(SMALL, "citation", "citatoin"), "unknown key"),
    ("perspective", changed(SMALL, '"observer"', '"parent"'), "one of client, therapist, observer, carer"),
    ("push", changed(SMALL, '"scores-only"', '"sometimes"'), "one of always, scores-only, never"),
    ("status_reason", changed(SMALL, 'status_reason = "key from memory"', ""), "needed"),
    ("status_reason", changed(SMALL, '"provisional"', '"ready"'), "no place beside ready"),
    ("bare_total", changed(SMALL, "bare_total = false", "bare_total = 0"), "true or false"),
    ("bare_total", changed(SMALL, "bare_total = false", "bare_total = true"), "needs one score"),
    ("bare_total", changed(WAI, "bare_total = false", "bare_total = true"), "needs one score"),
    ("bare_total", changed(SRS, "step = 0.1", "step = 1"), "one step"),
    ("bare_total", changed(SRS, '"complete-only"', '"prorate-75"'), "complete-only"),
    ("bare_total", THREE_OF_FOUR, "all items"),
    ("items", SMALL[: SMALL.index("[[items]]")], "missing"),
    ("items", SMALL[: SMALL.index("[[items]]")] + "items = []", "empty"),
    ("items", SMALL[: SMALL.index("[[items]]")] + "items = [1]", "list of tables"),
    ("items", changed(SMALL, '"second"\ntext', '"first"\ntext'), "link id twice: first"),
    ("scores", SRS + SRS[SRS.index("[[scores]]") : SRS.index("# Cut-offs")], "score id twice: total"),
    (
        "scores",
        changed(SRS, '"item-4"\ntext', '"total"\ntext').replace('"item-4"', '"total"'),
        "an item: total",
    ),
    ("cut_offs", SRS + SRS[SRS.index("[[cut_offs]]") :], "cut-off id twice: total-36"),
    ("(syntax)", "id = ", "not TOML"),
]

BAD_ITEMS = [
    ("items[0].minimum", changed(SMALL, "minimum = 0", "minimum = 5"), "less than the maximum"),
    ("items[0].minimum", changed(SMALL, "minimum = 0", "minimum = nan"), "below a million"),
    ("items[0].minimum", changed(SMALL, "minimum = 0", "minimum = -1e6"), "below a million"),
    ("items[0].minimum", changed(SMALL, "minimum = 0", "minimum = true"), "a number"),
    ("items[0].minimum", changed(SMALL, "minimum = 0", 'minimum = "0"'), "a number"),
    ("items[0].maximum", changed(SMALL, "maximum = 5\n", ""), "missing"),
    ("items[0].step", changed(SMALL, "step = 1", "step = 2"), "divide the range"),
    ("items[0].step", changed(SMALL, "step = 1", "step = 0"), "divide the range"),
    ("items[0].step", changed(SMALL, "step = 1", "step = 0.0000001"), "6 decimal places"),
    ("items[1].required", changed(SMALL, "step = 0.5", "step = 0.5\nrequired = true"), "unknown key"),
    ("items[0].scale", changed(WAI, SCALE, 'scale = "wai-frequency-7"'), "does not define"),
    ("items[0].step", changed(WAI, SCALE, SCALE + "\nstep = 1"), "unknown key"),
    ("scales.wai-frequency-5.choices", changed(WAI, 'code = "5"', 'code = "4"'), "code twice"),
    ("scales.wai-frequency-5.choices", changed(WAI, "weight = 5", "weight = 6"), "equal steps"),
    ("scales.wai-frequency-5.choices", changed(WAI, "weight = 2", "weight = 1"), "equal steps"),
    ("scales.wai-frequency-5.choices[0].display", changed(WAI, '"Seldom"', '""'), "blank"),
    ("scales", changed(WAI, "[scales.wai-frequency-5]", "[scales]"), "tables only"),
    ("scales.WAI", changed(WAI, "[scales.wai-frequency-5]", "[scales.WAI]"), "lower-case"),
]

BAD_SCORES = [
    ("scores[0].items", changed(SMALL, KEY, '["first", "third"]'), "does not have: third"),
    ("scores[0].items", changed(SMALL, KEY, '["first", "first"]'), "twice"),
    ("scores[0].items", changed(SMALL, KEY, "[]"), "empty"),
    ("scores[0].items", changed(SMALL, KEY, "[1, 2]"), "list of texts"),
    ("scores[0].items", changed(SMALL, 'items = ["first", "second"]', ""), "either items or parts"),
    ("scores[0].minimum", changed(SMALL, '75"\nminimum = 0', '75"\nminimum = 1'), "items give"),
    ("scores[0].maximum", changed(SRS, "maximum = 40", "maximum = 50"), "items give"),
    ("scores[0].id", changed(SMALL, '"one-mean"', '"one"'), "-mean"),
    ("scores[0].id", changed(SRS, 'id = "total"', 'id = "total-mean"'), "-mean"),
    ("scores[6].parts", changed(WAI, PARTS, '["task", "bond-mean", "goal"]'), "bond-mean"),
    ("scores[6].parts", changed(WAI, PARTS, '["task", "total"]'), "before it: total"),
    ("scores[6].parts", WAI.replace('"item-8", "item-11"', '"item-8", "item-12"'), "counts an item twice"),
    ("scores[0].missing", changed(SMALL, '"prorate-75"', '"guess"'), "one of complete-only, prorate-75"),
    ("cut_offs[0].score", cut_off("score-below", "2", "two-mean"), "no score of the form"),
    ("cut_offs[0].score", cut_off("score-below", "2"), "no score of the form"),
    ("cut_offs[0].score", cut_off("score-fell-by", "2", "one-mean"), "total only"),
    ("cut_offs[0].score", cut_off("any-item-below", "2", "one-mean"), "no place"),
    ("cut_offs[0].kind", cut_off("any-item-below", "2"), "reversed"),
    ("cut_offs[0].value", cut_off("score-below", "0", "one-mean"), "nothing can cross"),
    ("cut_offs[0].value", changed(SRS, "value = 36", "value = 41"), "nothing can cross"),
    ("cut_offs[1].value", changed(SRS, "value = 9", "value = 11"), "nothing can cross"),
    ("cut_offs[2].value", changed(SRS, "value = 1.0", "value = -1.0"), "nothing can cross"),
]


@pytest.mark.parametrize(("key", "text", "reason"), BAD_TOP + BAD_ITEMS + BAD_SCORES)
def test_a_bad_file_is_refused_naming_file_key_and_reason(key, text, reason):
    name = next((n for n in ("srs-3", "wai-sr-client") if f'id = "{n}"' in text), "small-form") + ".toml"
    with pytest.raises(InstrumentFileError) as refused:
        load_instrument(name, text)
    assert (refused.value.file, refused.value.key) == (name, key)
    assert reason in refused.value.reason
    assert str(refused.value) == f"{name}: {key}: {refused.value.reason}"


def test_a_scale_needs_two_choices():
    one = '[scales.lone]\ntitle = "Lone"\nchoices = [{ code = "1", weight = 1, display = "Only" }]\n'
    with pytest.raises(InstrumentFileError) as refused:
        load_instrument("small-form.toml", SMALL + one)
    assert refused.value.key == "scales.lone.choices"
