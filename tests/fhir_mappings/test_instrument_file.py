from decimal import Decimal
from importlib import resources

import pytest

from fhir_mappings.errors import InstrumentFileError
from fhir_mappings.instrument import Condition
from fhir_mappings.instrument_file import load_instrument, read_instrument
from fhir_mappings.instrument_rules import LONGEST_PART

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
family = "small"
role = "alliance"
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
    ("earlier_versions", changed(SMALL, '"0.1.0"', '"0.1.0"\nearlier_versions = ["0.0"]'), "such as 1.0.0"),
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
    ("items[1].requird", changed(SMALL, "step = 0.5", "step = 0.5\nrequird = true"), "unknown key"),
    ("items[0].scale", changed(WAI, SCALE, 'scale = "wai-frequency-7"'), "does not define"),
    ("items[0].step", changed(WAI, SCALE, SCALE + ", step = 1"), "unknown key"),
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


# A form with every kind of item, and with counts, peaks and answers as scores.
MIXED = """
id = "small-form"
version = "0.1.0"
date = "2026-01-31"
name = "SmallForm"
title = "Small form"
short_title = "SF"
family = "small"
role = "rupture"
perspective = "client"
status = "local"
description = "For tests."
timing = "each session"
looks_back = "this session"
push = "never"
bare_total = false
observed_items = false
copyright = "Ours."
citation = "None."

items = [
  { link_id = "happened", text = "Happened", kind = "yes-no", required = true },
  { link_id = "strength", text = "Strength", minimum = 1, maximum = 5, step = 1, lower_anchor = "a", upper_anchor = "b", enabled_when = { item = "happened", is = true } },
  { link_id = "kind", text = "Kind", kind = "one-of", options = "kinds" },
  { link_id = "signs", text = "Signs", kind = "several-of", options = "kinds", enabled_when = { item = "kind", is = "loud" } },
  { link_id = "note", text = "Note", kind = "text" },
]

[options.kinds]
title = "Kinds"
choices = [{ code = "loud", display = "Loud" }, { code = "none", display = "None", exclusive = true }]

[[scores]]
id = "strength"
title = "Strength"
kind = "answer"
items = ["strength"]
missing = "complete-only"
minimum = 1
maximum = 5
observed = true
direction = "high-is-bad"
source = "ours"

[[scores]]
id = "strength-count"
title = "Count"
kind = "count"
items = ["strength"]
missing = "blank-is-not-seen"
minimum = 0
maximum = 1
observed = true
source = "ours"

[[scores]]
id = "strength-peak"
title = "Peak"
kind = "peak"
items = ["strength"]
missing = "blank-is-not-seen"
minimum = 1
maximum = 5
observed = true
source = "ours"

[[cut_offs]]
id = "low"
kind = "score-below"
score = "strength"
value = 2
inclusive = true
status = "local"
source = "ours"
age_from = 6
age_to = 12
"""  # noqa: E501 - an item stands in one line, as in the shipped files

STRENGTH = 'items = ["strength"]\nmissing = "blank-is-not-seen"'
WHEN_TRUE = '{ item = "happened", is = true }'
WHEN_LOUD = '{ item = "kind", is = "loud" }'
KINDS = "options.kinds.choices"
CONDITION = "items[1].enabled_when"

