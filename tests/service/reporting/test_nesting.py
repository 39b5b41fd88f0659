"""Which groups lie within others, and that two questions together do not tell what one hides."""

from service.reporting.counted_by import CountedBy
from service.reporting.hiding import suppress
from service.reporting.nesting import find_nesting
from service.reporting.question import Cell, Question


def dyad(therapist: str, team: str, site: str = "north") -> dict[str, object]:
    return {"site": site, "team": team, "approach": "", "therapist": therapist}


def test_therapists_of_one_team_lie_within_it() -> None:
    nesting = find_nesting([dyad("ada", "blue"), dyad("bea", "blue"), dyad("cleo", "green")])
    assert ("team", "blue") in nesting.lines_of("therapist", "ada")


def test_a_therapist_alone_adds_up_to_nothing_with_others() -> None:
    nesting = find_nesting([dyad("ada", "blue"), dyad("bea", "blue"), dyad("cleo", "green")])
    assert "team" not in dict(nesting.lines_of("therapist", "cleo"))


def test_a_team_with_a_therapist_of_two_teams_is_no_sum_of_therapists() -> None:
    nesting = find_nesting([dyad("ada", "blue"), dyad("bea", "blue"), dyad("bea", "green")])
    assert "team" not in dict(nesting.lines_of("therapist", "ada"))


def test_nothing_lies_within_what_is_finer() -> None:
    nesting = find_nesting([dyad("ada", "blue"), dyad("ada", "green")])
    assert dict(nesting.lines_of("site", "north")) == {}


def test_the_teams_of_one_approach_lie_within_it() -> None:
    teams = {"blue": "cbt", "green": "cbt", "red": "dynamic"}
    nesting = find_nesting([dyad("ada", team) | {"approach": one} for team, one in teams.items()])
    assert ("approach", "cbt") in nesting.lines_of("team", "blue")
    assert "approach" not in dict(nesting.lines_of("team", "red"))


def test_a_team_less_its_other_therapists_does_not_tell_the_hidden_one() -> None:
    teams = {"ada": "blue", "bea": "blue", "cleo": "green", "dan": "green"}
    patients = {"ada": 15, "bea": 8, "cleo": 12, "dan": 13}
    cells = [Cell((one,), "repair_rate", (), 0.5, None, None, 9, count) for one, count in patients.items()]
    asked = Question("north", ("alerts",), ("therapist",), 11, CountedBy())
    shown = suppress(
        {("repair_rate", ()): cells}, asked, {}, find_nesting([dyad(*one) for one in teams.items()])
    )
    assert {cell.group[0] for cell in shown if cell.suppressed} == {"ada", "bea"}
