"""The CapabilityStatement is true: what it lists works, and what it does not list is refused."""

import pytest

from fhir_mappings.structure import check_structure
from service.api.fhir.offered import OFFERED
from tests.service.api.fhir.calls import FHIR, create, created_id, issues, sent, session, update
from tests.service.api.fhir.subscribing import HOST, a_subscription

BY_TYPE = {offered.type: offered for offered in OFFERED}
TYPES = list(BY_TYPE)


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"subscription_hosts": (HOST,)})


def create_as_stated(client, kind):
    if kind == "Subscription":
        return client.post("/fhir/Subscription", json=a_subscription(), headers=FHIR)
    return create(client, sent(subject={"reference": "Patient/bob"}, source=None))


def value_that_nothing_has(parameter_type):
    """Return a well-formed value, whatever the parameter's type."""
    return {"date": "1950", "quantity": "-1"}.get(parameter_type, "no-such-thing")


def refused_searches(client, kind, values):
    """Return the parameters that are refused with their values, each asked alone."""
    asked = {name: client.get(f"/fhir/{kind}", params={name: value}) for name, value in values.items()}
    return [name for name, answer in asked.items() if answer.status_code != 200]


@pytest.fixture
def stated(client):
    return {one["type"]: one for one in client.get("/fhir/metadata").json()["rest"][0]["resource"]}


@pytest.fixture
def existing(client):
    """An id that exists, for every type."""
    for number in range(4, 10):
        create(client, session(number, total="37.0"))
    response_id = created_id(client, session(10, total="22.0"))
    alert_id = client.get("/fhir/DetectedIssue").json()["entry"][0]["resource"]["id"]
    return {
        "Questionnaire": "srs-3-1.0.0",
        "CodeSystem": "alliance-measures-1.0.0",
        "ValueSet": "wai-frequency-5-1.0.0",
        "StructureDefinition": "session-date-1.0.0",
        "QuestionnaireResponse": response_id,
        "Observation": f"{response_id}.total",
        "DetectedIssue": alert_id,
        "Task": alert_id,
        "Flag": alert_id,
        "Provenance": f"{response_id}-1",
        "AuditEvent": client.get("/fhir/AuditEvent").json()["entry"][0]["resource"]["id"],
        "Subscription": client.post("/fhir/Subscription", json=a_subscription(), headers=FHIR).json()["id"],
    }


def test_the_statement_is_built_as_fhir_says(client):
    statement = client.get("/fhir/metadata").json()

    assert check_structure(statement) == []
    assert statement["fhirVersion"] == "4.0.1"
    assert statement["implementation"]["url"] == "http://127.0.0.1:8000/fhir"


def test_the_statement_has_a_tag(client):
    tag = client.get("/fhir/metadata").headers["etag"]

    assert client.get("/fhir/metadata", headers={"If-None-Match": tag}).status_code == 304


def put_as_stated(client, kind, resource_id):
    if kind == "Subscription":
        asked = a_subscription() | {"id": resource_id}
        return client.put(f"/fhir/Subscription/{resource_id}", json=asked, headers=FHIR)
    if kind != "Task":
        return update(client, resource_id, session(10, total="23.0"))
    taken = client.get(f"/fhir/Task/{resource_id}").json() | {"status": "accepted"}
    return client.put(f"/fhir/Task/{resource_id}", json=taken, headers=FHIR)


@pytest.mark.parametrize("kind", TYPES)
def test_every_interaction_that_is_stated_works(client, stated, existing, kind):
    calls = {
        "read": lambda: client.get(f"/fhir/{kind}/{existing[kind]}"),
        "vread": lambda: client.get(f"/fhir/{kind}/{existing[kind]}/_history/1"),
        "search-type": lambda: client.get(f"/fhir/{kind}", params={"_id": existing[kind]}),
        "history-instance": lambda: client.get(f"/fhir/{kind}/{existing[kind]}/_history"),
        "update": lambda: put_as_stated(client, kind, existing[kind]),
        "create": lambda: create_as_stated(client, kind),
        "delete": lambda: client.delete(f"/fhir/{kind}/{existing[kind]}"),
    }

    for interaction in stated[kind]["interaction"]:
        if interaction["code"] != "delete":
            assert calls[interaction["code"]]().status_code in {200, 201}, interaction
    if "delete" in [interaction["code"] for interaction in stated[kind]["interaction"]]:
        assert calls["delete"]().status_code == 204


