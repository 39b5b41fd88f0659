import pytest

from service.alliance.errors import AllianceFileError
from service.alliance.simulated import read_clients

SESSIONS = """client,session,total,item1,item2,therapist_total,noshows_before,truth
0,1,30.5,5.8,6.8,28.78,0,0
0,2,,,,27.28,1,0
0,3,29.9,6.7,8.2,28.39,2,1
"""
EPISODES = """client,onset_session,last_low_session,repaired,visible
0,3,3,0,1
"""


def test_sessions_without_a_form_are_left_out_but_what_the_therapist_said_is_kept():
    (client,) = read_clients(SESSIONS, EPISODES)
    assert [session.session for session in client.sessions] == [1, 3]
    assert client.sessions[1].unheard == (27.28,)
    assert client.sessions[1].items == (6.7, 8.2)
    assert (client.episodes[0].onset, client.episodes[0].repaired) == (3, False)


def test_row_that_cannot_be_read_is_named():
    with pytest.raises(AllianceFileError) as refused:
        read_clients(SESSIONS.replace("29.9", "much"), EPISODES)
    assert str(refused.value) == "sessions.csv: line 4: total must be a number"


def test_missing_column_is_named():
    with pytest.raises(AllianceFileError) as refused:
        read_clients(SESSIONS.replace("truth", "trust"), EPISODES)
    assert str(refused.value) == "sessions.csv: line 2: has no truth"
