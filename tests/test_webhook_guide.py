"""The receivers' guide: its snippet takes what we sign, and nothing else."""

import re
import time
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from service.flows.sign_webhook import signed_headers

GUIDE = Path(__file__).parents[1] / "openapi" / "README.md"
OLD, NEW = ("whsec_" + b64encode(letter * 24).decode() for letter in (b"o", b"n"))
BODY = b'{"type": "alert.opened"}'


@pytest.fixture(scope="module")
def is_ours() -> Any:
    (snippet,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(snippet, names)  # noqa: S102 - our own page
    return names["is_ours"]


def signed(*secrets: str, age_seconds: int = 0) -> dict[str, str]:
    return signed_headers(secrets, "e-1", int(time.time()) - age_seconds, BODY)


def test_what_we_sign_is_taken(is_ours: Any) -> None:
    assert is_ours(NEW, signed(NEW), BODY)


@pytest.mark.parametrize("known", [OLD, NEW])
def test_either_secret_does_while_one_replaces_the_other(is_ours: Any, known: str) -> None:
    assert is_ours(known, signed(NEW, OLD), BODY)


def test_another_body_secret_id_or_age_is_not(is_ours: Any) -> None:
    headers = signed(NEW)
    refused = [
        is_ours(NEW, headers, BODY + b" "),
        is_ours(OLD, headers, BODY),
        is_ours(NEW, headers | {"webhook-id": "e-2"}, BODY),
        is_ours(NEW, signed(NEW, age_seconds=301), BODY),
        is_ours(NEW, headers | {"webhook-timestamp": "soon"}, BODY),
    ]
    assert refused == [False] * 5
