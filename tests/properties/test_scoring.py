"""What must hold for all answers, not only for worked ones."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mappings.answers import agrees, canonical_answers, check_answers
from fhir_mappings.catalogue import builtin_instruments
from fhir_mappings.errors import AnswersRefused
from fhir_mappings.filled import Answers
from fhir_mappings.instrument import Item
from fhir_mappings.scoring import score

# A busy machine is no fault of the scores: time is judged in the benches.
untimed = settings(deadline=None)

INSTRUMENTS = list(builtin_instruments().values())


def marks(item: Item):
    steps = int((item.maximum - item.minimum) / item.step)
    return st.integers(0, steps).map(lambda step: item.minimum + item.step * step)


@st.composite
def filled_forms(draw):
    instrument = draw(st.sampled_from(INSTRUMENTS))
    given = {item.link_id: draw(st.none() | marks(item)) for item in instrument.items}
    if not any(value is not None for value in given.values()):
        given["item-1"] = instrument.items[0].minimum
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
@given(filled_forms(), st.integers(0, 11))
def test_a_higher_answer_lowers_no_score(form, place):
    instrument, answers = form
    item = instrument.items[place % len(instrument.items)]
    raised = min(answers.values.get(item.link_id, item.maximum) + item.step, item.maximum)
    higher = Answers({**answers.values, item.link_id: raised}) if item.link_id in answers.values else answers
    for before, after in zip(score(instrument, answers), score(instrument, higher), strict=True):
        assert before.value == after.value or before.value < after.value


@untimed
@given(filled_forms(), st.integers(0, 9), st.randoms(use_true_random=False))
def test_equal_answers_have_one_canonical_text(form, zeros, random):
    instrument, answers = form
    respelt = [
        (link_id, value.quantize(Decimal(1).scaleb(-1 - zeros))) for link_id, value in answers.values.items()
    ]
    random.shuffle(respelt)
    again = check_answers(instrument, dict(respelt))
    assert canonical_answers(instrument, again) == canonical_answers(instrument, answers)


@untimed
@given(filled_forms(), filled_forms())
def test_different_answers_have_different_canonical_texts(one, other):
    same = one[1].values == other[1].values
    assert (canonical_answers(*one) == canonical_answers(*other)) == same


@untimed
@given(filled_forms())
def test_the_total_that_we_compute_is_accepted_beside_its_answers(form):
    instrument, answers = form
    total = next(one.value for one in score(instrument, answers) if one.id == "total")
    assert total is None or check_answers(instrument, answers.values, total) == answers


@untimed
@given(st.decimals(0, 60, allow_nan=False, places=2), st.integers(0, 6))
def test_a_number_rounded_anywhere_agrees_with_itself(number, places):
    assert agrees(round(number, places), number)


@untimed
@given(
    st.dictionaries(
        st.sampled_from(["item-1", "item-2", "item-12", "total", "item 1"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.decimals()
        | st.floats()
        | st.text("0123456789.-+eE naif", max_size=8)
        | st.lists(st.none()),
    ),
    st.none() | st.decimals() | st.integers(),
)
@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=[one.id for one in INSTRUMENTS])
def test_whatever_is_sent_is_taken_or_refused_with_faults(instrument, given, total):
    try:
        faults = ()
        kept = check_answers(instrument, given, total)
    except AnswersRefused as refused:
        faults = refused.faults
    assert faults or len(score(instrument, kept)) == len(instrument.scores)