@pytest.mark.parametrize("kind", TYPES)
def test_what_is_not_stated_is_refused(client, stated, existing, kind):
    offered = {interaction["code"] for interaction in stated[kind]["interaction"]}
    calls = {
        "update": client.put(f"/fhir/{kind}/{existing[kind]}", json={}),
        "delete": client.delete(f"/fhir/{kind}/{existing[kind]}") if "delete" not in offered else None,
        "history-instance": client.get(f"/fhir/{kind}/{existing[kind]}/_history"),
        "history-type": client.get(f"/fhir/{kind}/_history"),
        "create": client.post(f"/fhir/{kind}", json={}) if "create" not in offered else None,
    }

    refused = [answer for code, answer in calls.items() if answer is not None and code not in offered]
    assert {answer.status_code for answer in refused} <= {404, 405}
    assert all(issues(answer)[0][0] in {"not-supported", "not-found"} for answer in refused)


@pytest.mark.parametrize("kind", TYPES)
def test_every_parameter_that_is_stated_narrows(client, stated, existing, kind):
    found = {
        one["name"]: client.get(f"/fhir/{kind}", params={one["name"]: value_that_nothing_has(one["type"])})
        for one in stated[kind]["searchParam"]
    }

    assert {name: answer.status_code for name, answer in found.items()} == dict.fromkeys(found, 200)
    assert [name for name, answer in found.items() if answer.json()["total"]] == []
    assert set(found) >= {one.name for one in BY_TYPE[kind].parameters}


def test_a_conditional_create_is_stated_where_it_works(stated):
    assert [kind for kind, one in stated.items() if one["conditionalCreate"]] == ["QuestionnaireResponse"]


@pytest.mark.parametrize("kind", TYPES)
def test_every_variant_that_is_stated_is_read(client, kind):
    variants = [f"{one.name}{variant}" for one in BY_TYPE[kind].parameters for variant in one.variants]
    values = {name: "true" if name.endswith(":missing") else "no-such-thing" for name in variants}

    assert refused_searches(client, kind, values) == []


@pytest.mark.parametrize("kind", TYPES)
def test_every_include_that_is_stated_brings_something_along(client, stated, existing, kind):
    create(client, sent(subject={"reference": "Patient/bob"}, source=None))  # with a panel
    asked = {
        "_include": stated[kind].get("searchInclude", []),
        "_revinclude": stated[kind].get("searchRevInclude", []),
    }

    for parameter, names in asked.items():
        for name in names:
            # On a page of one: what it refers to is not on it.
            only = {"code": "srs-3"} if name == "Observation:has-member" else {"_id": existing[kind]}
            found = client.get(f"/fhir/{kind}", params={parameter: name} | only).json()
            assert "include" in {entry["search"]["mode"] for entry in found["entry"]}, name


def test_every_sort_is_taken(client):
    sorts = [(offered.type, sort) for offered in OFFERED for sort in offered.sorts]

    assert [one for one in sorts if refused_searches(client, one[0], {"_sort": one[1]})] == []


@pytest.mark.parametrize("kind", TYPES)
def test_every_read_is_conditional_both_ways(client, existing, kind):
    read = client.get(f"/fhir/{kind}/{existing[kind]}")
    by_tag = {"If-None-Match": read.headers["etag"]}
    by_date = {"If-Modified-Since": read.headers["last-modified"]}

    for headers in (by_tag, by_date):
        assert client.get(f"/fhir/{kind}/{existing[kind]}", headers=headers).status_code == 304
