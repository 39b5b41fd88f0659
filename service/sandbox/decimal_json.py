"""JSON whose decimals keep their digits, on the standard library alone: 7.10 stays 7.10."""

import json
from decimal import Decimal
from typing import Any

MAX_DEPTH = 64


def loads(raw: bytes | str) -> Any:  # noqa: ANN401 - JSON may hold anything
    """Return the JSON value with every number that has a point or exponent as ``Decimal``.

    Raises ``ValueError`` for text that is not JSON, nested deeper than ``MAX_DEPTH``, or holds NaN; its
    message holds no part of the text.
    """
    try:
        found = json.loads(raw, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ValueError("the body is not JSON") from None
    if _deeper_than(found, MAX_DEPTH):
        raise ValueError("the body is nested too deeply")
    return found


def dumps(value: object) -> str:
    """Return compact JSON; a ``Decimal`` is written with all its digits and never in exponent form.

    Example: ``dumps({"value": Decimal("7.10")})`` is ``{"value":7.10}``.
    """
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{dumps(kept)}" for key, kept in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(dumps(kept) for kept in value) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    return json.dumps(value, ensure_ascii=False)


def _refuse_constant(_: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def _deeper_than(value: object, limit: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return limit == 0 or any(_deeper_than(kept, limit - 1) for kept in inner)
