"""Pages in browsers: which may call, what they may see; and answers that are packed."""

from dataclasses import replace

import pytest

from service.app import create_app
from service.errors import SettingsRefused
from service.log import Log
from service.settings import Settings, read_settings
from tests.conftest import BASE_URL, TestClient
from tests.service.api.cds.build import a_call
from tests.service.api.fhir.calls import CREATE, FHIR, create, sent

PAGE = "https://app.north.example"
CARDS = "/cds-services/alliance-patient-view"
PREFLIGHT = {
    "Origin": PAGE,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,if-none-exist,authorization",
}


@pytest.fixture
def opened(deployment, database, log_stream):
    """A client of a service that one page of another site may call."""
    settings = Settings(database_url=database.url, cors_origins=(PAGE,))
    app = create_app(replace(deployment, settings=settings), Log(log_stream))
    with TestClient(app, base_url=BASE_URL) as client:
        yield client


def test_a_configured_page_may_ask_and_see_versions(opened):
    answer = create(opened, sent(), Origin=PAGE)

    assert answer.status_code == 201
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert {"ETag", "Location", "X-Request-Id"} <= set(
        answer.headers["access-control-expose-headers"].split(", ")
    )
    assert "access-control-allow-credentials" not in answer.headers


def test_a_browser_is_told_before_it_sends(opened):
    answer = opened.options(CREATE, headers=PREFLIGHT)

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "If-None-Exist" in answer.headers["access-control-allow-headers"]


def test_a_page_may_go_on_with_a_download(opened):
    asked = opened.options(
        "/fhir/exports/x/y", headers=PREFLIGHT | {"Access-Control-Request-Headers": "if-range,range"}
    )
    answer = opened.get("/live", headers={"Origin": PAGE})

    assert asked.status_code == 200
    assert {"Accept-Ranges", "Content-Range"} <= set(
        answer.headers["access-control-expose-headers"].split(", ")
    )


def test_an_ehr_in_a_browser_finds_services_and_asks_for_cards(opened):
    services = opened.get("/cds-services", headers={"Origin": PAGE})
    headers = "authorization,content-type"
    asked = opened.options(CARDS, headers=PREFLIGHT | {"Access-Control-Request-Headers": headers})
    cards = opened.post(CARDS, json=a_call(), headers={"Origin": PAGE})

    allowed = [one.headers["access-control-allow-origin"] for one in (services, asked, cards)]
    assert [one.status_code for one in (services, asked, cards)] == [200, 200, 200]
    assert allowed == [PAGE] * 3
    assert services.json()["services"]


def test_feedback_comes_from_a_browser_too(opened):
    asked = opened.options(f"{CARDS}/feedback", headers=PREFLIGHT)

    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, PAGE)


@pytest.mark.parametrize("origin", ["https://app.north.example.evil.example", "http://app.north.example"])
def test_a_page_that_only_looks_like_it_is_refused(opened, origin):
    answer = opened.get("/fhir/metadata", headers={"Origin": origin})

    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_without_configuration_no_page_is_told_anything(client):
    assert client.options(CREATE, headers=PREFLIGHT).status_code == 403


def test_a_refusal_can_be_read_by_the_page(opened):
    answer = opened.post(CREATE, content=b"{", headers=FHIR | {"Origin": PAGE})

    assert answer.status_code == 400
    assert answer.headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize("origins", ["*", "https://*.example", "https://a.example/", "a.example", "HTTP://A"])
def test_origins_are_named_in_full(origins):
    with pytest.raises(SettingsRefused) as refused:
        read_settings({"ALLIANCE_CORS_ORIGINS": origins}, str)

    assert refused.value.faults[0].startswith("ALLIANCE_CORS_ORIGINS: must")


def test_a_long_answer_is_packed_where_the_caller_takes_it(client):
    packed = client.get("/fhir/metadata", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/fhir/metadata", headers={"Accept-Encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["vary"]
    assert packed.headers["etag"] == plain.headers["etag"]
    assert packed.json() == plain.json()


def test_a_short_answer_is_left_as_it_is(client):
    assert "content-encoding" not in client.get("/live", headers={"Accept-Encoding": "gzip"}).headers


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"Access-Control-Request-Method": "PATCH"}, "Access-Control-Request-Method"),
        ({"Access-Control-Request-Headers": "x-mine"}, "Access-Control-Request-Headers"),
    ],
)
@pytest.mark.parametrize(
    ("path", "kind"), [(CREATE, "application/fhir+json"), ("/v1/responses", "application/problem+json")]
)
def test_a_preflight_is_refused_in_the_words_of_its_door(opened, path, kind, asked, named):
    answer = opened.options(path, headers=PREFLIGHT | asked)

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (400, PAGE)
    assert answer.headers["content-type"].startswith(kind)
    assert named in answer.text
