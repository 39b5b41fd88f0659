"""Requests made from the description itself: whatever comes, the service answers as it says it does.

Bounded and derandomised, so that the same tree gives the same requests. Hypothesis keeps nothing on disk.
"""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from tests.contract.conftest import LOOPBACK
from tests.contract.described import CHECKS, described_operations

BOUNDED = settings(
    max_examples=20,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize(("method", "path"), described_operations())
def test_an_operation_answers_as_described(api: schemathesis.BaseSchema, method: str, path: str) -> None:
    @given(case=api[path][method].as_strategy())
    @BOUNDED
    def answer(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=LOOPBACK, checks=CHECKS)

    answer()
