"""Who calls by a token: what a good one tells, and that nothing else counts."""

from datetime import timedelta

import pytest
import respx
from starlette.datastructures import Headers

from fhir_mappings import json_text
from service.api.identity import Providers, open_identity
from service.errors import CallerRefused, CredentialRefused, SettingsRefused
from service.log import Log
from service.settings import Settings, read_settings
from tests.conftest import FixedClock
from tests.service.identity.signing import (
    AUDIENCE,
    ISSUER,
    NOW,
    SECONDS,
    SOUTH,
    claims,
    ec,
    forged,
    public,
    rsa,
    signed_text,
    token,
    with_shared_secret,
)

JWKS = "https://idp.north.example/keys"
CONFIGURED = {"token_issuer": ISSUER, "token_audience": (AUDIENCE,), "token_jwks_url": JWKS}


@pytest.fixture
def provider():
    with respx.mock(assert_all_called=False) as mocked:
        mocked.get(JWKS).respond(content=public(rsa(), ec()))
        yield mocked


@pytest.fixture
def clock():
    return FixedClock(NOW)


@pytest.fixture
def recognise(provider, database, clock, log_stream):
    """Give what returns the caller of a request with these headers."""
    providers = Providers(clock, Log(log_stream))

    def opened(**changes):
        south = changes.pop("south", None)
        by_clinic = {"north": Settings(database_url=database.url, **(CONFIGURED | changes))}
        if south:
            by_clinic["south"] = Settings(database_url=database.url, **south)
        return open_identity(by_clinic, database, clock, providers).identify

    yield opened
    providers.close()


@pytest.fixture
def identify(recognise):
    found = recognise()
    return lambda text, **changes: found(headers_of(text, **changes))


def headers_of(text, host="127.0.0.1:8000"):
    return Headers({"host": host, "authorization": f"Bearer {text}"})


def cause_of(identify, text):
    with pytest.raises(CredentialRefused) as refused:
        identify(text)
    return refused.value.cause


def test_a_good_token_tells_who_calls(identify):
    caller = identify(token(fhirUser="Practitioner/ada", patient="anna"))

    assert (caller.name, caller.clinic) == ("ehr-caller/7f", "north")
    assert (caller.user, caller.patient, caller.supervises) == ("Practitioner/ada", "Patient/anna", False)
    assert caller.scopes[0].level == "system"


@pytest.mark.parametrize("audience", [AUDIENCE, ["other", AUDIENCE]])
def test_the_audience_may_be_one_or_several(identify, audience):
    assert identify(token(aud=audience)).clinic == "north"


def test_a_key_on_a_curve_counts_too(identify):
    assert identify(token(ec())).clinic == "north"


@pytest.mark.parametrize("kind", ["JWT", "at+jwt", "application/at+jwt", None])
def test_a_token_is_of_a_known_type(identify, kind):
    assert identify(token(header={"typ": kind})).clinic == "north"
    assert cause_of(identify, token(header={"typ": "logout+jwt"})) == "bad-header"


def changed():
    """Return a good token with more scopes than were signed."""
    more = forged({"alg": "RS256", "kid": "one"}, scope="alliance/operations.write").split(".")[1]
    head, _, signature = token().split(".")
    return f"{head}.{more}.{signature}"


def with_expiry(text):
    good = json_text.dumps(claims())
    return signed_text(good.replace(b":" + str(SECONDS + 300).encode(), b":" + text))


@pytest.mark.parametrize(
    ("made", "cause"),
    [
        (lambda: forged({"alg": "none"}), "key"),
        (lambda: forged({"alg": "none"}).removesuffix("AAAA"), "not-a-token"),
        (lambda: forged({"alg": "NoNe", "kid": "one"}), "key"),
        (lambda: forged({"alg": ["RS256"], "kid": "one"}), "bad-header"),
        (lambda: with_shared_secret(rsa().as_pem(private=False)), "key"),
        (lambda: with_shared_secret(public(rsa())), "key"),
        (changed, "signature"),
        (lambda: token(rsa("two"), {"kid": "one"}), "signature"),  # of the issuer's name, not its key
        (lambda: token(rsa("two"), {"kid": "../../one"}), "key"),
        (lambda: token(rsa("two"), {"kid": "' OR 1=1 --"}), "key"),
        (lambda: token(header={"kid": "k" * 300}), "bad-header"),
        (lambda: forged({"alg": "RS256", "kid": "one", "crit": ["exp"]}), "bad-header"),
        (lambda: token(header={"alg": "RS256", "kid": "curved"}), "key"),
        (lambda: token(aud=None), "audience"),
        (lambda: token(aud="another"), "audience"),
        (lambda: token(aud=[]), "audience"),
        (lambda: token(aud={AUDIENCE: 1}), "audience"),
        (lambda: token(iss=None), "no-issuer"),
        (lambda: token(iss=["x"]), "no-issuer"),
        (lambda: token(iss=SOUTH), "issuer"),
        (lambda: token(iss=f"{ISSUER}/"), "issuer"),
        (lambda: token(exp=None), "lifetime"),
        (lambda: token(exp=str(SECONDS + 300)), "lifetime"),
        (lambda: token(exp=True), "lifetime"),
        (lambda: token(exp=-SECONDS), "lifetime"),
        (lambda: token(exp=0), "lifetime"),
        (lambda: token(exp=10**40), "lifetime"),
        (lambda: token(exp=SECONDS + 10 * 365 * 86_400), "lifetime"),
        (lambda: token(exp=SECONDS - 60), "expired"),
        (lambda: token(nbf=SECONDS + 120), "not-yet"),
        (lambda: token(nbf="now"), "lifetime"),
        (lambda: token(iat=SECONDS + 120), "not-yet"),
        (lambda: with_expiry(b"NaN"), "not-a-token"),
        (lambda: with_expiry(b"1e999"), "lifetime"),
        (lambda: signed_text(b"[]"), "not-a-token"),
        (lambda: token(scope="s" * 20_000), "not-a-token"),
        (lambda: "a.b", "not-a-token"),
    ],
)
def test_everything_else_is_refused(identify, made, cause):
    assert cause_of(identify, made()) == cause


