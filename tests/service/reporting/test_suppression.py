"""What is hidden, and that no sum of what is shown gives it away."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from service.reporting.suppression import Told, hidden_cells


def whole(_):
    return ("all",)


def rows_and_columns(group):
    return ("row", group[0]), ("column", group[1])


def test_nothing_is_hidden_where_every_cell_is_big_enough():
    assert hidden_cells({("a",): 11, ("b",): 12}, 11, whole) == frozenset()


def test_a_small_cell_takes_the_smallest_other_with_it():
    assert hidden_cells({("a",): 3, ("b",): 40, ("c",): 20}, 11, whole) == {("a",), ("c",)}


def test_two_small_cells_that_are_few_together_take_another_with_them():
    assert hidden_cells({("a",): 3, ("b",): 4, ("c",): 20, ("d",): 30}, 11, whole) == {("a",), ("b",), ("c",)}


def test_a_small_cell_alone_is_hidden():
    assert hidden_cells({(): 10}, 11, lambda _: ()) == {()}


def test_a_line_whose_sum_must_not_come_out_loses_two_cells():
    patients = dict(zip(product("ab", "xyz"), (20, 30, 40, 50, 60, 70), strict=True))
    hidden = hidden_cells(patients, 11, rows_and_columns, Told(frozenset({("row", "a")})))

    assert len([group for group in hidden if group[0] == "a"]) == 2
    assert len([group for group in hidden if group[0] == "b"]) == 2


def test_a_cell_that_is_known_otherwise_hides_nothing():
    patients = {("a",): 3, ("b",): 20, ("c",): 30}

    assert hidden_cells(patients, 11, whole, Told(known=frozenset({("b",)}))) == {("a",), ("c",)}


@given(st.lists(st.integers(1, 40), min_size=12, max_size=12))
def test_no_row_and_no_column_has_a_single_hidden_cell(counts):
    patients = dict(zip(product("abc", "wxyz"), counts, strict=True))
    hidden = hidden_cells(patients, 11, rows_and_columns)

    assert all(group in hidden for group, count in patients.items() if count < 11)
    for line in [[(row, column) for column in "wxyz"] for row in "abc"] + [
        [(row, column) for row in "abc"] for column in "wxyz"
    ]:
        gone = [group for group in line if group in hidden]
        assert not gone or gone == line or (len(gone) > 1 and sum(patients[one] for one in gone) >= 11)
