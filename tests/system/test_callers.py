"""Callers with tokens of a real Keycloak: what they open, and that no other token opens anything."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.system.children import Service
from tests.system.identity import Idp

pytestmark = pytest.mark.idp

AUDIENCE = "alliance-service-api"
FORMS = "system/QuestionnaireResponse.crus"
# Nobody listens there: nothing is delivered.
NO_EHR = "http://127.0.0.1:9/fhir"


@pytest.fixture(scope="module")
def service(idp: Idp, tmp_path_factory: Any) -> Iterator[Service]:
    """A service that takes tokens of the realm ``clinic``, with a form of Ada's and one of Bo's."""
    folder = tmp_path_factory.mktemp("callers")
    settings = {
        "token_issuer": idp.issuer,
        "token_audience": AUDIENCE,
        "token_skew_seconds": "0",
        "token_supervisor_claim": "realm_access.roles",
        "host": "0.0.0.0",  # noqa: S104 - callers are configured
    }
    with Service(folder, ehr_base_url=NO_EHR, ehr_name="ehr", **settings) as started:
        for therapist in ("ada", "bo"):
            answer = call(started, "POST", "/v1/responses", a_system(idp), json=a_form(therapist))
            assert answer.status_code == 201, answer.text
        yield started


def a_form(therapist: str) -> dict[str, Any]:
    return {
        "instrument": "srs-3",
        "patient": f"Patient/of-{therapist}",
        "therapist": f"Practitioner/{therapist}",
        "authored": "2026-03-02T10:50:00+01:00",
        "identifier": f"urn:callers|{therapist}",
        "answers": {"item-1": 9.2, "item-2": 9.0, "item-3": 8.7, "item-4": 9.4},
    }


def ask(idp: Idp, realm: str = "clinic", **form: str) -> str:
    """Return a token of the token endpoint of a realm."""
    url = idp.token_url.replace("/realms/clinic/", f"/realms/{realm}/")
    answer = httpx.post(url, data=form, timeout=30).raise_for_status()
    return str(answer.json()["access_token"])


def a_system(
    idp: Idp,
    scope: str = FORMS,
    client: str = "ehr-caller",
    secret: str = "ehr-secret",  # noqa: S107 - public
    realm: str = "clinic",
) -> str:
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret, "scope": scope}
    return ask(idp, realm, **form)


def a_person(idp: Idp, name: str) -> str:
    form = {"grant_type": "password", "client_id": "clinician-test", "scope": "user/QuestionnaireResponse.rs"}
    return ask(idp, **form, username=f"dr.{name}", password=name)


def call(service: Service, method: str, path: str, token: str | None, **more: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.request(method, f"{service.base_url}{path}", headers=headers, timeout=30, **more)


def forms_of(service: Service, token: str) -> int:
    answer = call(service, "GET", "/fhir/QuestionnaireResponse", token)
    return int(answer.raise_for_status().json()["total"])


def status_of(service: Service, token: str | None) -> int:
    return call(service, "GET", "/fhir/QuestionnaireResponse", token).status_code


def test_a_system_sees_everything_that_its_scope_says(service, idp):
    assert forms_of(service, a_system(idp)) == 2
    refused = call(service, "GET", "/fhir/Observation", a_system(idp))
    assert refused.status_code == 403
    assert 'scope="system/Observation.s"' in refused.headers["www-authenticate"]


def test_a_therapist_sees_the_own_dyads_and_a_supervisor_all(service, idp):
    assert [forms_of(service, a_person(idp, name)) for name in ("ada", "bo", "cy")] == [1, 1, 2]


def test_a_token_that_expired_opens_nothing(service, idp):
    token = a_system(idp, client="ehr-caller-short", secret="short-secret")  # noqa: S106 - public
    assert status_of(service, token) == 200
    time.sleep(3)

    refused = call(service, "GET", "/fhir/QuestionnaireResponse", token)
    assert refused.status_code == 401
    assert "expired" in refused.headers["www-authenticate"]


def test_a_token_for_another_service_opens_nothing(service, idp):
    token = a_system(idp, client="caller-of-the-ehr", secret="astray-secret")  # noqa: S106 - public
    assert status_of(service, token) == 401


def test_a_token_of_another_realm_opens_nothing(service, idp):
    assert status_of(service, a_system(idp, realm="other")) == 401
    assert status_of(service, None) == 401


def test_new_keys_of_the_provider_are_taken_up_and_old_tokens_still_count(service, idp):
    before = a_system(idp)
    assert status_of(service, before) == 200
    rotate_keys(idp)
    after = a_system(idp)
    time.sleep(11)  # so long the service does not ask again

    assert before.split(".")[0] != after.split(".")[0]
    assert status_of(service, after) == 200
    assert status_of(service, before) == 200


def rotate_keys(idp: Idp) -> None:
    """Let the realm sign with a new key; the old one stays published."""
    form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": "admin"}
    token = ask(idp, "master", **form)
    component = {
        "name": "newer",
        "providerId": "rsa-generated",
        "providerType": "org.keycloak.keys.KeyProvider",
        "config": {"priority": ["200"], "enabled": ["true"], "active": ["true"], "algorithm": ["RS256"]},
    }
    address = idp.issuer.replace("/realms/", "/admin/realms/") + "/components"
    headers = {"Authorization": f"Bearer {token}"}
    httpx.post(address, json=component, headers=headers, timeout=30).raise_for_status()


def test_the_smart_configuration_is_what_keycloak_says(service, idp):
    found = call(service, "GET", "/.well-known/smart-configuration", None).json()

    assert found["issuer"] == idp.issuer
    assert found["token_endpoint"] == idp.token_url
    assert httpx.get(found["jwks_uri"], timeout=30).json()["keys"]