def test_a_token_still_counts_within_the_skew(identify):
    assert identify(token(exp=SECONDS - 59, nbf=SECONDS + 59)).clinic == "north"


@pytest.mark.parametrize("name", ["jku", "x5u"])
def test_an_address_of_keys_in_the_token_is_never_asked(identify, provider, name):
    address = provider.get("https://evil.example/keys").respond(content=public(rsa("two")))

    assert cause_of(identify, token(rsa("two"), {name: "https://evil.example/keys"})) == "key"
    assert not address.called


def test_a_key_in_the_token_is_not_used(identify):
    own = rsa("two").as_dict(private=False)

    assert cause_of(identify, token(rsa("two"), {"jwk": own, "kid": "one"})) == "signature"


def test_an_algorithm_may_be_left_out_by_the_clinic(recognise):
    identify = recognise(token_algorithms=("ES256",))

    assert identify(headers_of(token(ec()))).clinic == "north"
    assert cause_of(lambda text: identify(headers_of(text)), token()) == "key"


def test_the_clinic_follows_from_the_issuer_whose_key_signed(recognise, provider):
    provider.get("https://idp.south.example/keys").respond(content=public(rsa("south"), kid="one"))
    south = {
        "token_issuer": SOUTH,
        "token_audience": (AUDIENCE,),
        "token_jwks_url": "https://idp.south.example/keys",
    }
    identify = recognise(south=south)
    of_south = {"key": rsa("south"), "header": {"kid": "one"}}

    assert identify(headers_of(token(**of_south, iss=SOUTH))).clinic == "south"
    assert identify(headers_of(token())).clinic == "north"
    # The same key id at both, and the other one's name: neither opens the other clinic.
    assert cause_of(lambda text: identify(headers_of(text)), token(**of_south)) == "signature"
    assert cause_of(lambda text: identify(headers_of(text)), token(iss=SOUTH)) == "signature"


def test_two_clinics_cannot_share_an_issuer(recognise):
    with pytest.raises(ValueError, match="two clinics have the same"):
        recognise(south=CONFIGURED)


def test_one_credential_in_one_header_is_needed(recognise):
    identify, good = recognise(), token()
    host = (b"host", b"127.0.0.1")
    twice = Headers(raw=[host, *[(b"authorization", f"Bearer {good}".encode())] * 2])
    basic = Headers({"host": "127.0.0.1", "authorization": "Basic YTpi"})

    assert cause_of(identify, twice) == "header"
    assert cause_of(identify, basic) == "header"
    assert cause_of(identify, Headers({"host": "127.0.0.1"})) == "no-credential"


def test_only_hosts_of_ours_are_served(recognise):
    identify = recognise(public_base_url="https://alliance.north.example", allowed_hosts=("api",))

    assert identify(headers_of(token(), host="alliance.north.example:443")).clinic == "north"
    assert identify(headers_of(token(), host="api")).clinic == "north"
    with pytest.raises(CallerRefused):
        identify(headers_of(token(), host="evil.example"))


@pytest.mark.parametrize(
    ("claim", "value", "told", "supervises"),
    [
        ("role", "lead", {"role": "lead"}, True),
        ("role", "lead", {"role": ["nurse", "lead"]}, True),
        ("role", "lead", {"role": "leader"}, False),
        ("realm_access.roles", "lead", {"realm_access": {"roles": ["lead"]}}, True),
        ("supervisor", "true", {"supervisor": True}, True),
        ("supervisor", "true", {}, False),
    ],
)
def test_a_supervisor_is_whom_the_clinics_claim_names(recognise, claim, value, told, supervises):
    identify = recognise(token_supervisor_claim=claim, token_supervisor_value=value)

    assert identify(headers_of(token(**told))).supervises is supervises


