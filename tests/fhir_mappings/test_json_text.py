from decimal import Decimal

import pytest

from fhir_mappings.json_text import MAX_DEPTH, dumps, loads


def test_decimals_keep_their_digits():
    assert dumps(loads(b'{"value":7.10}')) == b'{"value":7.10}'


def test_decimals_are_never_written_in_exponent_form():
    assert dumps({"value": Decimal("1E+2")}) == b'{"value":100}'


@pytest.mark.parametrize("text", [b"NaN", b"Infinity", b"-Infinity", b'{"a": NaN}'])
def test_numbers_that_json_lacks_are_refused(text):
    with pytest.raises(ValueError, match="NaN and Infinity"):
        loads(text)


def test_a_key_named_twice_is_refused():
    with pytest.raises(ValueError, match="named twice"):
        loads(b'{"a": 1, "a": 2}')


def test_what_is_not_json_is_refused_without_a_word_of_it():
    with pytest.raises(ValueError, match="not JSON at byte 0") as refusal:
        loads(b"secret-canary")
    assert "canary" not in str(refusal.value)


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(ValueError, match="not JSON"):
        loads(b'"\xff"')


def test_nesting_up_to_the_limit_is_read():
    assert loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)


@pytest.mark.parametrize("opening", ["[", '{"a":', '["\\"[",'])
def test_nesting_past_the_limit_is_refused(opening):
    with pytest.raises(ValueError, match="too deeply"):
        loads(opening * (MAX_DEPTH + 1))


def test_brackets_inside_texts_do_not_count():
    assert loads('["' + "[" * 200 + '"]')


@pytest.mark.parametrize("evil", [b'\\"' * 500_000, b'["' * 500_000, b'"\\' * 500_000 + b"[" * 100])
def test_a_megabyte_of_malice_is_refused(evil):
    with pytest.raises(ValueError, match=r"not JSON|too deeply"):
        loads(evil)


def test_what_has_no_place_in_json_is_a_programming_error():
    with pytest.raises(TypeError):
        dumps({"value": object()})


def test_a_whole_number_without_end_is_refused_in_our_words():
    with pytest.raises(ValueError, match="a whole number is too long"):
        loads(b"9" * 5000)
