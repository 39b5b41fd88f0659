"""What waited for an EHR goes once there is one, or is held where it is old."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fhir_mappings.codes import Names
from service.errors import SettingsRefused
from service.flows.canonical_base import check_canonical_base
from service.flows.deployment import Deployment
from service.flows.record_response import record_response
from service.store.delivery_acts import HELD_AS_OLD, release_held
from tests.service.build import a_response, an_access
from tests.service.flows.delivering import Bench, a_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as made:
        yield made


def without_ehr(bench: Bench) -> Deployment:
    """The same service before an EHR was configured."""
    settings = bench.deployment.settings.model_copy(update={"ehr_base_url": None})
    return replace(bench.deployment, settings=settings)


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
