"""The tokens with which an EHR asks for cards: for one address, once, and of a key that the clinic named."""

from contextlib import closing
from datetime import timedelta
from uuid import uuid4

import pytest
import respx
from starlette.datastructures import Headers

from fhir_mappings import json_text
from service.api.cds.services import SERVICES
from service.api.identity import Providers, open_identity
from service.app import Served, create_service
from service.errors import CallerRefused, CredentialRefused, SettingsRefused
from service.log import Log
from service.settings import Settings, read_settings
from tests.conftest import BASE_URL, FixedClock, TestClient
from tests.service.api.cds.build import VIEW, call, with_an_alert
from tests.service.identity.signing import NOW, SECONDS, ec, public, rsa, token
from tests.service.two_clinics import NORTH, SOUTH, key_of, of_clinic

EHR, OTHER_EHR = "https://ehr.north.example", "https://ehr.south.example"
BASE = "https://alliance.example"
JWKS = "https://ehr.north.example/keys"
PATH = f"/cds-services/{VIEW}"


def keyed(key):
    return public(key).decode()


def of_ehr(key=None, header=None, **changes):
    """Return a token of north's EHR for one call; ES384 unless a key says otherwise."""
    signing = key or ec("curved", "P-384")
    algorithm = "ES384" if signing.key_type == "EC" else "RS384"
    good = {"iss": EHR, "aud": f"{BASE}{PATH}", "jti": str(uuid4()), "azp": None, "sub": None, "scope": None}
    return token(signing, {"alg": algorithm} | (header or {}), **(good | changes))


@pytest.fixture
def clock():
    return FixedClock(NOW)


@pytest.fixture
def recognise(database, clock, log_stream):
    """Give what returns who calls a path with a token."""
    with closing(Providers(clock, Log(log_stream))) as providers:

        def opened(**changes):
            given = {"cds_issuer": EHR, "cds_keys": keyed(ec("curved", "P-384")), "public_base_url": BASE}
            settings = Settings(database_url=database.url, **(given | changes))
            identify = open_identity({"north": settings}, database, clock, providers).identify_hook
            host = "alliance.example"
            return lambda text, path=PATH: identify(
                path, Headers({"host": host, "authorization": f"Bearer {text}"})
            )

        yield opened


@pytest.fixture
def identify(recognise):
    return recognise()


def cause_of(identify, text, path=PATH):
    with pytest.raises(CredentialRefused) as refused:
        identify(text, path)
    return refused.value.cause


def test_the_ehr_is_a_caller_that_may_do_what_cards_need_and_no_more(identify):
    caller = identify(of_ehr())

    assert (caller.name, caller.clinic, caller.user) == ("EHR by CDS Hooks", "north", None)
    assert {(one.type, *one.rights) for one in caller.scopes} == {
        ("DetectedIssue", "s"),
        ("Observation", "s"),
        ("Task", "u"),
    }


def test_both_algorithms_of_the_specification_count(recognise):
    identify = recognise(cds_keys=keyed(rsa()))

    assert identify(of_ehr(rsa())).clinic == "north"
    assert cause_of(identify, of_ehr(rsa(), {"alg": "RS256"})) == "key"


def test_keys_may_stand_where_the_ehr_publishes_them(recognise):
    with respx.mock() as mocked:
        mocked.get(JWKS).respond(content=public(ec("curved", "P-384")))
        identify = recognise(cds_keys=None, cds_jwks_url=JWKS)

        assert identify(of_ehr()).clinic == "north"
        assert cause_of(identify, of_ehr(ec("other", "P-384"), {"jku": "https://evil.example/keys"})) == "key"


@pytest.mark.parametrize("path", [PATH, f"{PATH}/feedback"])
@pytest.mark.parametrize("audience", [f"{BASE}{PATH}", f"{BASE}/cds-services", ["x", f"{BASE}{PATH}"]])
def test_a_token_is_for_the_address_called_or_all_of_ours(identify, path, audience):
    assert identify(of_ehr(aud=audience), path).clinic == "north"


@pytest.mark.parametrize(
    "audience",
    [
        None,
        BASE,
        f"{BASE}/",
        f"{BASE}{PATH}/",
        f"{BASE}/cds-services/alliance-encounter-start",
        "https://evil.example",
    ],
)
def test_a_token_for_another_address_does_not_count(identify, audience):
    assert cause_of(identify, of_ehr(aud=audience)) == "audience"


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"jti": None}, "no-token-id"),
        ({"jti": ""}, "no-token-id"),
        ({"jti": 7}, "no-token-id"),
        ({"jti": "x" * 256}, "no-token-id"),
        ({"iat": None}, "no-token-id"),
        ({"exp": SECONDS + 3601}, "lifetime"),
        ({"exp": SECONDS - 60}, "expired"),
        ({"iat": SECONDS + 61}, "not-yet"),
        ({"iss": OTHER_EHR}, "issuer"),
    ],
)
def test_everything_else_is_refused(identify, changes, cause):
    assert cause_of(identify, of_ehr(**changes)) == cause


