"""The app with callers: each is known by a word in the place of a token. Nobody here exists."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers

from service.api.identity import Identity
from service.app import create_app
from service.callers import LOOPBACK, Caller
from service.errors import CredentialRefused
from service.flows.deployment import Deployment
from service.log import Log
from service.scopes import parse_scopes
from tests.conftest import BASE_URL, TestClient

ALL_OF_FHIR = "*.cruds"


def a_caller(scopes: str, **facts: Any) -> Caller:
    """Return a caller with these scopes."""
    return Caller(facts.pop("name", "caller"), scopes=parse_scopes(scopes), **facts)


def ada(scopes: str = f"user/{ALL_OF_FHIR}", **facts: Any) -> Caller:
    """Return what a therapist's app is known as."""
    return a_caller(scopes, **({"name": "ada", "user": "Practitioner/ada"} | facts))


def anna(scopes: str = f"patient/{ALL_OF_FHIR}", **facts: Any) -> Caller:
    """Return what a patient's app is known as."""
    return a_caller(scopes, **({"name": "anna", "patient": "Patient/anna"} | facts))


@dataclass(frozen=True, slots=True)
class Known:
    """Who is known by which word."""

    callers: Mapping[str, Caller]

    def __call__(self, headers: Headers) -> Caller:
        word = headers.get("authorization", "").removeprefix("Bearer ")
        if word not in self.callers:
            raise CredentialRefused("invalid-token" if word else "no-credential")
        return self.callers[word]


@contextmanager
def opened_to(deployment: Deployment, log: Log, **callers: Caller) -> Iterator[dict[str, TestClient]]:
    """Give a client for each caller, one for ``everything``, and one for ``nobody``."""
    known = Known({**callers, "everything": LOOPBACK})
    app = create_app(deployment, log, identity=Identity(known, None))
    clients = {
        name: TestClient(app, BASE_URL, headers={"Authorization": f"Bearer {name}"}, follow_redirects=False)
        for name in known.callers
    }
    yield clients | {"nobody": TestClient(app, BASE_URL, follow_redirects=False)}
