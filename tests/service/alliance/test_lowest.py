import pytest

from service.alliance.lowest import LowestItem, find_lowest_item, lowest_items
from tests.service.alliance.dyads import PARAMETERS

LOW = {"item-1": 9.0, "item-2": 8.0, "item-3": 9.4}
EVEN = {"item-1": 9.0, "item-2": 8.1, "item-3": 9.4}


def test_item_a_point_below_in_three_of_five_stays_lowest():
    assert find_lowest_item([LOW, EVEN, LOW, EVEN, LOW], PARAMETERS) == LowestItem("item-2", 3, 5)


def test_less_than_a_point_is_not_enough():
    assert find_lowest_item([LOW, EVEN, LOW, EVEN, EVEN], PARAMETERS) is None


def test_only_the_last_five_ratings_count():
    assert find_lowest_item([LOW, LOW, LOW, EVEN, EVEN, EVEN], PARAMETERS) is None


def test_tenths_that_floats_cannot_hold_make_no_difference():
    assert find_lowest_item([{"item-1": 8.7, "item-2": 7.7}] * 3, PARAMETERS) == LowestItem("item-2", 3, 3)


@pytest.mark.parametrize("marks", [{}, {"item-1": 2.0}, {"item-1": 5.0, "item-2": 5.0, "item-3": 9.0}])
def test_no_item_or_two_alike_are_no_lowest(marks):
    assert find_lowest_item([marks] * 5, PARAMETERS) is None


def test_items_with_the_least_mark_are_told_all():
    assert lowest_items({"item-1": 9.0, "item-2": 8.0, "item-3": 8.0}) == ("item-2", "item-3")


@pytest.mark.parametrize("marks", [{}, {"item-1": 9.0}, {"item-1": 9.0, "item-2": 9.0}])
def test_marks_all_alike_have_no_lowest_item(marks):
    assert lowest_items(marks) == ()