BAD_MIXED = [
    ("items[0].kind", changed(MIXED, '"yes-no"', '"maybe"'), "one of number, yes-no"),
    ("items[0].step", changed(MIXED, '"yes-no", ', '"yes-no", step = 1, '), "unknown key"),
    ("items[0].required", changed(MIXED, "required = true", 'required = "yes"'), "true or false"),
    ("items[2].step", changed(MIXED, '"one-of", ', '"one-of", step = 1, '), "unknown key"),
    ("items[2].options", changed(MIXED, 'options = "kinds"', 'options = "sorts"'), "does not define"),
    ("items[2].options", changed(MIXED, ', options = "kinds"', ""), "missing"),
    (CONDITION, changed(MIXED, WHEN_TRUE, '"happened"'), "a table"),
    (f"{CONDITION}.item", changed(MIXED, WHEN_TRUE, '{ item = "note", is = true }'), "before this one"),
    (f"{CONDITION}.item", changed(MIXED, WHEN_TRUE, "{ is = true }"), "missing"),
    (f"{CONDITION}.value", changed(MIXED, WHEN_TRUE, '{ item = "happened", value = true }'), "unknown key"),
    (f"{CONDITION}.is", changed(MIXED, WHEN_TRUE, '{ item = "happened", is = "yes" }'), "no answer"),
    ("items[3].enabled_when.is", changed(MIXED, WHEN_LOUD, '{ item = "kind", is = "soft" }'), "no answer"),
    ("items[3].enabled_when.is", changed(MIXED, WHEN_LOUD, '{ item = "kind", is = true }'), "no answer"),
    ("items[3].enabled_when.is", changed(MIXED, WHEN_LOUD, '{ item = "strength", is = 2 }'), "no answer"),
    ("options.kinds.choices", changed(MIXED, '"none", display', '"loud", display'), "code twice"),
    (f"{KINDS}[1].exclusive", changed(MIXED, "exclusive = true", "exclusive = 1"), "true or false"),
    (f"{KINDS}[0].weight", changed(MIXED, '"loud", ', '"loud", weight = 1, '), "unknown key"),
    ("options.Kinds", changed(MIXED, "[options.kinds]", "[options.Kinds]"), "lower-case"),
    ("scores[0].direction", changed(MIXED, '"high-is-bad"', '"down"'), "one of high-is-good"),
    ("scores[0].items", changed(MIXED, '["strength"]\nmissing = "c', '["note"]\nmissing = "c'), "its own id"),
    ("scores[1].items", changed(MIXED, STRENGTH, STRENGTH.replace("strength", "note")), "by a number"),
    ("scores[1].maximum", changed(MIXED, "maximum = 1\n", "maximum = 2\n"), "items give"),
    ("scores[1].missing", changed(MIXED, "blank-is-not-seen", "complete-only"), "count or peak"),
    ("scores[2].id", changed(MIXED, '"strength-peak"', '"strength-high"'), "-peak"),
    ("scores[2].minimum", MIXED.replace("minimum = 1\nmaximum = 5\nobserved = true\nsource", "minimum = 2\nmaximum = 5\nobserved = true\nsource"), "items give"),  # noqa: E501 - one case, one line
    ("scores[0].items", changed(MIXED, "step = 1,", "step = 1, reversed = true,"), "reversed item"),
    ("cut_offs[0].age_from", changed(MIXED, "age_from = 6", "age_from = 13"), "above age_to"),
    ("cut_offs[0].age_from", changed(MIXED, "age_from = 6", "age_from = 121"), "whole years"),
    ("cut_offs[0].age_to", changed(MIXED, "age_to = 12", "age_to = true"), "whole years"),
    ("cut_offs[0].use", changed(MIXED, "age_to = 12", 'use = "alarm"'), "one of check-in, clinical-range"),
    ("push", changed(MIXED, '"never"', '"always"'), "own words"),
    ("scores[6].parts", changed(WAI, 'kind = "sum"\nparts', 'kind = "count"\nparts'), "a sum or a mean"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "text", "reason"), BAD_MIXED)
def test_a_fault_of_any_kind_of_item_is_named(key, text, reason):
    name = "wai-sr-client.toml" if 'id = "wai-sr-client"' in text else "small-form.toml"
    reasons = [fault.reason for fault in read_instrument(name, text).faults if fault.key == key]
    assert any(reason in one for one in reasons)


def test_a_form_with_every_kind_of_item_is_read_in_file_order():
    form = load_instrument("small-form.toml", MIXED)
    assert [item.link_id for item in form.all_items] == ["happened", "strength", "kind", "signs", "note"]
    assert [item.link_id for item in form.items] == ["strength"]


