import pytest

from service.alliance.errors import AllianceFileError
from service.alliance.plan import Window, default_plan, read_plan, what_is_due

EVERY = {"srs-3", "wai-sr-client", "wai-sr-therapist", "ors-client"}
PLAN = """
[thin]
instruments = ["srs-3"]
always_first = 3
first = [1, 1]
every = [3, 6]
once_begun = false
source = "made up"
"""


def due(measure, attended, offered=EVERY, **rated):
    by_form = {form.replace("_", "-"): sessions for form, sessions in rated.items()}
    return next(
        (one for one in what_is_due(default_plan(), attended, by_form, offered) if one.measure == measure),
        None,
    )


def test_a_session_rating_is_due_every_session():
    found = due("session-rating", 4, srs_3=[1, 2, 4])
    assert (found.window, found.due_next, found.missed) == (Window(5, 5), True, (Window(3, 3),))


def test_a_first_session_without_rating_is_missed():
    assert due("session-rating", 1).missed == (Window(1, 1),)


def test_the_first_wai_belongs_in_sessions_three_to_five():
    assert due("working-alliance", 1).window == Window(3, 5)
    assert [due("working-alliance", attended).due_next for attended in (1, 2, 4)] == [False, True, True]


def test_a_wai_comes_again_after_three_to_six_sessions():
    found = due("working-alliance", 5, wai_sr_client=[4])
    assert (found.last_rated, found.window, found.due_next) == (4, Window(7, 10), False)
    assert due("working-alliance", 6, wai_sr_client=[4]).due_next


def test_a_missed_wai_is_due_at_once():
    found = due("working-alliance", 5)
    assert (found.missed, found.window, found.due_next) == ((Window(3, 5),), Window(6, 9), True)


def test_a_late_wai_counts_and_the_missed_window_stays_known():
    found = due("working-alliance", 7, wai_sr_client=[7])
    assert (found.missed, found.window) == ((Window(3, 5),), Window(10, 13))


def test_a_wai_of_the_first_session_does_not_fill_the_first_window():
    assert due("working-alliance", 1, wai_sr_client=[1]).window == Window(3, 5)


def test_a_companion_waits_until_it_was_begun():
    assert due("outcome", 3) is None
    assert due("outcome", 3, ors_client=[1, 2, 3]).due_next


def test_a_measure_that_no_door_takes_is_left_out():
    assert due("working-alliance", 3, offered={"srs-3"}) is None


def test_the_form_that_was_used_last_is_named():
    assert due("working-alliance", 9, wai_36_client=[4], wai_s_client=[8]).instrument == "wai-s-client"
    assert due("working-alliance", 0).instrument == "wai-sr-client"


def test_the_first_three_sessions_are_rated_whatever_the_rhythm():
    (found,) = what_is_due(read_plan(PLAN), 2, {"srs-3": [1]}, EVERY)
    assert (found.window, found.missed) == (Window(3, 3), (Window(2, 2),))


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('instruments = ["srs-3"]', "instruments = []"),
        ("always_first = 3", "always_first = -1"),
        ("first = [1, 1]", "first = [0, 1]"),
        ("every = [3, 6]", "every = [6, 3]"),
        ("every = [3, 6]", "every = 3"),
        ("once_begun = false", 'once_begun = "no"'),
        ('source = "made up"', 'source = " "'),
        ('source = "made up"', ""),
    ],
)
def test_a_bad_plan_names_measure_and_key(line, key):
    with pytest.raises(AllianceFileError) as refused:
        read_plan(PLAN.replace(line, key), "own.toml")
    assert refused.value.file == "own.toml"
    assert refused.value.key in {f"thin.{line.partition(' ')[0]}", "thin"}


def test_a_plan_that_is_no_toml_says_so():
    with pytest.raises(AllianceFileError, match=r"own\.toml: the whole file: is not TOML"):
        read_plan("[", "own.toml")
