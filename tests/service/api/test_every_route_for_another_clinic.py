"""Every route, asked by one clinic about another one's things: as if the other clinic were not there.

Two worlds are asked the same; south is in one of them alone. So each status, header and byte of north's
answers is compared, and whatever would tell of south (a count, an order, an ETag, an id) makes a difference.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select
from starlette.datastructures import Headers

from fhir_mappings import json_text
from service.api.browsers import SIGNED_IN, page_token
from service.api.fhir.offered import OFFERED, RESULT_PARAMETERS
from service.api.scopes_table import OPENINGS, is_open
from service.api.v1.attendance_models import EXAMPLE_ATTENDANCE
from service.api.v1.form_link_models import EXAMPLE_FORM_LINK
from service.api.v1.imports import IMPORTS
from service.api.v1.treatment_end_models import EXAMPLE_END
from service.app import describe_app
from service.store.columns import metadata
from tests.databases import empty_database
from tests.service.api.cds.build import VIEW, a_call, accepted
from tests.service.api.fhir.calls import FHIR, session
from tests.service.api.fhir.subscribing import a_subscription
from tests.service.api.v1.build import a_body
from tests.service.build import a_deployment
from tests.service.two_clinics import NORTH, SOUTH
from tests.service.worlds import BY, CANARY, World, both_worlds, chance

_CLOCK = re.compile(rb"clock is \d+ s")
_PLACE = re.compile(r"{\w+}")
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PAGES = {"Cookie": f"{SIGNED_IN}=north.{'c' * 43}"}
# Who sends a form of a page: the token is made of the cookie, and the caller's key says who it is.
TOLD = {"token": page_token(Headers(PAGES)), "version": "1"}


@dataclass(frozen=True)
class Sent:
    """The fields of a form of HTML."""

    fields: dict[str, str]


# What is sent to each route that takes a body; {id} is one of the ids that are asked for.
BODIES: dict[str, dict[str, Any] | Sent] = {
    "POST /v1/responses": a_body(patient="Patient/{id}", identifier="urn:clinic:north|Patient/bea-1"),
    "PUT /v1/responses/{}": a_body(patient="Patient/bea"),
    "POST /v1/responses/{}/withdraw": {"reason": "wrong"},
    "POST /v1/imports": a_body(patient="Patient/{id}", identifier="urn:clinic:north|Patient/bea-2"),
    "POST /v1/form-links": EXAMPLE_FORM_LINK | {"patient": "Patient/{id}"},
    "POST /v1/form-links/{}/revoke": {},
    "POST /v1/attendance": EXAMPLE_ATTENDANCE | {"identifier": "urn:clinic:north|bea-visit"},
    "PUT /v1/attendance/{}": EXAMPLE_ATTENDANCE,
    "POST /v1/rupture-alerts/{}/acknowledge": BY,
    "POST /v1/rupture-alerts/{}/repair-steps": BY | {"step": "spoke"},
    "POST /v1/rupture-alerts/{}/resolve": BY | {"outcome": "repaired"},
    "POST /v1/rupture-alerts/{}/dismiss": BY | {"reason": "other"},
    "POST /v1/webhook-events/{}/retry": {},
    "POST /v1/deliveries/{}/retry": {},
    "POST /v1/deliveries/{}/confirm": {"ehr_reference": "QuestionnaireResponse/1"},
    "POST /v1/deliveries/{}/discard": {"reason": "wrong"},
    "POST /v1/patients/{}/merge-into/{}": BY,
    "POST /v1/patients/{}/merge-into/{}/undo": BY,
    "POST /v1/patients/find": {"identifier": "urn:clinic:north|bea"},
    "POST /v1/inbound/{}/retry": {},
    "POST /v1/inbound/{}/discard": {"reason": "wrong"},
    "PUT /v1/patients/{}/treatment-end": EXAMPLE_END | BY,
    "POST /v1/patients/{}/treatment-end/withdraw": {"therapist": "Practitioner/ada"} | BY,
    "PUT /v1/patients/{}/disclosure": {"push": True, "share": True, "since": None},
    "POST /fhir": {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": {"method": "GET", "url": "QuestionnaireResponse/{id}"}}],
    },
    "POST /fhir/Questionnaire/$populate": {"resourceType": "Parameters"},
    "POST /fhir/Questionnaire/{}/$populate": {"resourceType": "Parameters"},
    "POST /fhir/QuestionnaireResponse/$extract": session(3),
    "POST /fhir/QuestionnaireResponse/{}/$extract": {"resourceType": "Parameters"},
    "POST /fhir/QuestionnaireResponse/$validate": session(3),
    "POST /fhir/QuestionnaireResponse/{}/$validate": session(3),
    "POST /fhir/Observation/$lastn": {"patient": "{id}"},
    **{
        f"POST /fhir{below}/$export": {"resourceType": "Parameters"}
        for below in ("", "/Patient", "/Group/{}")
    },
    "DELETE /fhir/exports/{}": {},
    "POST /fhir/QuestionnaireResponse": session(3, subject={"reference": "Patient/{id}"}),
    "PUT /fhir/QuestionnaireResponse/{}": session(3) | {"id": "{id}"},
    "POST /fhir/Subscription": a_subscription(),
    "PUT /fhir/Subscription/{}": a_subscription() | {"id": "{id}"},
    "DELETE /fhir/Subscription/{}": {},
    "POST /fhir/Subscription/$status": {},
    "POST /fhir/Subscription/{}/$status": {},
    "POST /fhir/Subscription/{}/$events": {},
    "PUT /fhir/Task/{}": {"resourceType": "Task", "id": "{id}", "status": "accepted"},
    "POST /cds-services/{}": a_call(patientId="bea"),
    "POST /cds-services/{}/feedback": {"feedback": [accepted("9d2b8c0e-1111-4222-8333-444455556666")]},
    "POST /notify/{}": {},
    "PUT /notify/{}/{}": {},
    **{f"POST /fhir/{one.type}/_search": Sent({"_id": "{id}"}) for one in OFFERED},
    # What the description for callers does not tell of.
    "POST /fhir/": {"resourceType": "Bundle", "type": "batch"},
    "POST /form/kiosk": {"code": "AAAA-BBBB"},
    "POST /form/{}": {"answers": {"srs-3": {"item-1": 9}}},
    "POST /clinician/patients/{}/treatment-end": Sent(TOLD | EXAMPLE_END | BY),
    "POST /clinician/patients/{}/treatment-end/withdraw": Sent(TOLD | {"therapist": "Practitioner/ada"} | BY),
    "POST /clinician/alerts/{}": Sent(TOLD | BY | {"act": "acknowledge"}),
    "POST /clinician/deliveries/{}/retry": Sent(TOLD),
    "POST /clinician/sign-out": Sent(TOLD),
}
# What the addresses that the description leaves out may be asked with.
HIDDEN_QUERIES: dict[str, list[str]] = {
    "/clinician": ["therapist"],
    "/clinician/digest": ["therapist"],
    "/clinician/patients/{patient}": ["therapist", "encounter", "since", "kept", "end"],
    "/clinician/deliveries": ["tab", "after"],
    "/clinician/deliveries/{delivery_id}": ["since"],
    "/clinician/sign-in": ["clinic", "to"],
    "/clinician/signed-in": ["state", "code", "error"],
    "/launch": ["iss", "launch"],
    "/form/{token}": ["language"],
}
# Rows reached by their own key, which was read with the clinic in the same transaction.
BY_KEY = re.compile(r"(?:FROM|UPDATE) (\w+) (?:SET \w+=\S+ )?WHERE \1\.row_id (?:=|IN) (?!.* AND )")
WITH_IDS = (
    "responses",
    "alerts",
    "deliveries",
    "attendance",
    "form_links",
    "inbound_responses",
    "webhook_events",
    "audit_rows",
    "imports",
    "exports",
    "subscriptions",
)
# Ways to ask that the description of a route does not tell of.
HEADERS = {
    "If-Match": 'W/"1"',
    "If-None-Exist": "identifier=urn:clinic:north|Patient/bea-1",
    "Prefer": "respond-async",
}


@contextmanager
def made_worlds(folder: Path) -> Iterator[tuple[World, World]]:
    database = empty_database(folder)
    with both_worlds(database, a_deployment(folder, database=database), folder) as both:
        yield both
    database.close()


@pytest.fixture(scope="module")
def worlds(tmp_path_factory) -> Iterator[tuple[World, World]]:
    """Two worlds that are only read from."""
    with made_worlds(tmp_path_factory.mktemp("read")) as both:
        yield both


@pytest.fixture
def written(tmp_path) -> Iterator[tuple[World, World]]:
    """Two worlds that are written to."""
    with made_worlds(tmp_path) as both:
        yield both


@pytest.fixture
def unbound(written) -> Iterator[set[str]]:
    """Every statement that touches rows of clinics, and is not given the clinic that asks."""
    heard: set[str] = set()
    names = [table.name for table in metadata.sorted_tables if "clinic" in table.c]
    touches = re.compile(rf"\b({'|'.join(names)})\b")

    def hear(_, __, statement, parameters, ___, ____):
        if touches.search(statement) and f"'{NORTH}'" not in str(parameters):
            heard.add(" ".join(statement.split()))

    if written[1].database.is_postgresql:
        # What is looked for is SQLite's spelling; here policies hold what a statement forgets.
        yield heard
        return
    engine = written[1].database.engine
    event.listen(engine, "before_cursor_execute", hear)
    yield heard
    event.remove(engine, "before_cursor_execute", hear)


@pytest.fixture(scope="module")
def routes(worlds) -> list[tuple[str, str, list[str]]]:
    """Every route: its method, its path, and the names of its parameters in the query."""
    described = describe_app(a_deployment(None, database=worlds[0].database))["paths"]
    told = {
        (method.upper(), path): [one["name"] for one in of.get("parameters", []) if one["in"] == "query"]
        for path, methods in described.items()
        for method, of in methods.items()
    }
    every = {(method, path.replace(":path}", "}")) for method, path in OPENINGS}
    assert told.keys() <= every
    return [(*key, told.get(key, HIDDEN_QUERIES.get(key[1], []))) for key in sorted(every)]


@pytest.fixture(scope="module")
def ids(worlds) -> list[str]:
    """South's own ids, one of each kind; those of bea are in north nowhere."""
    _, second = worlds
    found = [newest_id(second, table, SOUTH) for table in WITH_IDS]
    assert None not in found
    # The secret of south's EHR is none of them: whoever has it may ring there.
    return [*found, f"{found[0]}.total", "bea", CANARY, VIEW]


