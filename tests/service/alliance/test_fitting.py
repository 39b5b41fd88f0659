from dataclasses import asdict, replace

import pytest

from service.alliance.fitting import FitData, Scale, TooLittleToFit, cronbach_alpha, fit_norm
from service.alliance.norms import read_norm, write_norm
from tests.service.alliance.dyads import SRS, simulated

FIGURES = (
    "mean",
    "sd",
    "sd_between",
    "sd_within",
    "sd_difference",
    "phi",
    "alpha",
    "sem",
    "first_rating_p10",
)


def _scale(norm, language=None):
    return Scale(
        norm.instrument, "total", "client", language, "default", norm.minimum, norm.maximum, norm.items
    )


def _data(clients, items):
    sessions = [session for client in clients for session in client.sessions]
    rated = [client for client in clients if client.sessions]
    return FitData(
        series=[[session.total for session in client.sessions] for client in rated],
        forms=[session.items for session in sessions if len(session.items) == items],
        clients=len(rated),
    )


@pytest.mark.parametrize("world", ["base_whole", "srs_ceiling", "srs_lownorm", "srs_null", "wai_sr"])
def test_refit_is_reproduced(world):
    clients, _, refit = simulated(world)
    found = fit_norm(_data(clients, refit.items), _scale(refit), "fitted-1", SRS)
    assert [getattr(found, name) for name in FIGURES] == pytest.approx(
        [getattr(refit, name) for name in FIGURES], abs=0.001
    )
    assert sum(found.spread_by_level, ()) == pytest.approx(sum(refit.spread_by_level, ()), abs=0.001)
    assert asdict(found.fitted_from) == asdict(refit.fitted_from)


def test_fewer_than_a_hundred_clients_are_refused_with_the_numbers():
    clients, _, refit = simulated("srs_ceiling")
    with pytest.raises(TooLittleToFit) as refused:
        fit_norm(_data(clients[:99], 4), _scale(refit), "fitted-1", SRS)
    assert str(refused.value) == "99 clients with 822 ratings: at least 100 clients are needed"


def test_ratings_that_never_differ_are_refused():
    data = FitData(series=[[40.0] * 5] * 120, forms=[], clients=120)
    with pytest.raises(TooLittleToFit):
        fit_norm(data, _scale(SRS), "fitted-1", SRS)


def test_bare_totals_borrow_the_reliability_of_the_norm_before():
    clients, _, refit = simulated("srs_ceiling")
    data = replace(_data(clients, 4), forms=[])
    found = fit_norm(data, _scale(refit), "fitted-2", SRS)
    assert (found.alpha, found.replaces) == (0.88, "srs-3-total|assumed-1")
    assert found.sem_basis == "alpha of srs-3-total|assumed-1; 0 complete forms here"


def test_without_any_reliability_there_is_no_norm():
    clients, _, refit = simulated("srs_ceiling")
    with pytest.raises(TooLittleToFit, match="0 complete forms"):
        fit_norm(replace(_data(clients, 4), forms=[]), _scale(refit), "fitted-1", None)


def test_fitted_norm_is_a_norm_file():
    clients, _, refit = simulated("srs_ceiling")
    found = fit_norm(_data(clients, 4), _scale(refit, "nl"), "fitted-1", SRS)
    assert found.norm_id == "srs-3-total-nl"
    assert read_norm(write_norm(found), "written") == found


def test_alpha_needs_two_items_and_totals_that_differ():
    assert cronbach_alpha([[1.0], [2.0]]) is None
    assert cronbach_alpha([[1.0, 1.0]] * 5) is None
    assert cronbach_alpha([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]) == pytest.approx(1)
