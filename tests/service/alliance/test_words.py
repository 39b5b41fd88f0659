import pytest

from service.alliance.words import counted, number, span


@pytest.mark.parametrize(
    ("value", "places", "told"),
    [
        (28, 1, "28.0"),
        (-0.26, 1, "\N{MINUS SIGN}0.3"),
        (-0.001, 2, "0.00"),
        (39.96, 1, "40.0"),
        (46, 0, "46"),
    ],
)
def test_number_has_fixed_places_and_a_true_minus(value, places, told):
    assert number(value, places) == told


def test_count_of_one_is_singular():
    assert (counted(1, "form"), counted(0, "form"), counted(2, "form")) == ("1 form", "0 forms", "2 forms")


def test_range_is_joined_by_a_dash():
    assert span(33.87, 39.64, 1) == "33.9\N{EN DASH}39.6"
