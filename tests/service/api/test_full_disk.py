"""A database that cannot be written: callers hear it in plain words, and go on when there is space again."""

import pytest

from service.errors import LostRace, NotStored, StoreAway
from tests.databases import sqlite_only
from tests.full_disk import full_disk
from tests.service.api.fhir.calls import create, sent
from tests.service.api.v1.build import a_body

EVERY = range(10)


@sqlite_only
def test_a_full_disk_is_said_in_plain_words_and_nothing_is_changed(client, database):
    with full_disk(database, EVERY):
        refused = client.post("/v1/responses", json=a_body())

    assert refused.status_code == 507
    assert refused.headers["retry-after"] == "30"
    assert refused.json()["detail"].startswith("The disk of this service is full, and nothing was changed.")
    assert client.post("/v1/responses", json=a_body()).status_code == 201


@sqlite_only
def test_a_full_disk_is_an_outcome_at_the_fhir_door(client, database):
    with full_disk(database, EVERY):
        refused = create(client, sent())

    assert refused.status_code == 507
    assert refused.json()["issue"][0]["code"] == "no-store"


@sqlite_only
@pytest.mark.parametrize("path", ["/v1/rupture-alerts", "/fhir/Observation?patient=anna", "/v1/nothing"])
def test_no_read_is_answered_whose_audit_row_finds_no_space(client, database, path):
    with full_disk(database, EVERY):
        assert client.get(path).status_code == 507

    assert client.get(path).status_code in {200, 404}


@sqlite_only
def test_the_log_says_that_the_store_failed_and_nothing_else(client, database, log_stream):
    with full_disk(database, EVERY):
        client.post("/v1/responses", json=a_body())

    assert '"error": "StoreFull"' in log_stream.getvalue()
    assert "randomblob" not in log_stream.getvalue()


@pytest.mark.parametrize(("why", "reason"), [(StoreAway(), "store-away"), (LostRace(), "lock-error")])
def test_what_else_a_store_fails_at_is_tried_again_later(why, reason):
    refusal = NotStored(why)

    assert (refusal.status, refusal.faults[0].reason) == (503, reason)