def test_a_form_is_for_children_where_its_file_says_so():
    told = changed(SMALL, 'status = "provisional"', 'for_children = true\nstatus = "provisional"')

    assert load_instrument("small-form.toml", told).for_children
    assert not load_instrument("small-form.toml", SMALL).for_children


def test_conditions_name_an_earlier_item_and_its_answer():
    form = load_instrument("small-form.toml", MIXED)
    assert [item.enabled_when for item in form.all_items if item.enabled_when] == [
        Condition("happened", value=True),
        Condition("kind", value="loud"),
    ]


def test_a_cut_off_may_be_bound_to_ages():
    cut_off = load_instrument("small-form.toml", MIXED).cut_offs[0]
    assert (cut_off.age_from, cut_off.age_to, cut_off.enabled, cut_off.use) == (6, 12, True, "check-in")


def test_any_item_below_needs_items_with_numbers():
    text = changed(MIXED, "minimum = 1, maximum = 5, step = 1, lower_anchor", 'kind = "text", lower_anchor')
    text = changed(text, 'lower_anchor = "a", upper_anchor = "b", ', "")
    text = text[: text.index("[[scores]]")] + CUT_OFF.format(kind="any-item-below", value=2, score="")
    found = [(fault.key, fault.reason) for fault in read_instrument("small-form.toml", text).faults]
    assert found == [("cut_offs[0].kind", "any-item-below needs items that are answered by a number")]


def keys_of_faults(text: str) -> list[str]:
    return [fault.key for fault in read_instrument("small-form.toml", text).faults]


def test_every_fault_of_a_file_is_found_in_one_reading():
    text = changed(SMALL, '"Small form"', '" "').replace("step = 1\n", "step = 0\n").replace("75", "80")
    text = changed(text, "citation", "citatoin")
    assert keys_of_faults(text) == ["citatoin", "items[0].step", "scores[0].missing", "title", "citation"]


def test_what_rests_on_something_faulty_is_not_judged():
    text = changed(SMALL, "minimum = 0", 'minimum = "0"') + CUT_OFF.format(
        kind="score-below", value=99, score='score = "one-mean"'
    )
    assert keys_of_faults(text) == ["items[0].minimum", "cut_offs[0].value"]


def test_a_cut_off_on_a_faulty_score_is_not_judged():
    text = changed(cut_off("score-below", "99", "one-mean"), '"mean"', '"average"')
    assert keys_of_faults(text) == ["scores[0].kind"]


def test_an_item_of_a_faulty_scale_is_not_judged_nor_a_total_of_faulty_parts():
    text = changed(WAI, 'display = "Seldom"', 'display = ""')
    text = changed(text, 'title = "WAI-SR task"', "title = 1")
    found = [fault.key for fault in read_instrument("wai-sr-client.toml", text).faults]
    assert found == ["scales.wai-frequency-5.choices[0].display", "scores[0].title"]


def test_an_item_of_a_faulty_list_and_a_condition_on_a_faulty_item_are_not_judged():
    text = changed(MIXED, 'display = "Loud"', "display = 1")
    assert keys_of_faults(text) == ["options.kinds.choices[0].display"]


def test_a_total_of_parts_without_their_faults_is_still_judged():
    text = changed(WAI, "maximum = 60", "maximum = 61")
    found = [fault.key for fault in read_instrument("wai-sr-client.toml", text).faults]
    assert found == ["scores[6].maximum"]


def test_an_observed_part_has_a_name_that_fits_into_an_observations_id():
    long_name = f"i{LONGEST_PART * '-i'}"[:LONGEST_PART] + "x"
    observed = SMALL.replace("observed_items = false", "observed_items = true")
    assert keys_of_faults(observed.replace('"second"', f'"{long_name}"')) == ["observed_items"]
    assert keys_of_faults(SMALL.replace('"second"', f'"{long_name}"')) == []
    assert "scores[0].id" in keys_of_faults(SMALL.replace("one-mean", f"{'o' * LONGEST_PART}-mean"))
