import pytest

from service.sandbox.decimal_json import dumps, loads


@pytest.mark.parametrize(
    "text", ['{"a":7.10,"b":[null,true,"ü\\"",-3]}', "[]", '{"a":0.000}', "1234567890123"]
)
def test_what_is_read_is_written_the_same(text):
    assert dumps(loads(text)) == text


@pytest.mark.parametrize("text", ["", "{", '{"a":NaN}', "[" * 70 + "]" * 70, "[" * 100_000])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError, match="the body is"):
        loads(text)
