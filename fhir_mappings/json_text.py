"""JSON in which decimals keep their digits: 7.10 is read and written as 7.10, never as 7.1.

Example: ``dumps(loads(b'{"value":7.10}')) == b'{"value":7.10}'``.
"""

import json
import re
from decimal import Decimal
from typing import Any

import orjson

# Deeper than any FHIR resource we know; HAPI's own guard is higher. Past it a parser may run out of stack.
MAX_DEPTH = 64
# More than any number in FHIR, and less than takes long to read.
_MOST_DIGITS = 1000

# A text that never ends reaches to the end of the input: so each byte is looked at once, whatever was sent.
_TEXT = re.compile(rb'"(?:[^"\\]|\\.?)*+(?:"|\Z)', re.DOTALL)
_NO_BRACKET = re.compile(rb"[^][{}]+")


def loads(text: bytes | str) -> Any:  # noqa: ANN401 - JSON may hold anything
    """Return the JSON value with every number that has a point or exponent as ``Decimal``.

    Raises ``ValueError`` for text that is not JSON, is nested deeper than ``MAX_DEPTH``, names a key twice,
    or holds NaN or Infinity. The message holds no part of the text.
    """
    raw = text.encode() if isinstance(text, str) else text
    if _depth(raw) > MAX_DEPTH:
        raise ValueError("nested too deeply")
    try:
        return json.loads(
            raw,
            parse_float=Decimal,
            parse_int=_whole,
            parse_constant=_refuse_constant,
            object_pairs_hook=_without_doubles,
        )
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        place = f" at byte {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise ValueError(f"not JSON{place}") from None
    except OverflowError:
        raise ValueError("a whole number is too long") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None


def dumps(value: object) -> bytes:
    """Return compact JSON in UTF-8; ``Decimal`` is written with all its digits and never in exponent form."""
    return orjson.dumps(value, default=_written)


def dumps_indented(value: object) -> bytes:
    """Return JSON for people: two blanks a level, one newline at the end."""
    # A Fragment ends orjson's own indentation only inside itself, and a number has no inside.
    return orjson.dumps(value, default=_written, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _written(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(format(value, "f"))
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise OverflowError
    return int(digits)


def _refuse_constant(_: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is named twice in one object")
    return found


def _depth(raw: bytes) -> int:
    """Return the deepest nesting of brackets outside texts (0 where so few cannot be too deep)."""
    if raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for bracket in _NO_BRACKET.sub(b"", _TEXT.sub(b"", raw)):
        depth += 1 if bracket in b"{[" else -1
        deepest = max(deepest, depth)
    return deepest
