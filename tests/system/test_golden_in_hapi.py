"""The official validator finds no error in any shape that we emit: every golden file, once each."""

import httpx
import pytest

from fhir_mappings import json_text
from fhir_mappings.bundle import Entry, to_transaction
from fhir_mappings.catalogue import builtin_instruments
from fhir_mappings.codes import Names
from fhir_mappings.terminology import definitions
from tests.golden.resources import golden_resources
from tests.system.chart import Chart
from tests.system.hapi import Hapi

pytestmark = pytest.mark.hapi

GOLDEN = golden_resources()


@pytest.fixture(scope="module")
def judge(hapi: Hapi, hapi_chart: Chart) -> Chart:
    """HAPI, which holds our definitions: it remembers a form that it was asked about too early as unknown."""
    for one in definitions(builtin_instruments(), Names()):
        # The service may have put it there under another id: this EHR declares no ids of clients.
        reference = f"{one['resourceType']}/{one['id']}"
        if not is_there(hapi, one):
            entry = Entry(one, f"{hapi.fhir}/{reference}", "PUT", reference)
            httpx.post(
                hapi.fhir,
                content=json_text.dumps(to_transaction([entry])),
                headers={"Content-Type": "application/fhir+json"},
                timeout=120,
            ).raise_for_status()
    return hapi_chart


def is_there(hapi, definition):
    wanted = {"url": definition["url"], "version": definition["version"], "_summary": "count"}
    found = httpx.get(f"{hapi.fhir}/{definition['resourceType']}", params=wanted, timeout=60)
    return found.raise_for_status().json()["total"] > 0


@pytest.mark.parametrize("name", GOLDEN)
def test_the_validator_finds_no_error(judge, name):
    assert [one for resource in GOLDEN[name] for one in judge.validation_errors(resource)] == []


def test_the_validator_would_find_one(judge):
    broken = GOLDEN["srs-3-Observations"][0] | {"status": "finished"}

    assert judge.validation_errors(broken)
