"""Which groups lie within others."""

from collections.abc import Mapping

from service.reporting.nesting import find_nesting


def dyad(therapist: str, team: str, site: str = "north") -> dict[str, object]:
    return {"site": site, "team": team, "approach": "", "therapist": therapist}


def within(dyads: list[dict[str, object]], own: str, coarser: str) -> Mapping[object, object]:
    return find_nesting(dyads).found[own, coarser]


def test_therapists_of_one_team_lie_within_it() -> None:
    dyads = [dyad("ada", "blue"), dyad("bea", "blue"), dyad("cleo", "green")]
    assert within(dyads, "therapist", "team") == {"ada": "blue", "bea": "blue", "cleo": "green"}


def test_a_team_with_a_therapist_of_two_teams_is_no_sum_of_therapists() -> None:
    dyads = [dyad("ada", "blue"), dyad("bea", "blue"), dyad("bea", "green")]
    assert within(dyads, "therapist", "team") == {}


def test_nothing_lies_within_what_is_finer() -> None:
    dyads = [dyad("ada", "blue"), dyad("ada", "green")]
    assert within(dyads, "site", "team") == {}


def test_the_teams_of_one_approach_lie_within_it() -> None:
    teams = {"blue": "cbt", "green": "cbt", "red": "dynamic"}
    dyads = [dyad("ada", team) | {"approach": one} for team, one in teams.items()]
    assert within(dyads, "team", "approach") == teams
