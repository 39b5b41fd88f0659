import pytest

from service.alliance.context import context_lines
from service.alliance.pairs import Pair, Pairs, Side
from service.alliance.parameters import default_parameters

PARAMETERS = default_parameters()


def lines(own_units=None, gap=None):
    pair = Pair(Side("c", 40.0, 0.0, 0.0), Side("t", 30.0, -4.0, own_units))
    return context_lines(Pairs((pair,), gap), PARAMETERS)


def test_a_therapists_dip_is_told_in_their_own_spreads():
    told = "The therapist's own last rating lies 1.6 of their spreads below their earlier ones."
    assert lines(own_units=-1.6) == (told,)


@pytest.mark.parametrize("own_units", [None, -0.9, 0.0, 2.0])
def test_a_usual_rating_of_the_therapist_is_not_told(own_units):
    assert lines(own_units=own_units) == ()


@pytest.mark.parametrize(
    ("gap", "told"),
    [(4.0, "usually lie 4.0 points above"), (-2.5, "usually lie 2.5 points below"), (0.0, "mark alike")],
)
def test_the_usual_gap_is_context(gap, told):
    (line,) = lines(gap=gap)
    assert told in line
    assert line.endswith("context, not a signal.")


def test_without_pairs_there_is_no_context():
    assert context_lines(Pairs((), None), PARAMETERS) == ()
