from dataclasses import replace

import pytest

from tests.demo_clinic.play import Ending, find_faults
from tests.demo_clinic.sending import Tally

GOOD = Ending(
    tally=Tally(ratings=3),
    deliveries={"confirmed": 9},
    ehr={"QuestionnaireResponse": 3},
    alerts=[{}] * 5,
    seconds=20.0,
)


def test_a_good_ending_has_no_faults():
    assert find_faults(GOOD, ratings=3) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tally": Tally(refused=[409])}, "refused 1"),
        ({"deliveries": {}}, "not every delivery"),
        ({"deliveries": {"confirmed": 8, "held": 1}}, "held"),
        ({"ehr": {"QuestionnaireResponse": 4}}, "4 responses of 3"),
        ({"alerts": [{}] * 4}, "only 4"),
        ({"seconds": 60.0}, "60 s"),
    ],
)
def test_each_thing_that_went_wrong_is_said(change, said):
    (fault,) = find_faults(replace(GOOD, **change), ratings=3)

    assert said in fault
