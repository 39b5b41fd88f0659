import pytest

from service.alliance.metrics import Marked, estimate_rule, measure
from service.alliance.resampling import estimate, quantile
from service.alliance.simulated import SimulatedClient, SimulatedEpisode, SimulatedSession
from tests.service.alliance.dyads import worked_examples


@pytest.fixture
def example():
    """Three clients with every count worked through by hand."""
    told = worked_examples("metrics")
    clients, marked = [], []
    for one in told["clients"]:
        rated = [place for place, total in enumerate(one["totals"]) if total is not None]
        sessions = [_session(place + 1, one["totals"][place], one["truth"][place]) for place in rated]
        episodes = [_episode(episode) for episode in one["episodes"]]
        clients.append(SimulatedClient(tuple(sessions), tuple(episodes)))
        scores = told["score_by_client"][one["client"]]
        alerts = {a["session"]: a["repaired_at"] for a in told["alerts"] if a["client"] == one["client"]}
        marked.append(Marked(tuple(scores[place] for place in rated), alerts))
    return clients, marked, told["expected"]


def _session(number: int, total: float, truth: int) -> SimulatedSession:
    return SimulatedSession(number, total, (), None, 0, truth)


def _episode(told: dict) -> SimulatedEpisode:
    repaired = told["repaired_session"] is not None
    return SimulatedEpisode(told["onset"], told["last_low"], repaired, told["visible"])


def test_worked_example_is_counted_as_by_hand(example):
    clients, marked, expected = example
    found = measure(clients, marked)
    renamed = {"false100": found.false_per_100, "alerts100": found.alerts_per_100}
    told = {name: renamed.get(name, getattr(found, name, None)) for name in expected}
    assert told == pytest.approx(expected, abs=0.0001)


def test_intervals_are_the_same_at_every_run(example):
    clients, marked, _ = example
    once, again = (estimate_rule(clients, marked, resamples=20) for _ in range(2))
    assert once == again
    assert once["ppv"].low < once["ppv"].value < once["ppv"].high


def test_whole_clients_are_drawn():
    drawn = []
    estimate(3, lambda places: drawn.append(list(places)) or {}, resamples=5)
    assert drawn[0] == [0, 1, 2]
    assert [len(places) for places in drawn] == [3] * 6
    assert any(len(set(places)) < 3 for places in drawn)


def test_figure_without_anything_to_count_has_no_interval():
    found = estimate(2, lambda _: {"ppv": None}, resamples=3)["ppv"]
    assert (found.value, found.low, found.high) == (None, None, None)


def test_threshold_moves_until_so_many_false_alerts_are_allowed():
    quiet = tuple(_session(number, 36, 0) for number in range(1, 40))
    client = SimulatedClient(
        (*quiet, _session(40, 30, 1)), (SimulatedEpisode(40, 40, repaired=True, visible=True),)
    )
    scores = [float(number) for number in range(1, 40)]
    just_under = measure([client], [Marked((*scores, 38.0), {})])
    just_over = measure([client], [Marked((*scores, 38.5), {})])
    assert (just_under.sens_at_3, just_over.sens_at_3) == (0, 1)


def test_quantile_is_interpolated():
    assert quantile([1.0, 2.0, 4.0], 0.75) == 3.0
    assert quantile([5.0], 0.1) == 5.0
