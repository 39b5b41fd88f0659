import pytest

from service.sandbox import SURFACES, create_sandbox, seed_database
from service.sandbox.refusals import Refusal
from service.sandbox.store import Store
from tests.service.sandbox.build import observation, put_entry
from tests.service.sandbox.conftest import Caller, TestClient


def seed(path, *resources):
    entries = [put_entry(one) for one in resources]
    seed_database(path, {"resourceType": "Bundle", "type": "transaction", "entry": entries})


def test_a_seeded_patient_can_be_named_where_clients_choose_no_ids(tmp_path):
    path = str(tmp_path / "ehr.db")
    seed(path, {"resourceType": "Patient", "id": "anna"})
    with TestClient(create_sandbox(path, SURFACES["no-transaction"])) as client:
        answer = Caller(client).create(observation("Patient/anna"))

    assert answer.status_code == 201


def test_a_seed_that_is_refused_leaves_nothing(tmp_path):
    path = str(tmp_path / "ehr.db")
    dangling = observation("Patient/nobody") | {"id": "o-1"}
    with pytest.raises(Refusal):
        seed(path, {"resourceType": "Patient", "id": "anna"}, dangling)
    store = Store(path)
    with store.transaction() as rows:
        counts = rows.counts_by_type()
    store.close()

    assert counts == {}