def newest_id(world: World, table: str, clinic: str) -> str | None:
    rows = metadata.tables[table].c
    query = select(rows.id).where(rows.clinic == clinic).order_by(rows.row_id.desc()).limit(1)
    with world.database.read() as tx:
        return tx.execute(query).scalar()


def asked(world: World, method: str, path: str, **how: Any) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return the whole of an answer, but for how far a server's clock, which moves, is from ours."""
    with chance(3):
        answer = world.north.request(method, path, **how)
    return answer.status_code, sorted(answer.headers.items()), _CLOCK.sub(b"clock is", answer.content)


def ask_both(worlds: tuple[World, World], method: str, path: str, **how: Any) -> None:
    """Fail where the worlds answer differently, or south is told of."""
    first, second = (asked(world, method, path, **how) for world in worlds)
    assert first == second, f"{method} {path}"
    assert CANARY.encode() not in second[2].replace(_said(path, how), b"")


def _said(path: str, how: dict[str, Any]) -> bytes:
    """Return the canary where the caller named it: a caller may be told what it said."""
    return CANARY.encode() if CANARY in f"{path}{how}" else b"\0"


def test_every_route_answers_as_if_there_were_no_other_clinic(written, routes, ids, unbound):
    named: set[str] = set()
    for method, path, _ in sorted(routes, key=lambda route: is_open(route[1])):
        # What is open comes last, and is asked on behalf of no clinic or of all.
        named = named if is_open(path) else {one for one in unbound if not BY_KEY.search(one)}
        for one in ids:
            body = BODIES.get(f"{method} {_PLACE.sub('{}', path)}")
            if isinstance(body, Sent):
                text = urlencode({name: value.format(id=one) for name, value in body.fields.items()}).encode()
                headers = FORM | PAGES
            else:
                text = json_text.dumps(body).replace(b"{id}", one.encode()) if body is not None else None
                headers = (FHIR if path.startswith("/fhir") else JSON) | HEADERS if body is not None else {}
            if path == IMPORTS and method == "POST":
                headers = {"Content-Type": "application/x-ndjson"}
            ask_both(written, method, _PLACE.sub(one, path), content=text, headers=headers)
    # The description itself is none of our own routes.
    unserved = {(method, path) for method, path, _ in routes} - served_by(written[1])
    assert unserved == {("GET", "/openapi.json")}  # it is the library's own route
    assert named == set()


