"""Our public keys stand where an EHR reads them."""

from dataclasses import replace

from service.app import create_app
from service.log import Log
from service.settings import Settings
from tests.conftest import BASE_URL, TestClient
from tests.service.ehr.auth.keys import as_pem, as_set, ec_key, rsa_key

PATH = "/.well-known/jwks.json"


def test_without_keys_the_set_is_empty(client):
    assert client.get(PATH).json() == {"keys": []}


def test_the_signing_key_and_the_others_are_published_without_their_private_parts(deployment):
    settings = Settings(
        database_url=deployment.settings.database_url,
        ehr_base_url="http://127.0.0.1:8095/fhir",
        ehr_auth="smart",
        ehr_client_id="us",
        ehr_keys=as_pem(rsa_key()),
        ehr_other_keys=as_set(ec_key()),
    )
    app = create_app(replace(deployment, settings=settings), Log())
    with TestClient(app, base_url=BASE_URL) as opened:
        answer = opened.get(PATH)

    assert [key["alg"] for key in answer.json()["keys"]] == ["RS384", "ES384"]
    assert "max-age" in answer.headers["cache-control"]
    assert not {"d", "p", "q"} & {part for key in answer.json()["keys"] for part in key}
