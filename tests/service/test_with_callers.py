"""The whole app with callers configured: API keys, refusals at both doors, what is open, what is counted."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import respx
from sqlalchemy import select

from service.__main__ import main
from service.api.identity import Providers, open_identity
from service.app import create_app
from service.log import Log
from service.settings import Settings
from service.store.tables import audit_rows
from tests.conftest import BASE_URL, NOW, TestClient
from tests.service.identity.signing import AUDIENCE, ISSUER, public, rsa, token

FORMS = "/fhir/QuestionnaireResponse"
KEYS = f"{ISSUER}/keys"
DISCOVERY = {
    "issuer": ISSUER,
    "jwks_uri": KEYS,
    "token_endpoint": f"{ISSUER}/token",
    "authorization_endpoint": f"{ISSUER}/auth",
}


@pytest.fixture
def provider():
    with respx.mock(assert_all_called=False) as mocked:
        mocked.get(f"{ISSUER}/.well-known/openid-configuration").respond(json=DISCOVERY)
        mocked.get(KEYS).respond(content=public(rsa()))
        yield mocked


@pytest.fixture
def settings(database):
    return Settings(
        database_url=database.url,
        api_keys=True,
        token_issuer=ISSUER,
        token_audience=(AUDIENCE,),
        trusted_proxies=("10.0.0.0/8",),
    )


@contextmanager
def opened(deployment, log_stream):
    log = Log(log_stream)
    providers = Providers(deployment.clock, log)
    by_clinic = {"default": deployment.settings}
    identity = open_identity(by_clinic, deployment.database, deployment.clock, providers)
    app = create_app(deployment, log, identity=identity)
    with TestClient(app, base_url=BASE_URL, follow_redirects=False, client=("10.0.0.9", 4000)) as browser:
        yield browser
    providers.close()


@pytest.fixture
def client(deployment, provider, log_stream):
    with opened(deployment, log_stream) as browser:
        yield browser


@pytest.fixture
def run(settings, database, capsys):
    """Run a command on the same database; give its exit code and what it wrote."""

    def command(*arguments):
        written = []
        environ = {"ALLIANCE_DATABASE_URL": database.url, "ALLIANCE_API_KEYS": "true"}
        code = main(["api-keys", *arguments], environ, written.append)
        return code, "".join(written)

    return command


@pytest.fixture
def make(run):
    def made(scopes="system/*.cruds", **options):
        given = {"name": "tool", "expires": "30"} | options
        listed = [word for name, value in given.items() for word in (f"--{name}", value)]
        code, written = run("create", "--scopes", scopes, *listed)
        assert code == 0
        return written.strip()

    return made


def shown(key):
    return {"Authorization": f"Bearer {key}"}


def test_a_key_opens_what_its_scopes_say(client, make, clock):
    # The command line has the clock of this machine, the app stands in the year of the tests.
    key = make("system/QuestionnaireResponse.rs")

    assert client.get(FORMS, headers=shown(key)).status_code == 200
    refused = client.get("/v1/deliveries", headers=shown(key))
    assert refused.status_code == 403
    assert 'scope="alliance/operations.read"' in refused.headers["www-authenticate"]


@pytest.fixture
def limited(deployment, provider, log_stream):
    """The app where each may send one request a second, ten at once."""
    settings = deployment.settings.model_copy(update={"requests_per_minute": 60})
    with opened(replace(deployment, settings=settings), log_stream) as browser:
        yield browser


def from_address(address, **headers):
    return {"X-Forwarded-For": address} | headers


def test_one_address_without_a_credential_takes_nothing_from_another(limited):
    answers = [limited.get("/fhir/metadata", headers=from_address("203.0.113.9")) for _ in range(11)]

    assert [one.status_code for one in answers] == [200] * 10 + [429]
    assert limited.get("/form/kiosk", headers=from_address("198.51.100.7")).status_code == 200


def test_bad_credentials_are_limited_by_the_address_that_shows_them(limited):
    bad = shown(f"alk_default_{'a' * 43}")
    answers = [limited.get(FORMS, headers=from_address("203.0.113.9", **bad)) for _ in range(11)]

    assert [one.status_code for one in answers] == [401] * 10 + [429]
    assert answers[-1].headers["retry-after"] == "1"


def test_who_is_known_is_not_held_up_by_bad_credentials_from_the_same_address(limited, make):
    key = make()
    for _ in range(11):
        limited.get(FORMS, headers=from_address("203.0.113.9", **shown("alk_default_x")))

    assert limited.get(FORMS, headers=from_address("203.0.113.9", **shown(key))).status_code == 200


def test_a_revoked_key_counts_no_more_at_once(client, make, run):
    key = make()
    assert client.get(FORMS, headers=shown(key)).status_code == 200
    listed = run("list")[1]

    assert run("revoke", listed.split()[0])[0] == 0
    assert client.get(FORMS, headers=shown(key)).status_code == 401
    assert "revoked" in run("list")[1]
    assert run("revoke", listed.split()[0])[0] == 1


def test_a_key_ends_when_it_expires(client, make, clock):
    key = make()
    clock.now = NOW + timedelta(days=3 * 365)

    assert client.get(FORMS, headers=shown(key)).status_code == 401


def test_a_key_is_kept_nowhere_and_listed_by_its_beginning(client, make, run, database, log_stream):
    key = make()
    client.get(FORMS, headers=shown(key))
    listed = run("list")[1]

    assert key.startswith("alk_default_")
    assert key[:16] in listed
    assert key not in listed + log_stream.getvalue()
    with database.read() as tx:
        kept = str(tx.exec_driver_sql("SELECT * FROM api_keys").all())
    assert key not in kept


def test_a_key_that_was_used_says_when_to_the_hour(client, make, run):
    key = make()
    assert "used never" in run("list")[1]

    client.get(FORMS, headers=shown(key))

    assert "used 2026-03-02T12:00:00.000000Z" in run("list")[1]


@pytest.mark.parametrize(
    "change", [lambda key: key[:-1] + "A", lambda key: key.replace("default", "north"), str.upper]
)
def test_a_changed_key_is_no_key(client, make, change):
    key = make()

    assert change(key) == key or client.get(FORMS, headers=shown(change(key))).status_code == 401


def test_a_key_of_a_person_is_held_to_the_own_dyads(client, make):
    key = make("user/QuestionnaireResponse.rs", practitioner="Practitioner/ada")

    assert client.get(FORMS, headers=shown(key)).json()["total"] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--scopes", "system/Observation.sr", "--expires", "30"),
        ("--scopes", " ", "--expires", "30"),
        ("--scopes", "user/Observation.rs", "--expires", "30"),
        ("--scopes", "patient/Observation.rs", "--expires", "30"),
        ("--scopes", "system/Observation.rs", "--expires", "0"),
        ("--scopes", "system/Observation.rs", "--expires", "never"),
        ("--scopes", "system/Observation.rs", "--expires", "4000"),
        ("--scopes", "system/Observation.rs", "--expires", "30", "--patient", "anna"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(run, arguments):
    assert run("create", "--name", "tool", *arguments) == (2, "")
    assert run("list") == (0, "no keys\n")


def test_a_token_of_the_clinics_provider_opens_what_its_scopes_say(client):
    assert client.get(FORMS, headers=shown(token())).status_code == 200
    assert client.get(FORMS, headers=shown(token(scope="system/Task.u"))).status_code == 403


def test_nobody_is_told_in_the_words_of_each_door(client):
    fhir, plain = client.get(FORMS), client.get("/v1/instruments")

    assert fhir.headers["www-authenticate"] == 'Bearer realm="alliance"'
    assert fhir.json()["issue"][0]["code"] == "login"
    assert plain.headers["content-type"] == "application/problem+json"
    assert plain.json()["faults"][0]["reason"] == "no-credential"


@pytest.mark.parametrize(
    ("changes", "description"),
    [({"exp": 1}, "The credential has expired."), ({"aud": "x"}, "The credential is not valid here.")],
)
def test_a_bad_token_is_told_no_more_than_that(client, changes, description):
    told = client.get(FORMS, headers=shown(token(**changes))).headers["www-authenticate"]

    assert told == f'Bearer realm="alliance", error="invalid_token", error_description="{description}"'


def test_this_machine_needs_a_credential_too(client):
    assert client.get("/v1/instruments").status_code == 401


def test_readiness_has_no_detail_without_a_credential(client):
    assert set(client.get("/ready").json()) == {"status", "database", "schema", "clock"}
    full = client.get("/ready", headers=shown(token(scope="alliance/operations.read"))).json()
    assert "late_deliveries" in full


@pytest.mark.parametrize(
    "path", ["/.well-known/smart-configuration", "/fhir/.well-known/smart-configuration"]
)
def test_the_smart_configuration_is_what_the_provider_says(client, path):
    found = client.get(path).json()

    assert found["issuer"] == ISSUER
    assert found["token_endpoint"] == f"{ISSUER}/token"
    assert found["authorization_endpoint"] == f"{ISSUER}/auth"
    assert "user/QuestionnaireResponse.crus" in found["scopes_supported"]
    assert "permission-v2" in found["capabilities"]


def test_the_smart_configuration_is_unknown_while_the_provider_is_silent(client, provider):
    provider.get(f"{ISSUER}/.well-known/openid-configuration").respond(500)

    assert client.get("/.well-known/smart-configuration").status_code == 503
    assert client.get("/fhir/metadata").status_code == 200


def test_the_capability_statement_says_where_tokens_come_from(client):
    security = client.get("/fhir/metadata").json()["rest"][0]["security"]

    assert security["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
    assert security["extension"][0]["extension"][0] == {"url": "token", "valueUri": f"{ISSUER}/token"}


def rows_of(database, table):
    with database.read() as tx:
        return tx.execute(select(table)).mappings().all()


def test_refusals_are_counted_once_by_source_reason_and_minute(client, database):
    for _ in range(20):
        client.get(FORMS, headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.7"})
    client.get(FORMS, headers=shown("no-such-key") | {"X-Forwarded-For": "203.0.113.7"})
    client.__exit__(None, None, None)

    told = [(row["address"], row["reason"], row["count"]) for row in rows_of(database, audit_rows)]
    # One row at once, and one more for all that followed in the minute.
    source = "203.0.113.7"
    assert told == [(source, "no-credential", 1), (source, "not-a-token", 1), (source, "no-credential", 19)]


def test_the_audit_has_the_address_before_the_trusted_proxy(client, database):
    client.get(FORMS, headers=shown(token(scope="system/*.rs")) | {"X-Forwarded-For": "203.0.113.7"})

    assert [row["address"] for row in rows_of(database, audit_rows)] == ["203.0.113.7"]


@pytest.mark.parametrize(
    ("claims", "person"),
    [
        ({"fhirUser": "Practitioner/ada"}, "Practitioner/ada"),
        ({"scope": "user/*.rs"}, "7f"),
        ({"scope": "system/*.rs"}, ""),
    ],
)
def test_the_audit_names_the_person_behind_a_token(client, database, claims, person):
    client.get(FORMS, headers=shown(token(**claims)))

    assert [row["person"] for row in rows_of(database, audit_rows)] == [person]


def test_a_refusal_with_a_credential_has_a_row_of_its_own(client, database):
    client.get(FORMS, headers=shown(token(scope="openid")))

    (row,) = rows_of(database, audit_rows)
    assert (row["caller"], row["status"], row["route"]) == ("ehr-caller/7f", 403, FORMS)


def test_no_credential_stands_in_any_log(client, make, log_stream):
    key, good, bad = make(), token(), token(aud="x")
    for one in (key, good, bad):
        client.get(FORMS, headers=shown(one))
        client.get(f"{FORMS}?access_token={one}")

    assert not any(part in log_stream.getvalue() for one in (key, good, bad) for part in one.split("."))


def test_a_service_open_to_the_network_needs_callers():
    environ = {"ALLIANCE_HOST": "0.0.0.0"}  # noqa: S104 - refused
    assert main(["api"], environ) == 2