def served_by(world: World) -> set[tuple[str, str]]:
    """Return which routes were asked, as the description writes them: without a parameter's kind."""
    lines = [json.loads(line) for line in world.log.getvalue().strip("\0").splitlines()]
    return {(line["method"], line["route"].replace(":path}", "}")) for line in lines if "route" in line}


def test_every_route_that_takes_a_body_is_sent_one(routes):
    writing = {f"{method} {_PLACE.sub('{}', path)}" for method, path, _ in routes if method != "GET"}

    assert writing == set(BODIES)


def test_every_parameter_of_every_search_finds_nothing_of_another_clinic(worlds, routes, ids):
    values = [ids[0], "Patient/bea", f"Practitioner/{CANARY}", "urn:clinic:north|Patient/bea-1"]
    for method, path, names in routes:
        if method == "GET":
            for name in names:
                for value in values:
                    ask_both(worlds, method, _PLACE.sub("anna", path), params={name: value})


def test_what_both_clinics_have_is_found_as_if_one_alone_had_it(worlds, routes):
    shared = newest_id(worlds[0], "responses", NORTH)
    for kind in OFFERED:
        for query in ("", "?_count=1", f"?_id={shared}", "?_include=*&_revinclude=*", "?_sort=-_lastUpdated"):
            ask_both(worlds, "GET", f"/fhir/{kind.type}{query}")
    for method, path, _ in routes:
        if method == "GET":
            for one in ("anna", "ada", shared, f"{shared}.total"):
                ask_both(worlds, method, _PLACE.sub(one, path))


