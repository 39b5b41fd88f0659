import pytest

from service.alliance.context import dip_lines, gap_lines, missed_lines, missing_lines
from service.alliance.pairs import last_in_own_units
from service.alliance.parameters import default_parameters
from service.alliance.phrases import phrases_in
from tests.service.alliance.dyads import points

PARAMETERS = default_parameters()
ENGLISH = phrases_in("en")


def test_a_therapists_dip_is_told_in_their_own_spreads():
    (line,) = dip_lines("WAI", -1.6, PARAMETERS, ENGLISH)
    assert line.text == (
        "The therapist's own last rating lies 1.6 of their spreads below their earlier ones (WAI)."
    )


@pytest.mark.parametrize("own_units", [None, -0.9, 0.0, 2.0])
def test_a_usual_rating_of_the_therapist_is_not_told(own_units):
    assert dip_lines("WAI-SR therapist", own_units, PARAMETERS, ENGLISH) == []


@pytest.mark.parametrize(
    ("marks", "units"), [([], None), ([40.0, 30.0], None), ([40.0, 42.0, 44.0, 38.0], -2.0)]
)
def test_the_last_rating_is_held_against_the_own_earlier_ones(marks, units):
    assert last_in_own_units(points(marks), 48.0, PARAMETERS) == units


@pytest.mark.parametrize(
    ("gap", "told"),
    [(4.0, "usually lie 4.0 points above"), (-2.5, "usually lie 2.5 points below"), (0.0, "mark alike")],
)
def test_the_usual_gap_is_context(gap, told):
    (line,) = gap_lines(gap, ENGLISH)
    assert told in line.text
    assert line.text.endswith("context, not a signal.")


def test_conduct_is_of_level_c_and_a_gap_of_none():
    (dip,), (missed,) = dip_lines("WAI", -2.0, PARAMETERS, ENGLISH), missed_lines(1, ENGLISH)
    (missing,), (gap,) = missing_lines("SRS", 2, ENGLISH), gap_lines(4.0, ENGLISH)
    assert [one.level for one in (dip, missed, missing, gap)] == ["C", "C", "C", None]


def test_what_was_missed_is_counted():
    (missed,), (missing,) = missed_lines(2, ENGLISH), missing_lines("SRS", 1, ENGLISH)
    assert missed.text == "2 appointments missed or cancelled late since the last session."
    assert missing.text == "SRS: 1 planned rating missing so far."


def test_where_nothing_is_known_there_is_no_context():
    assert [*missed_lines(0, ENGLISH), *missing_lines("SRS", 0, ENGLISH), *gap_lines(None, ENGLISH)] == []


def test_context_is_told_in_german():
    (gap,), (missing,) = gap_lines(-2.5, phrases_in("de")), missing_lines("SRS", 2, phrases_in("de"))
    assert "um 2.5 Punkte niedriger als die behandelnde Person" in gap.text
    assert missing.text == "SRS: Bisher fehlen 2 vorgesehene Bewertungen."