@pytest.mark.parametrize("value", ["Patient/anna", "anna smith", "", 7, ["Practitioner/ada"], "Group/x"])
def test_a_user_who_is_no_practitioner_is_nobody(identify, value):
    assert identify(token(fhirUser=value)).user is None


def test_a_reference_is_taken_as_far_as_it_is_kept(identify):
    base = "https://ehr.example/"
    longest, longer = (f"{base}{'x' * (length - 25 - 20)}/Practitioner/{'a' * 11}" for length in (255, 256))
    assert (len(longest), identify(token(fhirUser=longest)).user) == (255, longest)
    assert identify(token(fhirUser=longer)).user is None
    assert identify(token(patient=longer.replace("Practitioner", "Patient") + "x" * 5)).patient is None


def test_a_new_key_is_fetched_and_an_old_one_ends_with_the_set(identify, provider, clock):
    assert identify(token()).clinic == "north"
    provider.get(JWKS).respond(content=public(rsa("new")))
    clock.now += timedelta(seconds=30)

    assert identify(token(rsa("new"))).clinic == "north"
    assert cause_of(identify, token()) == "key"


def test_invented_key_ids_do_not_make_us_ask_again_and_again(identify, provider):
    for number in range(20):
        cause_of(identify, token(rsa("two"), {"kid": f"invented-{number}"}))

    assert provider.get(JWKS).call_count == 1


def test_known_keys_count_while_the_provider_is_down(identify, provider, clock, log_stream):
    assert identify(token()).clinic == "north"
    provider.get(JWKS).respond(503)
    clock.now += timedelta(hours=3)
    later = SECONDS + 3 * 3600

    assert identify(token(iat=later, exp=later + 60)).clinic == "north"
    assert "identity_provider_silent" in log_stream.getvalue()


def test_no_token_stands_in_any_log_or_error(identify, log_stream):
    secret = token(aud="another")
    with pytest.raises(CredentialRefused) as refused:
        identify(secret)

    told = f"{refused.value!r} {refused.value.message} {refused.value.headers} {log_stream.getvalue()}"
    assert not any(part in told for part in secret.split("."))


def test_what_a_key_is_not_for_verifies_nothing(identify, provider):
    provider.get(JWKS).respond(content=public(rsa(), use="enc"))

    assert cause_of(identify, token()) == "key"


def test_keys_are_where_discovery_says_on_the_issuers_own_host(recognise, provider):
    discovery = provider.get(f"{ISSUER}/.well-known/openid-configuration")
    discovery.respond(json={"issuer": ISSUER, "jwks_uri": JWKS})

    assert recognise(token_jwks_url=None)(headers_of(token())).clinic == "north"


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": ISSUER, "jwks_uri": "https://evil.example/keys"},
        {"issuer": SOUTH, "jwks_uri": JWKS},
        {"issuer": ISSUER, "jwks_uri": "http://idp.north.example/keys"},
        {"issuer": ISSUER},
        [],
    ],
)
def test_a_discovery_that_leads_elsewhere_is_not_followed(recognise, provider, said):
    provider.get(f"{ISSUER}/.well-known/openid-configuration").respond(json=said)
    elsewhere = provider.get("https://evil.example/keys").respond(content=public(rsa()))
    identify = recognise(token_jwks_url=None)

    assert cause_of(lambda text: identify(headers_of(text)), token()) == "key"
    assert not elsewhere.called


def test_settings_that_would_let_anybody_in_are_refused():
    given = {
        "ALLIANCE_TOKEN_ISSUER": "http://idp.north.example",
        "ALLIANCE_TOKEN_ALGORITHMS": "HS256",
        "ALLIANCE_TRUSTED_PROXIES": "everybody",
    }
    with pytest.raises(SettingsRefused) as refused:
        read_settings(given, str)

    assert {fault.partition(":")[0] for fault in refused.value.faults} >= {
        "ALLIANCE_TOKEN_ISSUER",
        "ALLIANCE_TRUSTED_PROXIES",
    }


def test_an_issuer_without_an_audience_does_not_start():
    with pytest.raises(SettingsRefused, match="ALLIANCE_TOKEN_AUDIENCE"):
        read_settings({"ALLIANCE_TOKEN_ISSUER": ISSUER}, str)


def test_without_callers_nobody_is_recognised(database, clock, log_stream):
    settings = {"default": Settings(database_url=database.url)}

    assert open_identity(settings, database, clock, Providers(clock, Log(log_stream))) is None


def test_two_callers_of_one_long_client_have_two_names(identify):
    client = "https://apps.example/" + 120 * "x"
    names = {identify(token(azp=client, sub=one)).name for one in ("one", "two")}

    assert len(names) == 2
    assert {len(one) for one in names} == {120}


def test_a_name_that_no_database_takes_is_written_otherwise(identify):
    caller = identify(token(sub="a\x00b\ud800", scope="user/*.rs"))

    assert (caller.name, caller.person_name) == ("ehr-caller/a?b?", "a?b?")
