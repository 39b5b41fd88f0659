"""The test write of check-ehr, into the sandbox in every product's shape."""

from pathlib import Path

import pytest

from fhir_mappings.catalogue import shipped_instruments
from service.flows.check_ehr import Step
from service.flows.probe_ehr import Probe, probe_ehr
from tests.service.flows.shapes import ENCOUNTER, Shape, a_shape
from tests.service.flows.test_every_shape import SHAPES

# These take neither an update nor a delete of it: the test resource stays, and the person said so.
FOR_GOOD = {"athenahealth", "epic"}


def try_writing(shape: Shape) -> Step:
    lane = shape.bench.lane
    probe = Probe(
        lane.client, lane.client.capabilities(), shipped_instruments(), lane.names, shape.bench.clock
    )
    return probe_ehr(probe, "Patient/anna", even_for_good=True, encounter=ENCOUNTER)


@pytest.mark.parametrize("surface", SHAPES)
def test_the_test_write_goes_well_in_every_shape(tmp_path: Path, surface: str) -> None:
    with a_shape(tmp_path, surface) as shape:
        step = try_writing(shape)
        assert step.well, step.sentence
        left = [one["status"] for one in shape.stored() if one.get("status") != "entered-in-error"]
        assert bool(left) is (surface in FOR_GOOD), step.sentence