def test_a_cursor_of_another_clinic_leads_to_nothing_of_it(worlds):
    _, second = worlds
    for kind in OFFERED:
        page = second.south.get(f"/fhir/{kind.type}?_count=1").json()
        for following in [one["url"] for one in page["link"] if one["relation"] == "next"]:
            ask_both(worlds, "GET", following)
    for path in ("/v1/rupture-alerts", "/v1/deliveries", "/v1/attendance?patient=anna"):
        after = second.south.get(f"{path}{'&' if '?' in path else '?'}_count=1").json()["next"]
        if after:
            ask_both(worlds, "GET", after)


_NAMES = sorted({one.name for kind in OFFERED for one in kind.parameters} | set(RESULT_PARAMETERS))
_VALUES = (
    "bea",
    "Patient/bea",
    "Patient/anna",
    CANARY,
    "urn:clinic:north|Patient/bea-1",
    "2026-02-20",
    "1",
    "0",
)
QUERIES = st.lists(st.tuples(st.sampled_from(_NAMES), st.sampled_from(_VALUES)), max_size=4)
KINDS = st.sampled_from([one.type for one in OFFERED])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=KINDS, query=QUERIES)
def test_no_search_tells_the_worlds_apart(worlds, kind, query):
    ask_both(worlds, "GET", f"/fhir/{kind}", params=query)
