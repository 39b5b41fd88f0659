from joserfc import jwt

from service.ehr.auth.assertion import make_assertion
from tests.service.build import NOW
from tests.service.ehr.auth.keys import a_signing_key, ec_key

URL = "https://ehr.test/token"


def read(signed):
    return jwt.decode(signed, ec_key(), algorithms=["ES384"])


def test_it_says_who_asks_whom():
    signed = read(make_assertion(a_signing_key(), "us", URL, NOW))

    assert {name: signed.claims[name] for name in ("iss", "sub", "aud")} == {
        "iss": "us",
        "sub": "us",
        "aud": URL,
    }
    assert signed.header == {"alg": "ES384", "kid": a_signing_key().id, "typ": "JWT"}


def test_it_lives_less_than_five_minutes_even_for_a_clock_a_minute_behind():
    assert read(make_assertion(a_signing_key(), "us", URL, NOW)).claims["exp"] == NOW.timestamp() + 240


def test_it_names_no_moment_that_a_slow_clock_has_not_reached():
    assert not {"iat", "nbf"} & read(make_assertion(a_signing_key(), "us", URL, NOW)).claims.keys()


def test_each_has_an_id_of_its_own_that_epic_takes():
    ids = {read(make_assertion(a_signing_key(), "us", URL, NOW)).claims["jti"] for _ in range(2)}

    assert len(ids) == 2
    assert max(map(len, ids)) <= 151
