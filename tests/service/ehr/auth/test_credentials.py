import threading
from datetime import timedelta

import pytest

from service.ehr.auth.credentials import NO_CREDENTIALS, TokenCredentials, basic, bearer
from service.ehr.auth.token import Token
from service.errors import SignInFailed
from tests.service.build import StandingClock

LIFE = timedelta(seconds=100)


class Endpoint:
    """Gives the tokens t-1, t-2, …; while ``down`` it gives none."""

    def __init__(self, clock: StandingClock) -> None:
        self.clock = clock
        self.asked = 0
        self.down = False
        self.at_work = threading.Semaphore(1)

    def fetch(self) -> Token:
        assert self.at_work.acquire(blocking=False), "two fetches at a time"
        self.asked += 1
        try:
            if self.down:
                raise SignInFailed("token-down", "it is down")
            now = self.clock()
            return Token(f"t-{self.asked}", now + 0.8 * LIFE, now + LIFE, "system/*.rs")
        finally:
            self.at_work.release()


@pytest.fixture
def clock():
    return StandingClock()


@pytest.fixture
def endpoint(clock):
    return Endpoint(clock)


@pytest.fixture
def credentials(endpoint, clock):
    return TokenCredentials(endpoint.fetch, clock)


def carried(credentials):
    return credentials.headers()["Authorization"]


def failure(credentials):
    with pytest.raises(SignInFailed) as failed:
        credentials.headers()
    return failed.value


def test_a_token_is_kept_until_four_fifths_of_its_life(credentials, clock):
    seen = [carried(credentials)]
    for seconds in (79, 1):
        clock.pass_by(seconds=seconds)
        seen.append(carried(credentials))

    assert seen == ["Bearer t-1", "Bearer t-1", "Bearer t-2"]


def test_a_refused_token_is_renewed_once(credentials, endpoint):
    refused = credentials.headers()

    assert credentials.renewed(refused) == {"Authorization": "Bearer t-2"}
    assert credentials.renewed(refused) == {"Authorization": "Bearer t-2"}
    assert endpoint.asked == 2


def test_the_old_token_serves_as_long_as_it_lives_where_no_other_is_to_be_had(credentials, endpoint, clock):
    credentials.headers()
    endpoint.down = True
    clock.pass_by(seconds=90)
    assert carried(credentials) == "Bearer t-1"
    clock.pass_by(seconds=11)
    assert failure(credentials).sentence == "it is down"


def test_an_endpoint_that_failed_is_left_alone_longer_each_time(credentials, endpoint, clock):
    endpoint.down = True
    asked = []
    for _ in range(8):
        failure(credentials)
        clock.pass_by(seconds=1)
        asked.append(endpoint.asked)

    assert asked == [1, 2, 2, 3, 3, 3, 3, 4]


def test_many_threads_share_one_fetch(credentials, endpoint):
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(carried(credentials))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (set(seen), endpoint.asked) == ({"Bearer t-1"}, 1)


def test_granted_scopes_are_known_with_the_first_token(credentials):
    assert credentials.granted() is None
    credentials.headers()
    assert credentials.granted() == "system/*.rs"


def test_granted_scopes_stay_known_while_a_refused_token_cannot_be_renewed(credentials, endpoint):
    refused = credentials.headers()
    endpoint.down = True
    with pytest.raises(SignInFailed):
        credentials.renewed(refused)
    assert credentials.granted() == "system/*.rs"


def test_fixed_credentials_have_no_others():
    assert bearer("abc").headers() == {"Authorization": "Bearer abc"}
    assert basic("ada", "pä").headers() == {"Authorization": "Basic YWRhOnDDpA=="}
    assert NO_CREDENTIALS.headers() == {}
    assert bearer("abc").renewed({}) is None
