"""An audit of vulnerabilities never passes as one without having been one."""

import json

import pytest

from tests.security.audit import Verdict, judge

WELL = {"name": "one", "version": "1", "vulns": []}
WEAK = {"name": "two", "version": "2", "vulns": [{"id": "PYSEC-1"}]}
SKIPPED = {"name": "two", "skip_reason": "Dependency not found"}


def judged(*dependencies: object, complaints: str = "", must_answer: bool = False) -> Verdict:
    told = json.dumps({"dependencies": dependencies}) if dependencies else ""
    return judge(told, complaints, 2, must_answer=must_answer)


@pytest.mark.parametrize(
    ("verdict", "code", "said"),
    [
        (judged(WELL, WELL), 0, "2 dependencies, none"),
        (judged(WELL, WEAK), 1, "two 2: PYSEC-1"),
        (judged(SKIPPED, WEAK), 1, "two 2: PYSEC-1"),
        (judged(WELL, SKIPPED), 1, "NOT CHECKED: 1 of 2 dependencies are not known there: two"),
        (judged(SKIPPED, SKIPPED), 0, "NOT CHECKED: none of 2"),
        (judged(SKIPPED, SKIPPED, must_answer=True), 1, "NOT CHECKED: none of 2"),
        (judged(complaints="requests.exceptions.ConnectionError: …"), 0, "NOT CHECKED: none of 2"),
        (judged(complaints="ConnectionError", must_answer=True), 1, "NOT CHECKED: none of 2"),
        (judged(complaints="Traceback: a lock that nobody can read"), 1, "pip-audit failed"),
    ],
)
def test_what_was_not_checked_is_said(verdict: Verdict, code: int, said: str) -> None:
    assert verdict.lines[0].startswith(said)
    assert verdict.code == code
