"""FHIR clients that we did not write create, search, page, correct and read history at our door."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.demo_clinic import make_clinic
from tests.system.children import SandboxEhr, Service
from tests.system.fhir_form import to_form
from tests.system.strangers_clients import CLIENTS, found_by

pytestmark = pytest.mark.strangers

FORMS = 5


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("strangers")
    with (
        SandboxEhr(folder, surface="everything") as ehr,
        Service(folder, ehr_base_url=ehr.fhir, ehr_name="sandbox") as started,
    ):
        yield started


def forms_of(patient: str) -> list[dict]:
    """Return the first forms of one made-up client, under another name."""
    ratings = make_clinic(clients=12, seed=7, today=datetime.now(UTC).date()).ratings
    first = next(one for one in ratings if one.instrument == "srs-3" and one.answers)
    of_one = [
        one
        for one in ratings
        if one.client == first.client and one.instrument == "srs-3" and one.answers is not None
    ]
    forms = [to_form(one) for one in of_one[:FORMS]]
    return [
        form
        | {
            "subject": {"reference": f"Patient/{patient}"},
            "source": {"reference": f"Patient/{patient}"},
            "identifier": {"system": "urn:strangers", "value": f"{patient}-{number}"},
        }
        for number, form in enumerate(forms)
    ]


@pytest.mark.parametrize("client", sorted(CLIENTS))
def test_a_strangers_client_does_all_its_work(client: str, service: Service, tmp_path: Path) -> None:
    patient = f"of-{client}"
    found = found_by(client, service.fhir, forms_of(patient), patient, tmp_path)
    assert len(set(found["created"])) == FORMS
    assert sorted(found["paged"]) == sorted(found["created"])
    assert (found["status"], found["history"]) == ("amended", ["2", "1"])
    assert found["kind_of_score"] == "Observation"
