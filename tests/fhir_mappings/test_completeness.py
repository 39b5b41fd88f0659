"""When a filled form says all that its scores need."""

from decimal import Decimal

import pytest

from fhir_mappings.answers import check_answers
from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.completeness import is_complete
from fhir_mappings.scoring import score


@pytest.mark.parametrize(
    ("instrument", "answers", "complete"),
    [
        ("srs-3", {f"item-{number}": Decimal(9) for number in range(1, 5)}, True),
        ("srs-3", {"item-1": Decimal(9)}, False),
        # Nothing of confrontation was seen: its peak has no value, and lacks nothing.
        ("rupture-markers-observer", {"withdrawal-denial": Decimal(2)}, True),
        ("rupture-report-client", {"happened": False}, True),
        ("rupture-report-client", {"happened": True, "intensity": Decimal(2)}, False),
        ("session-reflection-therapist", {"disconnection": "none"}, True),
        ("session-check-in-client", {"on-track": "yes"}, False),
    ],
)
def test_a_form_is_complete_where_no_score_lacks_an_answer(instrument, answers, complete):
    form = shipped_instruments()[instrument]
    checked = check_answers(form, answers)
    assert is_complete(form, checked, score(form, checked)) is complete
