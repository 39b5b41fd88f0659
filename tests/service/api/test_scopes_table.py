"""The table of scopes: every route of the app stands in it, none other does, and callers read it as it is."""

import re
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.routing import Route

from service.api.doors import Doors
from service.api.fhir.values import context_of
from service.api.scopes_table import OPENINGS, scopes_table
from service.api.security import authorize
from service.api.sights import Grants
from service.app import create_clinic_app
from service.callers import LOOPBACK
from service.errors import NotFound
from service.log import Log
from service.store.audit import ReadAudit
from tests.conftest import BASE_URL
from tests.service.api.callers import a_caller, opened_to

README = Path(__file__).parents[3] / "openapi" / "README.md"


def routes_of(routes):
    for route in routes:
        if hasattr(route, "path"):
            yield from ((method, route.path) for method in route.methods - {"HEAD"})
        else:
            yield from routes_of(route.original_router.routes)


def test_every_route_has_a_line_and_every_line_a_route(deployment, log_stream):
    doors = Doors(deployment, ReadAudit(deployment.database), Log(log_stream), lambda: None, "1")
    app = create_clinic_app(doors, [doors])

    assert set(routes_of(app.routes)) == set(OPENINGS)


def test_the_page_for_callers_shows_the_table():
    assert scopes_table() in README.read_text()


def test_a_route_without_a_line_is_closed_to_everybody(deployment):
    forgotten = Route("/v1/forgotten", lambda _: None)
    request = Request({"type": "http", "method": "GET", "route": forgotten, "state": {}})
    context = context_of(deployment, BASE_URL)

    with pytest.raises(NotFound):
        authorize(request, Grants(LOOPBACK, deployment.settings, context))


def filled(path):
    return re.sub(r"{[^}]*}", "x", path)


CLOSED = [key for key, opening in OPENINGS.items() if opening.reach != "open"]


def test_without_a_credential_every_closed_route_answers_401(deployment, log_stream):
    with opened_to(deployment, Log(log_stream)) as clients:
        answers = {
            (method, path): clients["nobody"].request(method, filled(path)).status_code
            for method, path in CLOSED
        }

    assert set(answers.values()) == {401}


def test_without_a_scope_every_route_that_needs_one_names_it(deployment, log_stream):
    needing = [(key, opening) for key, opening in OPENINGS.items() if opening.needs]
    with opened_to(deployment, Log(log_stream), poor=a_caller("openid")) as clients:
        answers = {key: clients["poor"].request(key[0], filled(key[1])) for key, _ in needing}

    assert {answer.status_code for answer in answers.values()} == {403}
    for key, opening in needing:
        assert opening.needs[0].spelled() in answers[key].headers["www-authenticate"], key


def test_what_only_who_reaches_all_may_do_is_closed_to_a_therapist(deployment, log_stream):
    whole = [key for key, opening in OPENINGS.items() if opening.reach == "whole"]
    scopes = "user/*.cruds alliance/metrics.read"
    with opened_to(deployment, Log(log_stream), ada=a_caller(scopes, user="Practitioner/ada")) as clients:
        statuses = {clients["ada"].request(method, filled(path)).status_code for method, path in whole}

    assert statuses == {403}


@pytest.mark.parametrize("path", ["/live", "/ready", "/fhir/metadata", "/.well-known/jwks.json"])
def test_what_is_open_needs_no_credential(deployment, log_stream, path):
    with opened_to(deployment, Log(log_stream)) as clients:
        assert clients["nobody"].get(path).status_code == 200
        assert clients["nobody"].get(path, headers={"Authorization": "Bearer wrong"}).status_code == 200


def test_an_unknown_address_tells_nothing_without_a_credential(deployment, log_stream):
    with opened_to(deployment, Log(log_stream)) as clients:
        assert clients["nobody"].get("/v1/nothing").status_code == 401
        assert clients["everything"].get("/v1/nothing").status_code == 404
