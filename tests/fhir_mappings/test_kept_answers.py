from decimal import Decimal

import pytest

from fhir_mappings.answers import check_answers
from fhir_mappings.catalogue import builtin_instruments
from fhir_mappings.filled import Answers
from fhir_mappings.kept_answers import keep_answers, restore_answers

KNOWN = builtin_instruments()


@pytest.mark.parametrize(
    ("instrument_id", "given"),
    [
        ("srs-3", {"item-1": Decimal("9.20")}),
        ("rupture-report-client", {"happened": True, "intensity": 3}),
        ("session-reflection-therapist", {"signs": ["silence", "sarcasm"], "next-time": "9.2"}),
    ],
)
def test_answers_come_back_as_they_were(instrument_id, given):
    answers = check_answers(KNOWN[instrument_id], given)
    assert restore_answers(KNOWN[instrument_id], keep_answers(answers)) == answers


def test_a_number_is_kept_as_decimal_text_with_its_digits():
    assert keep_answers(Answers({"item-1": Decimal("9.20")})) == {"item-1": "9.20"}


def test_a_bare_total_comes_back_beside_no_answers():
    assert restore_answers(KNOWN["srs-3"], {}, Decimal(36)) == Answers({}, Decimal(36))
