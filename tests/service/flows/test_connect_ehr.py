"""Definitions go first, once per version; what waited for an EHR goes, or is held where it is old."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_mappings.codes import Names
from service.errors import SettingsRefused
from service.flows.canonical_base import check_canonical_base
from service.flows.deployment import Deployment
from service.flows.record_response import record_response
from service.store.delivery_acts import HELD_AS_OLD, release_held
from tests.service.build import a_response, an_access
from tests.service.ehr.fake_ehr import PLAIN, Fault, Surface
from tests.service.flows.delivering import Bench, a_bench

DEFINITIONS = {"Device": 1, "CodeSystem": 2, "ValueSet": 1, "Questionnaire": 2}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as made:
        yield made


def counts(bench: Bench) -> dict[str, int]:
    return {name: len(bench.ehr.found(name)) for name in DEFINITIONS}


def without_ehr(bench: Bench) -> Deployment:
    """The same service before an EHR was configured."""
    settings = bench.deployment.settings.model_copy(update={"ehr_base_url": None})
    fields = {name: getattr(bench.deployment, name) for name in Deployment.__slots__}
    return Deployment(**(fields | {"settings": settings}))


def test_definitions_go_before_the_first_response(bench: Bench) -> None:
    bench.record()
    bench.connect()
    bench.deliver_all()
    types = [row.type for row in bench.ehr.rows]
    assert types[:6] == ["Device", "CodeSystem", "CodeSystem", "ValueSet", "Questionnaire", "Questionnaire"]
    assert set(bench.states()) == {"confirmed"}


@pytest.mark.parametrize("surface", [Surface(), PLAIN])
def test_definitions_are_put_there_once(tmp_path: Path, surface: Surface) -> None:
    with a_bench(tmp_path, surface=surface) as bench:
        for _ in range(2):
            bench.connect()
            bench.restart()
            bench.deliver_all()
        assert counts(bench) == DEFINITIONS


def test_client_ids_end_in_the_version(bench: Bench) -> None:
    bench.connect()
    bench.deliver_all()
    assert {one["id"] for one in bench.ehr.found("Questionnaire")} == {"srs-3-1.0.0", "wai-sr-client-1.0.0"}


def test_definitions_that_are_there_already_are_not_created_again(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    with a_bench(tmp_path, surface=PLAIN) as first:
        first.connect()
        first.deliver_all()
        rows = first.ehr.rows
    with a_bench(tmp_path / "second", surface=PLAIN) as second:
        second.ehr.rows = rows
        second.connect()
        second.deliver_all()
        assert set(second.states()) == {"confirmed"}
        assert not second.ehr.writes


def test_a_new_release_tells_the_device_its_version(bench: Bench) -> None:
    bench.connect()
    bench.deliver_all()
    object.__setattr__(bench.lane, "software_version", "1.3.0")
    bench.connect()
    bench.deliver_all()
    assert [one["version"][0]["value"] for one in bench.ehr.found("Device")] == ["1.3.0"]


def test_responses_wait_for_an_unfinished_definition(bench: Bench) -> None:
    bench.ehr.faults = [Fault()]
    bench.connect()
    bench.record()
    bench.deliver_all()
    assert not bench.ehr.found("QuestionnaireResponse")
    assert [one.state for one in bench.deliveries() if one.subject_kind == "response"] == ["pending"]


def test_responses_do_not_wait_for_a_definition_that_the_ehr_refuses(bench: Bench) -> None:
    bench.ehr.faults = [Fault(422)]
    bench.connect()
    bench.record()
    bench.deliver_all()
    assert [one.subject_id for one in bench.deliveries(state="rejected")] == ["Device/alliance-service|1.2.3"]
    assert [one.state for one in bench.deliveries() if one.subject_kind == "response"] == ["confirmed"]


def test_without_our_device_provenance_names_us_in_words(tmp_path: Path) -> None:
    surface = Surface(types=("QuestionnaireResponse", "Observation", "Provenance"))
    with a_bench(tmp_path, surface=surface) as bench:
        bench.connect()
        bench.record()
        bench.deliver_all()
        provenance = bench.ehr.found("Provenance")[0]
        assert provenance["agent"][0]["who"] == {"display": "Alliance service"}


def test_what_waited_goes_once_an_ehr_is_configured(bench: Bench) -> None:
    record_response(without_ehr(bench), a_response(8), an_access())
    assert bench.states() == ["waiting"]
    assert bench.deliver() is None
    assert bench.connect() == 1
    bench.deliver_all()
    assert bench.only().state == "confirmed"


def test_what_is_old_is_held_on_the_first_connection_until_released(bench: Bench) -> None:
    record_response(without_ehr(bench), a_response(1), an_access())
    record_response(without_ehr(bench), a_response(8), an_access())
    bench.connect()
    bench.deliver_all()
    assert [(one.state, one.reason) for one in bench.deliveries()[:2]] == [
        ("held", HELD_AS_OLD),
        ("confirmed", ""),
    ]
    with bench.deployment.database.write() as tx:
        assert release_held(tx, "default", "ehr", bench.now()) == 1
    bench.deliver_all()
    assert bench.only().state == "confirmed"


def test_a_later_connection_holds_nothing(bench: Bench) -> None:
    bench.connect()
    record_response(without_ehr(bench), a_response(1), an_access())
    assert bench.connect() == 1
    bench.deliver_all()
    assert set(bench.states()) == {"confirmed"}


def test_another_canonical_base_is_refused_once_something_was_delivered(bench: Bench) -> None:
    other = Names("https://other.example/fhir")
    with bench.deployment.database.read() as tx:
        check_canonical_base(tx, "default", other)
    bench.record()
    bench.deliver_all()
    with bench.deployment.database.read() as tx, pytest.raises(SettingsRefused) as refused:
        check_canonical_base(tx, "default", other)
    assert "ALLIANCE_CANONICAL_BASE" in str(refused.value)
