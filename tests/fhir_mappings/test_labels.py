"""Security labels: those that the clinic chose, beside those that came."""

from dataclasses import replace

import pytest

from fhir_mappings.elements import LABELS, labels, with_labels
from tests.builders import NAMES

VERY = replace(NAMES, labels=("V", "PSY"))


@pytest.mark.parametrize("code", LABELS)
def test_every_label_that_is_offered_can_be_chosen(code):
    (label,) = labels(replace(NAMES, labels=(code,)))

    assert label["code"] == code


def test_the_senders_labels_stay_and_ours_are_not_doubled():
    sent = [{"system": "urn:x", "code": "own"}, labels(VERY)[0]]

    assert [one["code"] for one in with_labels(sent, VERY)] == ["own", "V", "PSY"]
