"""A clinic's own wording is kept for ever, and never changes under one version."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fhir_mappings.catalogue import shipped_instruments
from service.errors import SettingsRefused
from service.flows.choose_instruments import choose_instruments
from service.flows.deployment import Deployment
from service.flows.keep_wording import choose_wording, keep_wording
from service.flows.record_response import record_response
from service.settings import Settings
from tests.own_wording import own_wording
from tests.service.build import a_deployment, a_response, an_access
from tests.service.flows.delivering import a_bench

SRS = shipped_instruments()["srs-3"]
URL = "https://alliance.example/fhir/Questionnaire/srs-3-default"


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    made = a_deployment(tmp_path)
    yield made
    made.database.close()


def start(deployment: Deployment, text: str | None = None) -> Deployment:
    """Start the service with this German wording of the SRS, or without one."""
    files = {"default/srs-3.de.toml": text} if text else {}
    chosen = choose_instruments(Settings(), {})
    wordings = choose_wording(files, chosen.known, "default")
    with deployment.database.write() as tx:
        worded = keep_wording(tx, "default", chosen, wordings)
    return replace(deployment, instruments=worded.offered, known=worded.known)


def versions(deployment: Deployment) -> list[tuple[str, bool]]:
    return [(form.version, form.in_use) for form in deployment.instruments["srs-3"].clinic_forms]


def refusal(deployment: Deployment, text: str) -> list[str]:
    with pytest.raises(SettingsRefused) as refused:
        start(deployment, text)
    return list(refused.value.faults)


def test_the_same_wording_starts_again_whatever_its_comments(deployment: Deployment) -> None:
    start(deployment, own_wording(SRS))
    assert versions(start(deployment, f"# By hand.\n{own_wording(SRS)}")) == [("1.0.0", True)]


def test_other_words_under_the_same_version_stop_the_start(deployment: Deployment) -> None:
    start(deployment, own_wording(SRS))
    (fault,) = refusal(deployment, own_wording(SRS, item_1='"Anders"'))
    assert fault.startswith("ALLIANCE_WORDING_DIR: default/srs-3: version: must rise above 1.0.0")


def test_a_version_that_falls_stops_the_start(deployment: Deployment) -> None:
    start(deployment, own_wording(SRS))
    start(deployment, own_wording(SRS, version="1.10.0", item_1='"Anders"'))
    assert refusal(deployment, own_wording(SRS, version="1.9.0")) == [
        "ALLIANCE_WORDING_DIR: default/srs-3: version: must not fall below 1.10.0, which was in use"
    ]


def test_every_version_that_was_ever_in_use_stays(deployment: Deployment) -> None:
    start(deployment, own_wording(SRS))
    start(deployment, own_wording(SRS, version="1.1.0"))
    assert versions(start(deployment)) == [("1.0.0", False), ("1.1.0", False)]


def test_a_refused_start_keeps_nothing(deployment: Deployment) -> None:
    start(deployment, own_wording(SRS))
    refusal(deployment, own_wording(SRS, item_1='"Anders"'))
    assert versions(start(deployment)) == [("1.0.0", False)]


def test_the_form_goes_to_the_ehr_before_a_response_that_names_it(tmp_path: Path) -> None:
    with a_bench(tmp_path, has_definitions=False) as bench:
        bench.deployment = start(bench.deployment, own_wording(SRS))
        bench.restart()
        instrument = bench.deployment.instruments["srs-3"]
        record_response(bench.deployment, a_response(instrument=instrument, wording="1.0.0"), an_access())
        bench.deliver_all()
        (response,) = bench.ehr.found("QuestionnaireResponse")
        assert response["questionnaire"] == f"{URL}|1.0.0"
        assert [one["id"] for one in bench.ehr.found("Questionnaire")] == [
            "srs-3-1.0.0",
            "srs-3-default-1.0.0",
        ]
        assert set(bench.states()) == {"confirmed"}
