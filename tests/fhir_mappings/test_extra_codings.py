"""SNOMED CT codes beside our own: off by default, matched exactly."""

import pytest

from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.extra_codings import snomed_score_codings
from fhir_mappings.observation import to_observations
from tests.answer_sets import complete_answers
from tests.builders import NAMES, a_filled, wai_sr


def codes(filled, **wanted):
    observations = to_observations(filled, NAMES, **wanted)
    return {one["id"]: [coding["system"] for coding in one["code"]["coding"]] for one in observations}


def a_score(instrument_id):
    instrument = shipped_instruments()[instrument_id]
    return a_filled(instrument, complete_answers(instrument))


def test_no_other_code_is_sent_by_default():
    assert set(map(len, codes(a_filled()).values())) == {1}


def test_only_the_total_gets_the_other_code_after_our_own():
    found = codes(a_filled(), extra_codings=snomed_score_codings())
    assert found["r-7.total"] == [NAMES.measures, "http://snomed.info/sct"]
    assert {key for key, systems in found.items() if len(systems) > 1} == {"r-7.total"}


def test_the_other_code_stands_in_the_compact_form_too():
    (compact,) = to_observations(a_filled(), NAMES, form="compact", extra_codings=snomed_score_codings())
    assert [one["code"] for one in compact["code"]["coding"]] == ["srs-3.total", "720482000"]
    assert {len(one["code"]["coding"]) for one in compact["component"]} == {1}


def test_a_form_without_a_code_of_others_keeps_its_own_alone():
    assert set(map(len, codes(a_filled(wai_sr()), extra_codings=snomed_score_codings()).values())) == {1}


@pytest.mark.parametrize(
    ("instrument_id", "code"),
    [("gsrs-client", "718441000"), ("ors-client", "716613004"), ("cors-child", "718458005")],
)
def test_forms_below_each_other_in_snomed_have_codes_of_their_own(instrument_id, code):
    observations = to_observations(a_score(instrument_id), NAMES, extra_codings=snomed_score_codings())
    sent = [coding["code"] for one in observations for coding in one["code"]["coding"][1:]]
    assert sent == [code]


def test_every_code_names_a_score_that_we_have():
    known = {one.code(rule.id) for one in shipped_instruments().values() for rule in one.scores}
    assert set(snomed_score_codings()) <= known


def test_the_check_digit_of_every_snomed_code_is_right():
    assert [one["code"] for one in snomed_score_codings().values() if not is_checked(one["code"])] == []
    assert not is_checked("1036271000000100")


def is_checked(code):
    """Verhoeff's check over a dihedral group, from the last digit on."""
    turn = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
    check = 0
    for place, digit in enumerate(map(int, reversed(code))):
        turned = digit
        for _ in range(place % 8):
            turned = turn[turned]
        check = multiplied(check, turned)
    return check == 0


def multiplied(a, b):
    """The product in the group of ten turns and flips of a pentagon."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b) % 5
    return 5 + (a - b) % 5 if b < 5 else (a - b) % 5
