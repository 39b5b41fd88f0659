from datetime import date, timedelta

from service.alliance.attendance import Appointment, SessionSeen, number_attended

START = date(2026, 1, 5)


def seen(key, week, number=None, encounter=None):
    return SessionSeen(key, START + timedelta(weeks=week), number, encounter)


def attended(week, number=None, encounter=None, status="attended"):
    return Appointment(status, seen(f"a{week}", week, number, encounter))


def test_attended_sessions_without_a_response_count():
    found = number_attended([seen("r1", 0), seen("r3", 2)], [attended(0), attended(1), attended(2)])
    assert (found.count, found.places["r1"], found.places["r3"]) == (3, 1, 3)


def test_a_session_with_a_response_is_attended_by_itself():
    found = number_attended([seen("r1", 0), seen("r2", 1)], [attended(0)])
    assert (found.count, found.places["r2"]) == (2, 2)


def test_missed_appointments_have_no_place():
    booked = [attended(0, 1), attended(1, 2, status="missed"), attended(2, 3)]
    found = number_attended([seen("r3", 2, 3)], booked)
    assert (found.count, found.places["r3"]) == (2, 2)


def test_missed_ones_alone_tell_nothing_of_the_others():
    assert number_attended([seen("r1", 0, 1)], [attended(1, status="missed")]) is None


def test_two_forms_of_one_session_are_one():
    found = number_attended([seen("srs", 0, 1), seen("wai", 0, 1)], [attended(0)])
    assert found.count == 1


def test_same_number_is_one_session_whatever_the_date():
    assert number_attended([seen("r1", 0, 1)], [attended(1, 1)]).count == 1


def test_same_encounter_is_one_session_whatever_the_date():
    assert number_attended([seen("r1", 1, None, "e")], [attended(0, None, "e")]).count == 1


def test_two_encounters_on_one_date_are_two_sessions():
    found = number_attended([seen("r1", 0, None, "e")], [attended(0, None, "f")])
    assert found.count == 2


def test_before_the_first_recorded_day_session_numbers_count():
    found = number_attended([seen("r2", 1, 2), seen("r5", 4, 5)], [attended(4, 5), attended(5)])
    assert (found.places["r2"], found.places["r5"], found.count) == (2, 5, 6)


def test_a_session_before_that_day_without_number_makes_it_unknown():
    assert number_attended([seen("r1", 0)], [attended(4)]) is None
