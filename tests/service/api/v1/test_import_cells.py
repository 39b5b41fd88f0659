"""However the quotes of a CSV stand, each of its lines is a row, part of one, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_mappings.errors import Fault
from service.api.v1.import_cells import Cells
from service.api.v1.import_lines import Lines
from service.api.v1.import_map import ImportMap

LONGEST = 1000


def read(text: str, count: int = 3, encoding: str = "utf-8"):
    """Return each row of a text with the line on which it begins; a refused one by its reason."""
    lines = Lines([text.encode(encoding)], LONGEST)
    cells = Cells(lines, ImportMap(encoding=encoding))
    cells.expect(count)
    found = []
    while (row := cells.next_row()) is not None:
        found.append((cells.begins, row.reason if isinstance(row, Fault) else row))
    return found, lines


LEGITIMATE = {
    'a,"b\nb, b\n",c\nd,e,f\n': [["a", "b\nb, b\n", "c"], ["d", "e", "f"]],
    '"a\na\n\na",b,c\n': [["a\na\n\na", "b", "c"]],
    'a,b,"c ""c""\nc"': [["a", "b", 'c "c"\nc']],
}


@pytest.mark.parametrize(("text", "rows"), LEGITIMATE.items())
def test_a_cell_may_have_line_breaks(text, rows):
    assert [row for _, row in read(text)[0]] == rows


GOOD = ["d", "e", "f"]
STRAY = {
    "never closed": ('a,"b,c\nd,e,f\n', [(1, "not-csv"), (2, GOOD)]),
    "closed in a later row": ('a,b,"c\nd,e,f\ng,h,i"\n', [(1, "not-csv"), (2, GOOD), (3, ["g", "h", 'i"'])]),
    "closed in the first cell of one": (
        '"a,b,c\nd,e,f\ng",h,i\n',
        [(1, "not-csv"), (2, GOOD), (3, ['g"', "h", "i"])],
    ),
    "as a ditto mark": ('a,",c\na,",c\nd,e,f\n', [(1, "not-csv"), (2, "not-csv"), (3, GOOD)]),
    "before a quoted cell": ('a,"b,c\nd,"e","f"\n', [(1, "not-csv"), (2, GOOD)]),
    "with too few cells": ('"a,b\nb"\nd,e,f\n', [(1, "wrong-columns"), (2, "wrong-columns"), (3, GOOD)]),
}


@pytest.mark.parametrize(("text", "rows"), STRAY.values(), ids=STRAY)
def test_a_stray_quote_costs_its_own_line_alone(text, rows):
    assert read(text)[0] == rows


def test_a_row_is_no_longer_than_a_line_may_be():
    rows, lines = read('a,"' + "b\n" * LONGEST + '",c\nd,e,f\n')

    assert (rows[0], rows[-1], lines.number) == ((1, "not-csv"), (LONGEST + 2, GOOD), LONGEST + 2)


def test_another_encoding_is_read_where_the_map_names_it():
    assert read("a,Gespräch,c\n", encoding="cp1252")[0] == [(1, ["a", "Gespräch", "c"])]


def as_lines(texts: list[str]) -> str:
    return "".join(f"{one}\n" for one in texts)


@given(st.lists(st.text('ab",', max_size=8), min_size=1, max_size=30).map(as_lines))
def test_no_line_is_lost(text):
    rows, lines = read(text)

    begins = [begin for begin, _ in rows]
    assert (begins[0], lines.number) == (1, text.count("\n"))
    for (begin, row), following in zip(rows, [*begins[1:], lines.number + 1], strict=True):
        assert following == begin + (1 if isinstance(row, str) else 1 + "".join(row).count("\n"))


@given(st.lists(st.sampled_from(['x","z', 'x"', '"x', 'a,"', "a,b,c", '""x"']), max_size=60).map(as_lines))
def test_lines_are_read_a_few_times_at_most(text):
    lines = Lines([text.encode()], LONGEST)
    counted = Counting(lines)
    cells = Cells(counted, ImportMap())
    cells.expect(3)
    while cells.next_row() is not None:
        pass
    assert counted.read <= 4 * lines.number + 1


class Counting:
    """Lines that count how often one was looked at."""

    def __init__(self, lines):
        self.lines = lines
        self.read = 0

    def __getattr__(self, name):
        return getattr(self.lines, name)

    def ahead(self, most=None):
        for line in self.lines.ahead(most):
            self.read += 1
            yield line
