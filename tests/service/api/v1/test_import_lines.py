"""The lines of a file, whatever pieces it comes in."""

from hypothesis import given
from hypothesis import strategies as st

from service.api.v1.import_lines import Lines, LongLine

LONGEST = 10


def lines_of(file: bytes, size: int) -> tuple[list[bytes], str]:
    """Return the lines, each that is too long as b"long", and the digest of all."""
    lines = Lines((file[at : at + size] for at in range(0, len(file), size)), LONGEST)
    found = [b"long" if isinstance(line, LongLine) else line for line in lines]
    return found, lines.digest


@given(st.lists(st.integers(0, 25)), st.integers(1, 40))
def test_a_line_is_too_long_in_whatever_pieces_it_comes(lengths: list[int], size: int) -> None:
    file = b"".join(b"x" * length + b"\n" for length in lengths)

    found, digest = lines_of(file, size)

    assert found == [b"x" * one + b"\n" if one < LONGEST else b"long" for one in lengths]
    assert digest == lines_of(file, len(file) or 1)[1]


def test_what_stands_far_off_in_a_line_that_is_too_long_counts_for_the_digest() -> None:
    assert lines_of(b"x" * 5000 + b"y", 100)[1] != lines_of(b"x" * 5000 + b"z", 100)[1]


def test_the_last_line_may_be_too_long_and_have_no_end() -> None:
    assert lines_of(b"x\n" + b"y" * 30, 7)[0] == [b"x\n", b"long"]


def test_of_a_line_that_is_too_long_little_is_held() -> None:
    (line,) = Lines((b"x" * 100 for _ in range(100_000)), LONGEST)

    assert len(line) < 2000
