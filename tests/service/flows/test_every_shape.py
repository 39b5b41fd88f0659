"""Deliveries into the sandbox in every product's shape: none lost, none doubled, and the rung is told.

Each case drives the whole of the worker's flow against a FHIR server with that product's refusals.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from service.flows.set_disclosure import set_disclosure
from service.store.disclosures import Disclosure
from tests.service.build import an_access
from tests.service.flows.delivering import SETTLE_SECONDS
from tests.service.flows.shapes import ENCOUNTER, Shape, a_shape


@dataclass(frozen=True)
class Expected:
    """What a product's EHR holds of three responses, and what becomes of a correction and a withdrawal.

    ``main`` is the resource that stands for a response; ``each`` how many resources it is.
    """

    rung: str
    main: str
    each: int
    corrected: str = "confirmed"
    withdrawn: str = "confirmed"


_WHOLE = Expected("transaction", "QuestionnaireResponse", 7)
_ALONE = Expected("one-by-one", "QuestionnaireResponse", 1)
SHAPES = {
    "everything": _WHOLE,
    "hapi": _WHOLE,
    "medplum": _WHOLE,
    "azure": _WHOLE,
    "google": _WHOLE,
    "no-transaction": Expected("one-by-one", "QuestionnaireResponse", 7),
    "epic": Expected("document", "DocumentReference", 1, withdrawn="held"),
    "oracle": Expected("observations", "Observation", 6),
    "athenahealth": Expected("one-by-one", "QuestionnaireResponse", 1, "held", "held"),
    "meditech": _ALONE,
    "canvas": Expected("one-by-one", "QuestionnaireResponse", 7, "held", "held"),
    "openemr": _ALONE,
}
# Those that behave alike in everything are tried once where it takes long.
DIFFERENT = [one for one in SHAPES if one not in ("everything", "medplum", "azure", "google")]
# Where a lost answer cannot be searched for: a person looks.
BLIND = {"epic", "openemr"}


def record(shape: Shape, *sessions: int) -> list[str]:
    """Record one response of Anna for each session; return their ids."""
    return [shape.bench.record(one, encounter=ENCOUNTER).filled.id for one in sessions]


def present(shape: Shape, main: str, response_id: str) -> int:
    """How many resources stand for a response in the EHR."""
    return sum(
        count
        for name, count in shape.identifiers().items()
        if name.startswith(f"{main}/{response_id}")
        and not name.removeprefix(f"{main}/{response_id}").startswith(".v")
    )


def states(shape: Shape) -> dict[str, str]:
    """The state of each response's last delivery, by response."""
    return {one.subject_id: one.state for one in shape.bench.deliveries() if one.subject_kind == "response"}


def doubled(shape: Shape) -> dict[str, int]:
    return {name: count for name, count in shape.identifiers().items() if count > 1}


@pytest.mark.parametrize("surface", SHAPES)
def test_everything_arrives_once_on_the_rung_that_this_ehr_takes(tmp_path: Path, surface: str) -> None:
    wanted = SHAPES[surface]
    with a_shape(tmp_path, surface, has_definitions=False) as shape:
        ids = record(shape, 6, 7)
        shape.bench.deliver_all()

        assert {one.state for one in shape.bench.deliveries()} == {"confirmed"}
        assert {one.rung for one in shape.bench.deliveries() if one.subject_id in ids} == {wanted.rung}
        assert sum(any(one in name for one in ids) for name in shape.identifiers()) == 2 * wanted.each
        assert doubled(shape) == {}


@pytest.mark.parametrize("surface", DIFFERENT)
def test_corrections_and_withdrawals_end_as_this_ehr_lets_them(tmp_path: Path, surface: str) -> None:
    wanted = SHAPES[surface]
    with a_shape(tmp_path, surface) as shape:
        mended, undone = record(shape, 6, 7)
        shape.bench.deliver_all()
        shape.bench.correct(mended, session=6, total="30.1", encounter=ENCOUNTER)
        shape.bench.withdraw(undone)
        shape.bench.deliver_all()

        assert (states(shape)[mended], states(shape)[undone]) == (wanted.corrected, wanted.withdrawn)
        assert all(one.reason for one in shape.bench.deliveries(state="held"))
        assert doubled(shape) == {}


@pytest.mark.parametrize("surface", DIFFERENT)
def test_lost_answers_lose_and_double_nothing(tmp_path: Path, surface: str) -> None:
    wanted = SHAPES[surface]
    with a_shape(tmp_path, surface) as shape:
        ids = record(shape, 6, 7)
        shape.turn_faults(fail_every=2, fail_after="true", fail_status=500)
        shape.bench.deliver_all(2 * SETTLE_SECONDS)

        found = states(shape)
        assert doubled(shape) == {}
        assert all(present(shape, wanted.main, one) for one in ids)
        assert {found[one] for one in ids} == (
            {"confirmed", "unknown"} if surface in BLIND else {"confirmed"}
        )


@pytest.mark.parametrize("surface", ["no-transaction", "epic", "canvas"])
def test_what_never_arrives_is_neither_lost_nor_doubled(tmp_path: Path, surface: str) -> None:
    wanted = SHAPES[surface]
    with a_shape(tmp_path, surface) as shape:
        ids = record(shape, 6, 7)
        shape.turn_faults(fail_every=3, fail_status=503)
        shape.bench.deliver_all(2 * SETTLE_SECONDS)
        shape.turn_faults()
        shape.bench.deliver_all(4 * SETTLE_SECONDS)

        assert doubled(shape) == {}
        assert [one for one in ids if not present(shape, wanted.main, one)] == [
            one.subject_id for one in shape.bench.deliveries() if one.parked
        ]


@pytest.mark.parametrize("surface", ["hapi", "epic"])
def test_a_patient_who_does_not_want_it_is_in_no_shape_written_about(tmp_path: Path, surface: str) -> None:
    with a_shape(tmp_path, surface) as shape:
        set_disclosure(shape.bench.deployment, "Patient/anna", Disclosure(push=False), an_access("U"))
        (withheld,) = record(shape, 7)
        shape.bench.deliver_all()

        assert states(shape)[withheld] == "waiting"
        assert not [name for name in shape.identifiers() if withheld in name]