def test_a_token_counts_once_whichever_process_sees_it_again(recognise):
    first, second = recognise(), recognise()
    shown = of_ehr()
    assert first(shown).clinic == "north"

    assert cause_of(second, shown) == "replayed"
    assert cause_of(first, shown, f"{PATH}/feedback") == "replayed"


def test_used_tokens_are_forgotten_once_they_have_expired(identify, clock, database):
    identify(of_ehr())
    clock.now += timedelta(hours=1)
    identify(of_ehr(iat=SECONDS + 3600, exp=SECONDS + 3660))
    with database.read() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM used_tokens").scalar() == 1


def test_a_refused_token_is_not_used_up(identify):
    jti = str(uuid4())
    assert cause_of(identify, of_ehr(jti=jti, aud="x")) == "audience"

    assert identify(of_ehr(jti=jti)).clinic == "north"


def test_only_hosts_of_ours_are_asked(recognise, database, clock, log_stream):
    with closing(Providers(clock, Log(log_stream))) as providers:
        settings = Settings(cds_issuer=EHR, cds_keys=keyed(rsa()), public_base_url=BASE)
        identify = open_identity({"north": settings}, database, clock, providers).identify_hook
        with pytest.raises(CallerRefused):
            identify(PATH, Headers({"host": "evil.example", "authorization": f"Bearer {of_ehr(rsa())}"}))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"CDS_ISSUER": EHR}, {"ALLIANCE_CDS_JWKS_URL", "ALLIANCE_PUBLIC_BASE_URL"}),
        ({"CDS_KEYS": '{"keys":[]}'}, {"ALLIANCE_CDS_ISSUER"}),
        ({"CDS_KEYS": "[1]"}, {"ALLIANCE_CDS_KEYS"}),
        ({"CDS_ISSUER": "http://ehr.example"}, {"ALLIANCE_CDS_ISSUER"}),
        ({"CDS_LAUNCH_URL": "javascript:alert(1)"}, {"ALLIANCE_CDS_LAUNCH_URL"}),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(given, named):
    with pytest.raises(SettingsRefused) as refused:
        read_settings({f"ALLIANCE_{name}": value for name, value in given.items()}, lambda _: "")

    assert {fault.partition(":")[0] for fault in refused.value.faults} == named


def test_a_set_without_a_key_that_can_be_used_stops_the_start(recognise):
    with pytest.raises(SettingsRefused, match="ALLIANCE_CDS_KEYS"):
        recognise(cds_keys=json_text.dumps({"keys": [{"kty": "oct", "k": "AAAA"}]}).decode())


@pytest.fixture
def both(deployment, clock, log_stream):
    """Give a client without credentials of a service of two clinics, each with an EHR of its own."""
    keys = {NORTH: ec("curved", "P-384"), SOUTH: rsa()}
    ehrs = {NORTH: EHR, SOUTH: OTHER_EHR}
    clinics = [
        of_clinic(
            deployment,
            name,
            deployment.settings.model_copy(
                update={"cds_issuer": ehrs[name], "cds_keys": keyed(keys[name]), "public_base_url": BASE}
            ),
        )
        for name in (NORTH, SOUTH)
    ]
    by_name = {one.clinic: one.settings for one in clinics}
    with closing(Providers(clock, Log(log_stream))) as providers:
        identity = open_identity(by_name, deployment.database, clock, providers)
        app = create_service([Served(one) for one in clinics], Log(log_stream), identity)
        with_an_alert(
            TestClient(app, BASE_URL, headers={"Authorization": f"Bearer {key_of(clinics[0])}"}), clock
        )
        yield TestClient(app, BASE_URL)


def called(client, text):
    client.headers["Authorization"] = f"Bearer {text}"
    return call(client)


def test_the_clinic_follows_from_the_issuer_and_anothers_patient_has_no_card(both):
    assert len(called(both, of_ehr()).json()["cards"]) == 1
    assert called(both, of_ehr(rsa(), iss=OTHER_EHR)).json() == {"cards": []}
    assert called(both, of_ehr(rsa())).status_code == 401


def test_a_token_of_an_ehr_opens_nothing_but_cards(both):
    both.headers["Authorization"] = f"Bearer {of_ehr(aud=f'{BASE}/v1/rupture-alerts')}"

    assert both.get("/v1/rupture-alerts").status_code == 401


def test_everybody_may_ask_which_services_there_are(both):
    assert len(both.get("/cds-services").json()["services"]) == len(SERVICES)


def test_a_call_without_a_credential_is_refused_where_callers_are_known(both):
    assert call(both).status_code == 401
