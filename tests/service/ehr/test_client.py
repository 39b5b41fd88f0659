from collections.abc import Iterator, Mapping

import httpx
import pytest
import respx

from fhir_mappings import json_text
from service.ehr.client import EhrClient
from service.ehr.lookup import Lookup
from service.ehr.rate_limit import RateLimit
from service.errors import EhrUnreadable, LeaseLost
from service.http import Http
from tests.service.build import StandingClock
from tests.service.ehr.fake_ehr import BASE, FHIR, HOST, FakeEhr, Surface

LOOKUP = Lookup("Observation/r-7.total", "Observation", {"identifier": "urn:a|r-7.total"})


@pytest.fixture
def moment() -> StandingClock:
    return StandingClock()


@pytest.fixture
def ehr(moment: StandingClock) -> FakeEhr:
    return FakeEhr(moment)


@pytest.fixture
def router() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as mounted:
        yield mounted


@pytest.fixture
def client(ehr: FakeEhr, moment: StandingClock, router: respx.MockRouter) -> Iterator[EhrClient]:
    ehr.mount(router)
    http = Http(frozenset({HOST}), 5.0)
    yield EhrClient(http, BASE, moment)
    http.close()


def answer_instead(router: respx.MockRouter, path: str, *answers: httpx.Response) -> None:
    """Let the EHR answer this path otherwise, the last answer for ever."""
    router.clear()
    kept = list(answers)
    router.get(f"{BASE}/{path}").mock(side_effect=lambda _: kept.pop(0) if len(kept) > 1 else kept[0])


def a_score(resource_id: str, value: str = "r-7.total") -> dict[str, object]:
    identifier = [{"system": "urn:a", "value": value}]
    return {"resourceType": "Observation", "id": resource_id, "identifier": identifier}


def a_page(*resources: object, following: str | None = None) -> httpx.Response:
    link = [{"relation": "next", "url": following}] if following else []
    entries = [{"resource": resource} for resource in resources]
    body = {"resourceType": "Bundle", "type": "searchset", "entry": entries, "link": link}
    return httpx.Response(200, headers=FHIR, content=json_text.dumps(body))


def test_the_statement_is_read_once_a_day(client: EhrClient, ehr: FakeEhr, moment: StandingClock) -> None:
    client.capabilities()
    client.capabilities()
    assert len(ehr.reads) == 1
    moment.pass_by(hours=24)
    client.capabilities()
    assert len(ehr.reads) == 2


def test_a_broken_promise_counts_as_not_offered_for_an_hour(client: EhrClient, moment: StandingClock) -> None:
    client.strike_out("create", "Observation")
    client.strike_out("transaction")
    struck = client.capabilities()
    assert not struck.transaction
    assert not struck.of("Observation").create
    moment.pass_by(hours=1)
    assert client.capabilities().of("Observation").create


def test_an_old_statement_is_read_again_on_demand(
    client: EhrClient, ehr: FakeEhr, moment: StandingClock
) -> None:
    client.capabilities()
    ehr.surface = Surface(transaction=False)
    assert client.refresh_capabilities(60).transaction
    moment.pass_by(seconds=61)
    assert not client.refresh_capabilities(60).transaction


def test_a_search_passes_caches_by(client: EhrClient, ehr: FakeEhr) -> None:
    client.find(LOOKUP)
    assert ehr.reads[-1].headers["cache-control"] == "no-cache"


def test_a_parameter_that_is_ignored_matches_nothing(client: EhrClient, router: respx.MockRouter) -> None:
    answer_instead(router, "Observation", a_page(a_score("1", "other"), a_score("2")))
    assert [found.place.id for found in client.find(LOOKUP)] == ["2"]


def test_pages_are_followed_and_doubles_dropped(client: EhrClient, router: respx.MockRouter) -> None:
    first = a_page(a_score("1"), following=f"{BASE}/Observation?page=2")
    answer_instead(router, "Observation", first, a_page(a_score("1"), a_score("2")))
    assert [found.place.id for found in client.find(LOOKUP)] == ["1", "2"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx.Response(500, text="<html>"), "status-500"),
        (httpx.Response(200, text="<html>"), "not-json"),
        (httpx.Response(200, text="[]"), "not-an-object"),
        (httpx.Response(200, text="{}"), "not-a-bundle"),
        (a_page(following="http://elsewhere.test/"), "next-page-elsewhere"),
        (a_page(following=f"{BASE}/Observation?identifier=again"), "pages-in-a-circle"),
    ],
)
def test_a_search_that_cannot_be_used_says_so(
    client: EhrClient, router: respx.MockRouter, answer: httpx.Response, code: str
) -> None:
    answer_instead(router, "Observation", answer)
    with pytest.raises(EhrUnreadable) as failed:
        client.find(LOOKUP)
    assert failed.value.code == code


def test_a_search_for_one_thing_that_never_ends_is_given_up(
    client: EhrClient, router: respx.MockRouter
) -> None:
    pages = [a_page(following=f"{BASE}/Observation?page={number}") for number in range(30)]
    answer_instead(router, "Observation", *pages)
    with pytest.raises(EhrUnreadable) as failed:
        client.find(LOOKUP)
    assert failed.value.code == "too-many-pages"


