"""The simulated worlds, rating by rating and notice by notice."""

import pytest

from service.alliance.baseline import judge_ratings
from service.alliance.episodes import follow_dyad
from service.alliance.events import Rated
from tests.service.alliance.dyads import PARAMETERS, WORLDS, world


def _judged(name):
    found = world(name)
    for client, rated in found.clients.items():
        judgements = judge_ratings([total for _, total in rated], found.norm, PARAMETERS)
        for (session, total), judgement in zip(rated, judgements, strict=True):
            yield client, session, total, judgement


def _near_a_limit(z):
    limits = (PARAMETERS.watch_z, PARAMETERS.alert_z, PARAMETERS.marked_z)
    return any(abs(float(z) - limit) <= 0.0005 for limit in limits)


@pytest.mark.parametrize("name", WORLDS)
def test_every_figure_of_the_rule_is_reproduced(name):
    rows = world(name).rule
    judged = list(_judged(name))
    told = [(row["client"], row["session"], row["earlier_ratings"]) for row in rows]
    assert [(str(c), str(s), str(j.earlier)) for c, s, _, j in judged] == told
    for row, (_, _, _, judgement) in zip(rows, judged, strict=True):
        for figure in ("level", "expected", "spread", "z", "fall"):
            value = getattr(judgement, figure)
            assert value == (pytest.approx(float(row[figure]), abs=0.001) if row[figure] else None)


@pytest.mark.parametrize("name", WORLDS)
def test_every_tier_is_reproduced(name):
    rows = world(name).rule
    differing = [
        row
        for row, (_, _, _, judgement) in zip(rows, _judged(name), strict=True)
        if (judgement.tier or "") != row["tier"] and not _near_a_limit(row["z"])
    ]
    assert len(rows) > 2000
    assert differing == []


@pytest.mark.parametrize("name", WORLDS)
def test_every_notice_is_reproduced(name):
    dyads = {client: [] for client in world(name).clients}
    for client, session, total, judgement in _judged(name):
        dyads[client].append(Rated(str(session), "only", total, judgement))
    told = [
        {
            "client": str(client),
            "session": notice.key,
            "notice": notice.kind,
            "severity": notice.severity,
            "repaired_at": episode.repaired_after(notice) or "",
        }
        for client, ratings in sorted(dyads.items())
        for episode in follow_dyad(ratings, PARAMETERS)
        for notice in episode.notices
    ]
    assert len(told) > 100
    assert told == world(name).notices


@pytest.mark.parametrize("name", WORLDS)
def test_cutting_later_sessions_changes_no_earlier_judgement(name):
    found = world(name)
    for rated in list(found.clients.values())[:60]:
        totals = [total for _, total in rated]
        whole = judge_ratings(totals, found.norm, PARAMETERS)
        for length in range(len(totals)):
            assert judge_ratings(totals[:length], found.norm, PARAMETERS) == whole[:length]


@pytest.mark.parametrize("name", WORLDS)
def test_cutting_later_sessions_changes_no_earlier_notice(name):
    found = world(name)
    for rated in list(found.clients.values())[:60]:
        judgements = judge_ratings([total for _, total in rated], found.norm, PARAMETERS)
        dyad = [Rated(str(s), "only", t, j) for (s, t), j in zip(rated, judgements, strict=True)]
        whole = _notices(dyad)
        for length in range(len(dyad)):
            early = {rating.key for rating in dyad[:length]}
            assert _notices(dyad[:length]) == [told for told in whole if told[0] in early]


def _notices(dyad):
    episodes = follow_dyad(dyad, PARAMETERS)
    return [(told.key, told.kind, told.severity) for episode in episodes for told in episode.notices]
