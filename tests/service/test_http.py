from collections.abc import Iterator

import httpx
import pytest
import respx

from service.errors import EhrError, EhrSilent, EhrUnreachable
from service.http import MAX_ANSWER_BYTES, Http, host_of, same_host

URL = "http://ehr.test/fhir/Observation"


@pytest.fixture
def http() -> Iterator[Http]:
    opened = Http(frozenset({"ehr.test"}), 5.0)
    yield opened
    opened.close()


@pytest.fixture
def ehr() -> Iterator[respx.MockRouter]:
    with respx.mock as router:
        yield router


def the_error(http: Http, url: str = URL) -> EhrError:
    with pytest.raises(EhrError) as failed:
        http.exchange("POST", url, body=b"{}")
    return failed.value


def test_an_answer_comes_back_whatever_its_status(http: Http, ehr: respx.MockRouter) -> None:
    ehr.post(URL).respond(422, content=b"no", headers={"X-Thing": "1"})
    answer = http.exchange("POST", URL, body=b"{}")
    assert (answer.status, answer.body, answer.headers["x-thing"]) == (422, b"no", "1")


def test_a_request_carries_fhir_json_and_an_id(http: Http, ehr: respx.MockRouter) -> None:
    route = ehr.post(URL).respond(201)
    http.exchange("POST", URL, body=b"{}")
    sent = route.calls.last.request.headers
    assert sent["content-type"] == sent["accept"] == "application/fhir+json"
    assert len(sent["x-request-id"]) == 32


def test_a_redirect_is_not_followed(http: Http, ehr: respx.MockRouter) -> None:
    ehr.post(URL).respond(307, headers={"Location": "http://elsewhere.test/"})
    assert http.exchange("POST", URL, body=b"{}").status == 307


@pytest.mark.parametrize(
    "url",
    [
        "http://elsewhere.test/fhir",
        "http://ehr.test:8080/fhir",
        "http://ehr.test@elsewhere.test/fhir",
        "http://elsewhere.test#@ehr.test/fhir",
        "http://elsewhere.test\\@ehr.test/fhir",
        "http://ehr.test.elsewhere.test/fhir",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://0/",
        "http://2130706433/",
        "file:///etc/passwd",
        "gopher://elsewhere.test:70/",
        "",
    ],
)
def test_a_host_that_is_not_named_is_never_asked(http: Http, ehr: respx.MockRouter, url: str) -> None:
    assert the_error(http, url).code == "host-not-allowed"
    assert not ehr.calls


@pytest.mark.parametrize("scheme", ["file", "gopher", "ftp", "dict", "ldap", "data", "unix"])
def test_only_http_is_spoken_even_with_a_host_that_is_named(
    http: Http, ehr: respx.MockRouter, scheme: str
) -> None:
    assert the_error(http, f"{scheme}://ehr.test/etc/passwd").code == "host-not-allowed"
    assert not ehr.calls


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_without_a_connection_nothing_was_sent(
    http: Http, ehr: respx.MockRouter, error: type[httpx.TransportError]
) -> None:
    ehr.post(URL).mock(side_effect=error("secret words"))
    found = the_error(http)
    assert isinstance(found, EhrUnreachable)
    assert "secret" not in str(found)


@pytest.mark.parametrize(
    "error", [httpx.ReadTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError]
)
def test_after_sending_the_outcome_is_not_known(
    http: Http, ehr: respx.MockRouter, error: type[httpx.TransportError]
) -> None:
    ehr.post(URL).mock(side_effect=error("secret words"))
    assert isinstance(the_error(http), EhrSilent)


def test_nothing_is_sent_twice(http: Http, ehr: respx.MockRouter) -> None:
    route = ehr.post(URL).mock(side_effect=httpx.ReadError("lost"))
    the_error(http)
    assert route.call_count == 1


def test_an_endless_answer_is_cut_off(http: Http, ehr: respx.MockRouter) -> None:
    ehr.post(URL).respond(200, content=b"x" * (MAX_ANSWER_BYTES + 1))
    assert the_error(http).code == "answer-too-large"


def test_nothing_is_asked_for_that_we_do_not_unpack(http: Http, ehr: respx.MockRouter) -> None:
    route = ehr.post(URL).respond(200)
    http.exchange("POST", URL, body=b"{}")
    assert route.calls.last.request.headers["accept-encoding"] == "gzip, deflate"


def test_a_host_is_named_with_its_port() -> None:
    assert host_of("http://EHR.test:8095/fhir") == "ehr.test:8095"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://ehr.test:443/fhir", "https://EHR.test/x", True),
        ("http://ehr.test:80/", "https://ehr.test/", True),
        ("https://ehr.test:8443/", "https://ehr.test/", False),
        ("http://ehr.test:443/", "https://ehr.test/", False),
        ("https://ehr.test.evil:443/", "https://ehr.test/", False),
        ("https://ehr.test@evil/", "https://ehr.test/", False),
    ],
)
def test_a_port_that_need_not_be_said_makes_no_other_host(one: str, other: str, same: bool) -> None:  # noqa: FBT001
    assert same_host(one, other) is same


@pytest.mark.parametrize(("allowed", "asked"), [("ehr.test", "ehr.test:443"), ("ehr.test:443", "ehr.test")])
def test_what_is_allowed_is_allowed_with_its_usual_port_and_without(
    ehr: respx.MockRouter, allowed: str, asked: str
) -> None:
    usual = Http(frozenset({allowed}), 5.0)
    ehr.get(f"https://{asked}/fhir").respond(200)
    assert usual.exchange("GET", f"https://{asked}/fhir").status == 200
    usual.close()


def test_behind_a_proxy_it_is_the_proxy_that_cannot_be_reached(ehr: respx.MockRouter) -> None:
    ehr.post(URL).mock(side_effect=httpx.ConnectError("no"))
    proxied = Http(frozenset({"ehr.test"}), 5.0, proxy="http://proxy.test:3128")
    assert the_error(proxied).code == "proxy-not-reached"
    proxied.close()