def test_a_page_that_is_no_statement_is_unreadable(client: EhrClient, router: respx.MockRouter) -> None:
    answer_instead(router, "metadata", a_page())
    with pytest.raises(EhrUnreadable) as failed:
        client.capabilities()
    assert failed.value.code == "no-capability-statement"


def test_what_is_not_there_is_none(client: EhrClient) -> None:
    assert client.read("Observation", "1") is None


def test_a_read_that_gives_another_type_is_unreadable(client: EhrClient, router: respx.MockRouter) -> None:
    answer_instead(router, "Observation/1", httpx.Response(200, json={"resourceType": "Patient", "id": "1"}))
    with pytest.raises(EhrUnreadable) as failed:
        client.read("Observation", "1")
    assert failed.value.code == "not-the-resource"


class Tokens:
    """Credentials that carry t-1, and t-2 once that was refused."""

    def __init__(self) -> None:
        self.value = "t-1"

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.value}"}

    def renewed(self, refused: Mapping[str, str]) -> dict[str, str]:
        assert refused == self.headers()
        self.value = "t-2"
        return self.headers()

    def granted(self) -> str:
        return "system/*.rs"


@pytest.fixture
def signed_in(moment: StandingClock, router: respx.MockRouter) -> Iterator[EhrClient]:
    http = Http(frozenset({HOST}), 5.0)
    yield EhrClient(http, BASE, moment, credentials=Tokens())
    http.close()


def tokens_seen(router: respx.MockRouter) -> list[str]:
    return [call.request.headers["authorization"].removeprefix("Bearer ") for call in router.calls]


def test_reads_searches_and_writes_carry_our_credentials(
    signed_in: EhrClient, ehr: FakeEhr, router: respx.MockRouter
) -> None:
    ehr.mount(router)
    signed_in.capabilities()
    signed_in.find(LOOKUP)
    signed_in.read("Observation", "1")
    signed_in.send("POST", "Observation", {}, b'{"resourceType": "Observation"}')
    assert tokens_seen(router) == ["t-1"] * 4


def test_a_refused_token_is_replaced_once(signed_in: EhrClient, router: respx.MockRouter) -> None:
    router.post(f"{BASE}/Observation").mock(side_effect=[httpx.Response(401), httpx.Response(201)])
    assert signed_in.send("POST", "Observation", {}, b"{}").status == 201
    assert tokens_seen(router) == ["t-1", "t-2"]
    assert signed_in.trouble() == ""


def test_both_requests_of_a_renewed_token_count_for_the_limit(
    moment: StandingClock, router: respx.MockRouter
) -> None:
    router.post(f"{BASE}/Observation").mock(side_effect=[httpx.Response(401), httpx.Response(201)])
    rate, http = RateLimit(60, seconds=lambda: 0.0), Http(frozenset({HOST}), 5.0)
    EhrClient(http, BASE, moment, credentials=Tokens(), rate=rate).send("POST", "Observation", {}, b"{}")
    http.close()
    at_once = [rate.reserve() for _ in range(5)]
    assert [wait > 0 for wait in at_once] == [False] * 4 + [True]


def test_whoever_waited_is_asked_before_anything_leaves(
    signed_in: EhrClient, router: respx.MockRouter
) -> None:
    def forbid() -> None:
        raise LeaseLost("lease-lost")

    with pytest.raises(LeaseLost):
        signed_in.send("POST", "Observation", {}, b"{}", forbid)
    assert not router.calls


def test_a_second_refusal_stands(signed_in: EhrClient, router: respx.MockRouter) -> None:
    router.post(f"{BASE}/Observation").respond(401)
    assert signed_in.send("POST", "Observation", {}, b"{}").status == 401
    assert tokens_seen(router) == ["t-1", "t-2"]
    assert signed_in.trouble() == "the EHR refused our credentials (401)"


def test_a_page_of_another_host_never_gets_our_token(signed_in: EhrClient, router: respx.MockRouter) -> None:
    router.get(url__startswith=f"{BASE}/Observation").mock(
        return_value=a_page(following="http://elsewhere.test/fhir?page=2")
    )
    with pytest.raises(EhrUnreadable):
        signed_in.find(LOOKUP)
    assert len(router.calls) == 1


@pytest.mark.parametrize("link", ["https://ehr.test:443/fhir/p2", "http://ehr.test/fhir/p2", "p2"])
def test_a_next_page_may_be_named_as_a_gateway_names_it(
    moment: StandingClock, router: respx.MockRouter, link: str
) -> None:
    http = Http(frozenset({"ehr.test"}), 5.0)
    router.get(url__startswith="https://ehr.test/fhir/Observation").mock(return_value=a_page(following=link))
    second = router.get("https://ehr.test/fhir/p2").mock(return_value=a_page(a_score("2", "r-7.total")))
    assert EhrClient(http, "https://ehr.test/fhir", moment).find(LOOKUP)
    assert second.called
    http.close()
