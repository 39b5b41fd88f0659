"""Answers written as a QuestionnaireResponse, as bytes, and read again are the same answers."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from fhir_mappings.answers import canonical_answers
from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.filled import Identifier
from fhir_mappings.json_text import dumps, loads
from fhir_mappings.response import read_and_check, to_response
from tests.answer_sets import random_answers
from tests.builders import NAMES, a_filled, srs

INSTRUMENTS = shipped_instruments()
MARKS = st.integers(0, 100).map(lambda tenths: Decimal(tenths) / 10)


@st.composite
def filled_forms(draw):
    """Draw any instrument with answers that it accepts, some of them blank."""
    instrument = INSTRUMENTS[draw(st.sampled_from(sorted(INSTRUMENTS)))]
    chance = draw(st.randoms(use_true_random=False))
    return a_filled(instrument, random_answers(instrument, chance, draw(st.sampled_from([0.0, 0.2, 0.6]))))


def read_again(filled):
    return read_and_check(loads(dumps(to_response(filled, NAMES))), INSTRUMENTS, NAMES)


@given(filled_forms())
def test_answers_and_scores_of_any_instrument_come_back_the_same(filled):
    back = read_again(filled)
    assert (back.answers, back.scores) == (filled.answers, filled.scores)


@given(st.dictionaries(st.sampled_from([item.link_id for item in srs().items]), MARKS, min_size=1))
def test_marks_of_any_tenth_come_back_the_same(answers):
    filled = a_filled(srs(), answers)
    assert read_again(filled).answers == filled.answers


@given(st.integers(0, 400).map(lambda tenths: Decimal(tenths) / 10))
def test_a_bare_total_comes_back_the_same(total):
    filled = a_filled(total=total)
    back = read_again(filled)
    assert canonical_answers(srs(), back.answers) == canonical_answers(srs(), filled.answers)
    assert back.response.answers == {}


references = st.sampled_from([None, "Practitioner/ada", "https://ehr.example/fhir/Practitioner/ada"])


@given(
    therapist=references,
    author=references,
    encounter=st.sampled_from([None, "Encounter/e-1"]),
    identifier=st.sampled_from([None, Identifier("urn:clinic:north", "r-7")]),
    session_date=st.none() | st.dates().map(str),
    session_number=st.none() | st.integers(1, 999),
    language=st.sampled_from([None, "en", "de-CH"]),
)
def test_people_session_and_identifier_come_back_the_same(**facts):
    back = read_again(a_filled(**facts)).response
    assert {name: getattr(back, name) for name in facts} == facts
    assert (back.patient, back.source, back.authored) == (
        "Patient/anna",
        "Patient/anna",
        "2026-03-02T10:50:00+01:00",
    )
