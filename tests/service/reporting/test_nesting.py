"""Which groups lie within others, and that two questions together do not tell what one hides."""

from service.reporting.nesting import find_nesting


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
