"""Subscriptions at the FHIR door: what is taken, what is refused with every fault, what is shown to whom."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from fhir_mappings.codes import BACKPORT, Names
from fhir_mappings.structure import check_structure
from service.flows.deployment import Deployment
from service.log import Log
from service.store.subscriptions import find_subscription, headers_of
from tests.service.api.callers import a_caller, ada, anna, opened_to
from tests.service.api.fhir.calls import FHIR, create, session
from tests.service.api.fhir.subscribing import HOST, TOPIC, Json, a_subscription
from tests.service.flows.notifying import numbered

SECRET = "Bearer canary-of-a-secret"  # noqa: S105 - nobody's
PATH = "/fhir/Subscription"


def extended(name: str, **value: Any) -> Json:
    return {"extension": [{"url": f"{BACKPORT}/{name}", **value}]}


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    hosts = {"subscription_hosts": (HOST,), "subscriptions_at_most": 3}
    return replace(deployment, settings=deployment.settings.model_copy(update=hosts))


@pytest.fixture
def clients(deployment: Deployment, log_stream) -> Iterator[dict[str, TestClient]]:
    callers = {
        "ada": ada("user/*.cruds"),
        "anna": anna("patient/*.cruds"),
        "app": a_caller("system/Subscription.cruds system/Observation.s", name="app"),
    }
    with opened_to(deployment, Log(log_stream), **callers) as opened:
        yield opened


def put(client: TestClient, resource: Json, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.put(f"{PATH}/{resource['id']}", json=resource, headers=FHIR | named)


def post(client: TestClient, resource: Json) -> Any:
    return client.post(PATH, json=resource, headers=FHIR)


def faults_in(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code in {400, 422}, answer.text
    return [(one["code"], (one.get("expression") or [""])[0]) for one in answer.json()["issue"]]


def test_what_is_created_is_requested_and_id_only(client: TestClient) -> None:
    created = post(client, a_subscription())
    resource = created.json()

    assert created.status_code == 201
    assert check_structure(resource) == []
    assert resource["status"] == "requested"
    assert resource["channel"]["_payload"] == extended("backport-payload-content", valueCode="id-only")
    assert created.headers["location"] == f"http://127.0.0.1:8000{PATH}/{resource['id']}"
    assert client.get(f"{PATH}/{resource['id']}").json() == resource


def test_everything_that_was_asked_for_is_served_again(client: TestClient) -> None:
    asked = a_subscription(
        filters=("Observation?patient=anna", "code=srs-3.total"),
        _payload=extended("backport-payload-content", valueCode="full-resource"),
        extension=[
            {"url": f"{BACKPORT}/backport-heartbeat-period", "valueUnsignedInt": 60},
            {"url": f"{BACKPORT}/backport-timeout", "valueUnsignedInt": 5},
            {"url": f"{BACKPORT}/backport-max-count", "valuePositiveInt": 7},
        ],
    )
    served = post(client, asked | {"end": "2026-03-09T12:00:00Z"}).json()

    assert {name: served[name] for name in asked} == asked
    assert served["end"] == "2026-03-09T12:00:00.000000Z"


def test_it_ends_by_itself(client: TestClient) -> None:
    assert post(client, a_subscription() | {"end": "2030-01-01T00:00:00Z"}).json()["end"][:10] == "2026-05-31"


@pytest.mark.parametrize(
    ("changes", "code", "at"),
    [
        ({"criteria": "https://elsewhere.example/topic"}, "not-supported", "criteria"),
        ({"criteria": f"{TOPIC}s"}, "not-supported", "criteria"),
        ({"status": "off"}, "value", "status"),
        ({"status": "error"}, "value", "status"),
        ({"contact": [{"system": "phone"}]}, "not-supported", "contact"),
        ({"end": "2020-01-01T00:00:00Z"}, "value", "end"),
        ({"reason": "x" * 300}, "too-long", "reason"),
    ],
)
def test_what_cannot_be_told_is_refused_by_its_element(
    client: TestClient, changes: Json, code: str, at: str
) -> None:
    assert faults_in(post(client, a_subscription() | changes)) == [(code, f"Subscription.{at}")]


@pytest.mark.parametrize(
    ("channel", "at"),
    [
        ({"type": "email"}, "type"),
        ({"_type": extended("backport-channel-type", valueCoding={"code": "zulip"})}, "type"),
        ({"endpoint": None}, "endpoint"),
        ({"endpoint": "http://ehr.north.example/told"}, "endpoint"),
        ({"endpoint": "https://169.254.169.254/latest"}, "endpoint"),
        ({"endpoint": "https://ehr.north.example.evil.example/"}, "endpoint"),
        ({"endpoint": "https://ehr.north.example@evil.example/"}, "endpoint"),
        ({"endpoint": "https://ehr.north.example:8443/"}, "endpoint"),
        ({"endpoint": "file:///etc/passwd"}, "endpoint"),
        ({"payload": "application/fhir+xml"}, "payload"),
        ({"_payload": extended("backport-payload-content", valueCode="half")}, "payload.extension"),
        (extended("backport-heartbeat-period", valueUnsignedInt=1), "extension"),
        (extended("backport-timeout", valueUnsignedInt=600), "extension"),
        (extended("backport-max-count", valuePositiveInt=101), "extension"),
        ({"header": ["no header"]}, "header"),
        ({"header": ["X-One: 1", "x-one: 2"]}, "header"),
        ({"header": ["Host: evil.example"]}, "header"),
        ({"header": ["Authorization: ********"]}, "header"),
    ],
)
def test_a_channel_that_is_not_offered_is_refused(client: TestClient, channel: Json, at: str) -> None:
    assert [place for _, place in faults_in(post(client, a_subscription(**channel)))] == [
        f"Subscription.channel.{at}"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Patient?name=anna",
        "Observation?subject.name=anna",
        "Observation?patient:missing=true",
        "Observation?patient=",
        "Observation?severity=marked",
        "Observation?code=http://loinc.org|1",
        "Observation?instrument=nothing",
        "Observation?patient=anna,bert",
        f"Observation?patient={'a' * 250}",
        "Observation",
        "",
    ],
)
def test_a_filter_that_is_not_known_is_refused(client: TestClient, text: str) -> None:
    asked = a_subscription(filters=("patient=anna", text or "?"))
    assert [at for _, at in faults_in(post(client, asked))] == ["Subscription.criteria.extension[1]"]


def test_all_faults_are_told_at_once(client: TestClient) -> None:
    broken = a_subscription(filters=("colour=red",), type="email", endpoint="https://evil.example/")
    assert {at.removeprefix("Subscription.") for _, at in faults_in(post(client, broken))} == {
        "channel.type",
        "channel.endpoint",
        "criteria.extension[0]",
    }


def test_without_hosts_none_is_taken(deployment: Deployment, log_stream) -> None:
    closed = deployment.settings.model_copy(update={"subscription_hosts": ()})
    with opened_to(replace(deployment, settings=closed), Log(log_stream)) as clients:
        refused = post(clients["everything"], a_subscription())

    assert "ALLIANCE_SUBSCRIPTION_HOSTS" in refused.text


def test_a_clinic_has_so_many_and_no_more(client: TestClient) -> None:
    statuses = [post(client, a_subscription()).status_code for _ in range(4)]
    assert statuses == [201, 201, 201, 409]


def test_the_values_of_headers_are_never_read_back(
    client: TestClient, deployment: Deployment, log_stream
) -> None:
    created = post(client, a_subscription(header=[f"Authorization: {SECRET}"]))
    one = created.json()["id"]
    seen = [
        created,
        client.get(f"{PATH}/{one}"),
        client.get(PATH),
        client.get(f"{PATH}/{one}/$status"),
        client.get(f"{PATH}/$status"),
        client.get(f"{PATH}/{one}/$events"),
        client.get("/fhir/AuditEvent"),
    ]

    assert created.json()["channel"]["header"] == ["Authorization: ********"]
    assert not any(SECRET in answer.text for answer in seen)
    assert SECRET not in log_stream.getvalue()


def kept_headers(deployment: Deployment, one: str) -> list[tuple[str, str]]:
    with deployment.database.read() as tx:
        row = find_subscription(tx, "default", one)
        assert row is not None
        return headers_of(tx, row)


def test_what_was_read_can_be_put_and_keeps_its_secret(client: TestClient, deployment: Deployment) -> None:
    read = post(client, a_subscription(header=[f"Authorization: {SECRET}"])).json()
    updated = put(client, read | {"reason": "another"}, If_Match='W/"1"')

    assert (updated.status_code, updated.json()["meta"]["versionId"]) == (200, "2")
    assert kept_headers(deployment, read["id"]) == [("Authorization", SECRET)]


def test_a_kept_secret_is_never_sent_to_another_address(client: TestClient, deployment: Deployment) -> None:
    read = post(client, a_subscription(header=[f"Authorization: {SECRET}"])).json()
    moved = read["channel"] | {"endpoint": f"https://{HOST}/elsewhere"}

    assert faults_in(put(client, read | {"channel": moved})) == [("required", "Subscription.channel.header")]
    assert put(client, read | {"channel": moved | {"header": ["Authorization: new"]}}).status_code == 200
    assert kept_headers(deployment, read["id"]) == [("Authorization", "new")]


def test_an_update_needs_the_version_the_id_and_the_topic(client: TestClient) -> None:
    read = post(client, a_subscription()).json()

    assert put(client, read, If_Match='W/"7"').status_code == 412
    assert client.put(f"{PATH}/other", json=read | {"id": "other"}, headers=FHIR).status_code == 405
    assert client.put(f"{PATH}/{read['id']}", json=read | {"id": "x"}, headers=FHIR).status_code == 400
    another = read | {"criteria": Names().topic("alert-opened")}
    assert faults_in(put(client, another)) == [("business-rule", "Subscription.criteria")]


def test_what_is_off_is_told_nothing_and_counts_no_more(client: TestClient) -> None:
    first = post(client, a_subscription()).json()
    assert put(client, first | {"status": "off"}).json()["status"] == "off"

    assert [post(client, a_subscription()).status_code for _ in range(3)] == [201, 201, 201]
    assert put(client, first).status_code == 409


def test_what_is_deleted_is_gone(client: TestClient) -> None:
    one = post(client, a_subscription()).json()["id"]

    assert client.delete(f"{PATH}/{one}").status_code == 204
    assert client.get(f"{PATH}/{one}").status_code == 404
    assert client.delete(f"{PATH}/{one}").status_code == 404


def test_a_conditional_create_is_refused(client: TestClient) -> None:
    headers = FHIR | {"If-None-Exist": "identifier=a|b"}
    assert client.post(PATH, json=a_subscription(), headers=headers).status_code == 400


def test_who_may_not_find_scores_may_not_be_told_of_them(clients: dict[str, TestClient]) -> None:
    alerts = a_subscription(Names().topic("alert-opened"))
    in_full = a_subscription(_payload=extended("backport-payload-content", valueCode="full-resource"))

    assert post(clients["app"], alerts).status_code == 403
    assert "Observation.r" in post(clients["app"], in_full).headers["www-authenticate"]
    assert post(clients["app"], a_subscription()).status_code == 201
    assert post(clients["anna"], alerts).status_code == 403


def test_others_subscriptions_are_there_for_who_reaches_all_alone(clients: dict[str, TestClient]) -> None:
    one = post(clients["ada"], a_subscription()).json()
    path = f"{PATH}/{one['id']}"

    assert clients["anna"].get(path).status_code == 404
    assert clients["anna"].get(PATH).json()["total"] == 0
    assert clients["anna"].delete(path).status_code == 404
    assert clients["ada"].get(PATH).json()["total"] == clients["app"].get(PATH).json()["total"] == 1
    assert put(clients["app"], one).status_code == 403
    assert clients["app"].get(f"{path}/$events").status_code == 403
    assert clients["app"].delete(path).status_code == 204


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 2),
        ({"status": "requested"}, 2),
        ({"status:not": "requested"}, 0),
        ({"criteria": TOPIC}, 1),
        ({"url": f"https://{HOST}/told"}, 2),
        ({"url": f"https://{HOST}/"}, 0),
        ({"_lastUpdated": "ge2026-03-03"}, 0),
    ],
)
def test_a_search_finds_by_status_topic_and_address(client: TestClient, query: Json, found: int) -> None:
    for topic in ("new-score", "alert-closed"):
        post(client, a_subscription(Names().topic(topic)))

    assert client.get(PATH, params=query).json()["total"] == found


def test_a_search_has_pages(client: TestClient) -> None:
    ids = {post(client, a_subscription()).json()["id"] for _ in range(3)}
    first = client.get(PATH, params={"_count": "2"}).json()
    following = next(one["url"] for one in first["link"] if one["relation"] == "next")
    pages = [first, client.get(following).json()]

    assert {entry["resource"]["id"] for page in pages for entry in page["entry"]} == ids


def value_of(parameters: Json, name: str) -> Any:
    found = next(one for one in parameters["parameter"] if one["name"] == name)
    return next(value for key, value in found.items() if key.startswith("value"))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_status_is_told_of_one_and_of_all(client: TestClient, method: str) -> None:
    one, _ = (post(client, a_subscription()).json()["id"] for _ in range(2))
    of_one = client.request(method, f"{PATH}/{one}/$status").json()
    of_all = client.request(method, f"{PATH}/$status", params={"status": "requested,error"}).json()
    of_none = client.request(method, f"{PATH}/$status", params={"status": "off"}).json()

    assert [check_structure(bundle) for bundle in (of_one, of_all, of_none)] == [[], [], []]
    assert [of_one["total"], of_all["total"], of_none["total"]] == [1, 2, 0]
    status = of_one["entry"][0]["resource"]
    assert value_of(status, "type") == "query-status"
    assert value_of(status, "subscription")["reference"].endswith(f"{PATH}/{one}")


def test_status_reads_parameters_that_are_sent(client: TestClient) -> None:
    one, _ = (post(client, a_subscription()).json()["id"] for _ in range(2))
    sent = {"resourceType": "Parameters", "parameter": [{"name": "id", "valueId": one}]}

    assert client.post(f"{PATH}/$status", json=sent, headers=FHIR).json()["total"] == 1


def test_events_that_were_missed_are_read(client: TestClient, deployment: Deployment) -> None:
    one = post(client, a_subscription()).json()["id"]
    for number in (9, 10):
        create(client, session(number))
    numbered(deployment)
    bundle = client.get(f"{PATH}/{one}/$events").json()
    later = client.get(f"{PATH}/{one}/$events", params={"eventsSinceNumber": "2"}).json()
    in_full = client.get(f"{PATH}/{one}/$events", params={"content": "full-resource"}).json()

    assert check_structure(bundle) == check_structure(in_full) == []
    assert value_of(bundle["entry"][0]["resource"], "type") == "query-event"
    assert [len(events_in(one)) for one in (bundle, later)] == [2, 1]
    assert {entry["resource"]["resourceType"] for entry in in_full["entry"][1:]} == {"Observation"}


def events_in(bundle: Json) -> list[Json]:
    parameters = bundle["entry"][0]["resource"]["parameter"]
    return [one for one in parameters if one["name"] == "notification-event"]


@pytest.mark.parametrize("query", [{"eventsSinceNumber": "x"}, {"content": "half"}])
def test_events_are_asked_for_by_number(client: TestClient, query: Json) -> None:
    one = post(client, a_subscription()).json()["id"]

    assert client.get(f"{PATH}/{one}/$events", params=query).status_code == 400


def test_metadata_names_the_topics_and_the_profile(client: TestClient) -> None:
    resources = client.get("/fhir/metadata").json()["rest"][0]["resource"]
    stated = next(one for one in resources if one["type"] == "Subscription")

    assert [one["valueCanonical"].rpartition("/")[2] for one in stated["extension"]] == [
        "new-score",
        "alert-opened",
        "alert-raised",
        "alert-closed",
    ]
    assert stated["supportedProfile"] == [f"{BACKPORT}/backport-subscription"]
    assert {one["name"] for one in stated["operation"]} == {"status", "events"}


def test_every_change_is_in_the_audit(client: TestClient) -> None:
    read = post(client, a_subscription()).json()
    put(client, read)
    client.delete(f"{PATH}/{read['id']}")
    found = client.get("/fhir/AuditEvent", params={"entity": f"Subscription/{read['id']}"}).json()

    assert sorted(entry["resource"]["action"] for entry in found["entry"]) == ["C", "D", "U"]
