"""What must hold for all answers, not only for worked ones."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fhir_mappings.answers import agrees, canonical_answers, check_answers, derived_answers
from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.errors import AnswersRefused
from fhir_mappings.filled import Answers
from fhir_mappings.instrument import ChoiceItem, FlagItem, Item, TextItem
from fhir_mappings.kept_answers import keep_answers, restore_answers
from fhir_mappings.scoring import score

# A busy machine is no fault of the scores: time is judged in the benches.
untimed = settings(deadline=None)

INSTRUMENTS = list(shipped_instruments().values())
RATED = [one for one in INSTRUMENTS if one.items]
PRORATED = [
    one for one in RATED if any(rule.missing == "prorate-75" and len(rule.items) > 3 for rule in one.scores)
]


def marks(item: Item):
    steps = int((item.maximum - item.minimum) / item.step)
    return st.integers(0, steps).map(lambda step: item.minimum + item.step * step)


def answers_to(item):
    """Return what one may answer, as a sender gives it."""
    match item:
        case Item():
            return marks(item)
        case FlagItem():
            return st.booleans()
        case TextItem():
            return st.text(
                st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=9
            )
        case ChoiceItem():
            codes = [option.code for option in item.options.options if not option.exclusive]
            return st.lists(st.sampled_from(codes), unique=True) if item.several else st.sampled_from(codes)


@st.composite
def filled_forms(draw, instruments=INSTRUMENTS):
    instrument = draw(st.sampled_from(instruments))
    given = {item.link_id: draw(st.none() | answers_to(item)) for item in instrument.all_items}
    for item in instrument.all_items:
        if item.required and given[item.link_id] is None:
            given[item.link_id] = draw(answers_to(item))
        if item.enabled_when and given[item.enabled_when.link_id] != item.enabled_when.value:
            del given[item.link_id]
    first = instrument.all_items[0]
    while not any(value is not None and value != [] and str(value).strip() for value in given.values()):
        given[first.link_id] = draw(answers_to(first))
    return instrument, check_answers(instrument, given)


@untimed
@given(filled_forms())
def test_every_score_lies_in_its_range(form):
    instrument, answers = form
    for rule, one in zip(instrument.scores, score(instrument, answers), strict=True):
        assert one.value is None or rule.minimum <= one.value <= rule.maximum


@untimed
@given(filled_forms())
def test_every_score_has_at_most_two_places(form):
    for one in score(*form):
        assert one.value is None or one.value == round(one.value, 2)


@untimed
@given(filled_forms())
def test_a_score_is_prorated_only_with_some_but_not_all_answers(form):
    for one in score(*form):
        assert not one.prorated or (one.value is not None and 0 < one.answered < one.of)


@untimed
@given(filled_forms(RATED), st.integers(0, 35))
def test_an_answer_further_in_its_keyed_direction_lowers_no_score(form, place):
    instrument, answers = form
    answered = [item for item in instrument.items if item.link_id in answers.values]
    assume(answered)
    item = answered[place % len(answered)]
    stepped = answers.values[item.link_id] + (-item.step if item.reversed else item.step)
    further = min(max(stepped, item.minimum), item.maximum)
    after = score(instrument, replace(answers, values={**answers.values, item.link_id: further}))
    for old, new in zip(score(instrument, answers), after, strict=True):
        assert old.value == new.value or old.value < new.value


@untimed
@given(filled_forms(RATED))
def test_turning_key_and_answers_round_changes_no_score(form):
    instrument, answers = form
    turned = tuple(
        replace(item, reversed=not item.reversed) if isinstance(item, Item) else item
        for item in instrument.all_items
    )
    rated = instrument.item_by_link_id
    mirrored = {
        link_id: rated[link_id].minimum + rated[link_id].maximum - value
        for link_id, value in answers.values.items()
    }
    again = score(replace(instrument, all_items=turned), replace(answers, values=mirrored))
    assert again == score(instrument, answers)


@pytest.mark.parametrize("lowest", [True, False])
@pytest.mark.parametrize("instrument", PRORATED, ids=[one.id for one in PRORATED])
def test_a_prorated_score_of_extreme_answers_is_the_end_of_its_range(instrument, lowest):
    plain_scales = [rule for rule in instrument.scores if not rule.parts]
    blank = {rule.items[0] for rule in plain_scales if len(rule.items) > 3}
    answers = {
        item.link_id: item.maximum if item.reversed == lowest else item.minimum
        for item in instrument.items
        if item.link_id not in blank
    }
    prorated = [one for one in score(instrument, Answers(answers)) if one.prorated]
    rules = instrument.score_by_id
    assert prorated
    assert {one.value for one in prorated} == {
        rules[one.id].minimum if lowest else rules[one.id].maximum for one in prorated
    }


@untimed
@given(st.sampled_from(RATED), st.decimals(0, 40, places=1))
def test_a_bare_total_is_taken_by_four_mark_forms_only(instrument, total):
    try:
        taken = check_answers(instrument, {}, total).total
    except AnswersRefused:
        taken = None
    assert (taken == total) == (instrument.family in {"srs", "ors"})


@untimed
@given(filled_forms())
def test_kept_answers_come_back(form):
    instrument, answers = form
    assert restore_answers(instrument, keep_answers(answers)) == answers


@untimed
@given(filled_forms([one for one in INSTRUMENTS if one.id.startswith("wai-sr-")]))
def test_a_derived_form_scores_like_the_same_answers_given_to_it(form):
    instrument, answers = form
    derived = next(one for one in INSTRUMENTS if one.derived_from == instrument.id)
    own = derived_answers(derived, answers)
    assume(own.values)
    assert score(derived, own) == score(derived, check_answers(derived, own.values))


def as_sent(instrument, answers) -> dict[str, object]:
    """Return the answers as a sender would give them: one choice is its code, several are a list."""
    several = {item.link_id for item in instrument.all_items if isinstance(item, ChoiceItem) and item.several}
    choices = {
        link_id: list(codes) if link_id in several else codes[0] for link_id, codes in answers.choices.items()
    }
    return {**answers.by_link_id, **choices}


def respell(value, zeros: int):
    if isinstance(value, Decimal):
        return value.quantize(Decimal(1).scaleb(-1 - zeros))
    return value[::-1] if isinstance(value, list) else value


@untimed
@given(filled_forms(), st.integers(0, 9), st.randoms(use_true_random=False))
def test_equal_answers_have_one_canonical_text(form, zeros, random):
    instrument, answers = form
    respelt = [(link_id, respell(value, zeros)) for link_id, value in as_sent(instrument, answers).items()]
    random.shuffle(respelt)
    again = check_answers(instrument, dict(respelt))
    assert canonical_answers(instrument, again) == canonical_answers(instrument, answers)


@untimed
@given(filled_forms(), filled_forms())
def test_different_answers_have_different_canonical_texts(one, other):
    same = one[1] == other[1]
    assert (canonical_answers(*one) == canonical_answers(*other)) == same


@untimed
@given(filled_forms())
def test_the_total_that_we_compute_is_accepted_beside_its_answers(form):
    instrument, answers = form
    total = next((one.value for one in score(instrument, answers) if one.id == "total"), None)
    assert total is None or check_answers(instrument, answers.values, total) == answers


@untimed
@given(st.decimals(0, 60, allow_nan=False, places=2), st.integers(0, 6))
def test_a_number_rounded_anywhere_agrees_with_itself(number, places):
    assert agrees(round(number, places), number)


ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.floats()
    | st.text("0123456789.-+eE naif\x00\ud800", max_size=8)
    | st.lists(st.none() | st.sampled_from(["silence", "none-seen"]))
)


@untimed
@given(st.data(), st.none() | st.decimals() | st.integers())
@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=[one.id for one in INSTRUMENTS])
def test_whatever_is_sent_is_taken_or_refused_with_faults(instrument, data, total):
    link_ids = st.sampled_from([*(item.link_id for item in instrument.all_items), "total", "item 1"])
    given = data.draw(st.dictionaries(link_ids, ANYTHING, max_size=8))
    try:
        faults = ()
        kept = check_answers(instrument, given, total)
    except AnswersRefused as refused:
        faults = refused.faults
    assert faults or len(score(instrument, kept)) == len(instrument.scores)
