"""An export that is cut off goes on where it was committed: no line is lost or doubled."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from service.export_files import Line
from service.flows import render_resources
from service.flows.erase_patient import Erasing, erase_patient
from service.flows.record_response import record_response
from service.flows.start_export import AskedExport, start_export
from service.flows.work_on_export import Exporting, take_next, wipe_exports, work_on_export
from service.log import Log
from service.store.exports import COMPLETE, FAILED, find_export
from tests.service.build import a_response, an_access
from tests.service.exporting import a_clinic, dying_after, leave_uncommitted

PATIENTS = 5


@pytest.fixture
def clinic(deployment, tmp_path, log_stream, monkeypatch):
    """Five patients, each a piece of its own."""
    monkeypatch.setattr(render_resources, "_PIECE", 1)
    for number in range(PATIENTS):
        person = f"Patient/{number}"
        record_response(deployment, a_response(patient=person, source=person, identifier=None), an_access())
    return a_clinic(deployment, tmp_path / "exports", Log(log_stream))


@pytest.fixture
def asked(clinic):
    return start_export(clinic.deployment, AskedExport(("Observation",), "x"), an_access("E"))


def row_of(clinic, export_id):
    with clinic.deployment.database.read() as tx:
        return find_export(tx, "default", export_id)


def lines_of(clinic, export_id):
    """Return how often each resource is in what counts of the files."""
    manifest = clinic.told(f"/fhir/exports/{export_id}")
    return Counter(one["id"] for one in clinic.lines(manifest, "Observation"))


@pytest.mark.parametrize("pieces", range(PATIENTS + 1))
def test_another_process_goes_on_where_one_left(clinic, asked, pieces):
    first = take_next(clinic.work)
    assert work_on_export(clinic.work, first, dying_after(pieces)) is None
    leave_uncommitted(clinic.work, row_of(clinic, asked), [Line("Observation", b'{"id": "half"}')])
    clinic.work_all()

    assert set(lines_of(clinic, asked).values()) == {1}
    assert len(lines_of(clinic, asked)) == PATIENTS * 6


def test_who_seemed_dead_and_writes_on_changes_nothing(clinic, asked, clock):
    late = take_next(clinic.work)
    clock.pass_by(minutes=2)
    other = replace(clinic.work, owner="worker-2")
    work_on_export(other, take_next(other), dying_after(3))
    assert work_on_export(clinic.work, late, lambda: False) is None
    clinic.work_all()

    assert set(lines_of(clinic, asked).values()) == {1}


def test_an_erasure_leaves_nothing_in_any_file(clinic, asked):
    done = start_export(clinic.deployment, AskedExport(("Observation",), "x"), an_access("E"))
    work_on_export(clinic.work, take_next(clinic.work), dying_after(4))
    erase_patient(clinic.deployment, "Patient/0", Erasing("x", "y", unsettled_too=True), an_access("D"))
    clinic.work_all()

    texts = "".join(one.read_text() for one in clinic.files())
    assert row_of(clinic, asked).state == row_of(clinic, done).state == COMPLETE
    assert "Patient/1" in texts
    assert "Patient/0" not in texts


def test_a_complete_export_ends_with_an_erasure(clinic, asked):
    clinic.work_all()
    erase_patient(clinic.deployment, "Patient/0", Erasing("x", "y", unsettled_too=True), an_access("D"))

    assert clinic.client.get(f"/fhir/exports/{asked}").status_code == 404
    assert (wipe_exports(clinic.work), clinic.files()) == (1, [])


def test_what_is_recorded_later_is_not_in_it(clinic, asked, clock):
    clock.pass_by(minutes=1)
    record_response(
        clinic.deployment, a_response(9, patient="Patient/late", source="Patient/late"), an_access()
    )
    clinic.work_all()

    assert len(lines_of(clinic, asked)) == PATIENTS * 6


def test_an_export_that_cannot_be_written_fails_after_some_tries(clinic, asked, clock, tmp_path):
    broken = Exporting(clinic.deployment, str(tmp_path / "exports"), "worker-1")
    for _ in range(5):
        row = take_next(broken)
        broken.folder(row).rmdir()
        with pytest.raises(OSError, match="No such file"):
            work_on_export(broken, row, lambda: False)
        clock.pass_by(minutes=2)
    answer = clinic.client.get(f"/fhir/exports/{asked}")

    assert row_of(clinic, asked).state == FAILED
    assert answer.status_code == 500
    assert json.loads(answer.text)["issue"][0]["code"] == "exception"
