from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import respx
from joserfc import jwt

from service.ehr.auth.discovery import discover_token_url
from service.ehr.auth.token_endpoint import SecretProof, SignedProof, TokenEndpoint
from service.errors import SignInFailed
from service.http import Http
from tests.service.build import NOW, StandingClock
from tests.service.ehr.auth.keys import a_signing_key, ec_key

BASE = "https://ehr.test/fhir"
URL = "https://ehr.test/token"
CONFIGURATION = f"{BASE}/.well-known/smart-configuration"
GIVEN = {"access_token": "t-1", "token_type": "Bearer", "expires_in": 100}


@pytest.fixture
def router() -> Iterator[respx.MockRouter]:
    with respx.mock as mounted:
        yield mounted


@pytest.fixture
def http() -> Iterator[Http]:
    opened = Http(frozenset({"ehr.test"}), 5.0)
    yield opened
    opened.close()


def an_endpoint(http: Http, scopes: str = "system/*.rs", proof: Any = None) -> TokenEndpoint:
    return TokenEndpoint(
        http, lambda: URL, proof or SignedProof("us", a_signing_key()), scopes, StandingClock()
    )


def form(call: respx.models.Call) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(call.request.content.decode()).items()}


def failure(endpoint: TokenEndpoint) -> SignInFailed:
    with pytest.raises(SignInFailed) as failed:
        endpoint.fetch()
    return failed.value


def test_it_asks_with_a_signed_assertion(http, router):
    route = router.post(URL).respond(json=GIVEN)
    an_endpoint(http).fetch()
    asked = form(route.calls.last)
    signed = jwt.decode(asked.pop("client_assertion"), ec_key(), algorithms=["ES384"])

    assert signed.claims["aud"] == URL
    assert asked == {
        "grant_type": "client_credentials",
        "scope": "system/*.rs",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }


def test_no_scope_is_sent_where_none_is_set(http, router):
    route = router.post(URL).respond(json=GIVEN)
    token = an_endpoint(http, scopes="").fetch()

    assert "scope" not in form(route.calls.last)
    assert token.scopes is None


def test_a_client_secret_goes_into_the_header_or_the_body(http, router):
    route = router.post(URL).respond(json=GIVEN)
    an_endpoint(http, proof=SecretProof("us:1", "s p")).fetch()
    assert route.calls.last.request.headers["authorization"] == "Basic dXMlM0ExOnMrcA=="
    an_endpoint(http, proof=SecretProof("us", "s p", in_body=True)).fetch()
    assert form(route.calls.last)["client_secret"] == "s p"  # noqa: S105 - nobody's


def test_times_and_scopes_of_a_token_are_read(http, router):
    router.post(URL).respond(json={**GIVEN, "scope": "system/Observation.rs"})
    token = an_endpoint(http).fetch()

    assert (token.renew_at, token.ends_at) == (NOW + timedelta(seconds=80), NOW + timedelta(seconds=100))
    assert token.scopes == "system/Observation.rs"


def test_scopes_that_are_not_told_are_those_asked_for(http, router):
    router.post(URL).respond(json=GIVEN)
    assert an_endpoint(http).fetch().scopes == "system/*.rs"


REFUSALS = [
    (401, {"error": "invalid_client", "error_description": "Anna"}, "refused our key (invalid_client)"),
    (400, {"error": "invalid_scope"}, "refused a scope that we ask for (invalid_scope"),
    (400, {"error": "unauthorized_client"}, "does not let this client sign in on its own"),
    (403, {}, "refused us (403)"),
    (400, {"error": "Anna Example"}, "refused us (400)"),
    (503, {}, "is busy (503)"),
    (500, {}, "failed (500)"),
    (302, {}, "points to another address (302)"),
    (200, {"access_token": "a b"}, "gave an answer without a usable token"),
    (200, {**GIVEN, "token_type": "mac"}, "gave a token that is no bearer token"),
]


@pytest.mark.parametrize(("status", "body", "said"), REFUSALS)
def test_a_refusal_is_told_in_words_without_the_servers_own(http, router, status, body, said):
    router.post(URL).respond(status, json=body)
    sentence = failure(an_endpoint(http)).sentence

    assert sentence.startswith(f"the EHR's token endpoint {said}")
    assert "Anna" not in sentence


def test_an_unreachable_endpoint_is_told(http, router):
    router.post(URL).mock(side_effect=httpx.ConnectError("secret"))
    assert failure(an_endpoint(http)).sentence == "the EHR's token endpoint cannot be reached"


def refuse_unless_in_time(ahead: timedelta):
    """An endpoint whose clock is ``ahead`` of ours and that takes assertions of less than five minutes."""

    def answer(request: httpx.Request) -> httpx.Response:
        theirs = NOW + ahead
        asked = parse_qs(request.content.decode())["client_assertion"][0]
        left = jwt.decode(asked, ec_key(), algorithms=["ES384"]).claims["exp"] - theirs.timestamp()
        headers = {"Date": format_datetime(theirs, usegmt=True)}
        taken = 0 < left <= 300
        return httpx.Response(
            200 if taken else 401, json=GIVEN if taken else {"error": "invalid_client"}, headers=headers
        )

    return answer


@pytest.mark.parametrize(("seconds", "asked"), [(60, 1), (-60, 1), (3600, 2), (-3600, 2)])
def test_a_clock_that_differs_is_allowed_for(http, router, seconds, asked):
    route = router.post(URL).mock(side_effect=refuse_unless_in_time(timedelta(seconds=seconds)))
    endpoint = an_endpoint(http)
    assert endpoint.fetch().value == "t-1"
    assert route.call_count == asked
    endpoint.fetch()
    assert route.call_count == asked + 1


def test_a_refusal_that_is_not_of_the_clock_is_not_tried_again(http, router):
    now = format_datetime(NOW, usegmt=True)
    route = router.post(URL).respond(401, json={"error": "invalid_client"}, headers={"Date": now})
    failure(an_endpoint(http))
    assert route.call_count == 1


def discovery_failure(http: Http) -> str:
    with pytest.raises(SignInFailed) as failed:
        discover_token_url(http, BASE)
    return failed.value.sentence


def test_the_endpoint_is_found_in_the_smart_configuration(http, router):
    router.get(CONFIGURATION).respond(json={"token_endpoint": URL})
    assert discover_token_url(http, BASE) == URL


CONFIGURATIONS = [
    ({"token_endpoint": "https://idp.test/token"}, "on another host (idp.test)"),
    ({"token_endpoint": "http://ehr.test/token"}, "without https"),
    ({"token_endpoint": "file:///token"}, "names no token endpoint"),
    ({}, "names no token endpoint"),
    (["https://ehr.test"], "names no token endpoint"),
]


@pytest.mark.parametrize(("configuration", "said"), CONFIGURATIONS)
def test_a_secret_goes_to_no_endpoint_that_nobody_allowed(http, router, configuration, said):
    router.get(CONFIGURATION).respond(json=configuration)
    told = discovery_failure(http)

    assert said in told
    assert told.endswith("set ALLIANCE_EHR_TOKEN_URL")


def test_an_ehr_without_a_smart_configuration_is_told(http, router):
    router.get(CONFIGURATION).respond(404)
    assert "no SMART configuration (404)" in discovery_failure(http)
