"""An alert reaches the EHR as record, work and banner, where each is taken; acts change the same ones."""

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.flows.act_on_alert import PersonsAct, act_on_alert
from service.flows.new_response import Recorded
from service.store.chart import ChartEntry, put_entries
from service.store.delivery_acts import discard
from tests.service.build import an_access
from tests.service.ehr.fake_ehr import TYPES, Fault, Row, Surface
from tests.service.flows.delivering import Bench, a_bench

KINDS = ("DetectedIssue", "Task", "Flag")
WHOLE = Surface(types=(*TYPES, "Task", "Flag"))
SINGLE = Surface(types=(*TYPES, "Task", "Flag"), transaction=False, conditional=False, update_create=False)


@pytest.fixture(params=[WHOLE, SINGLE], ids=["transaction", "single"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    with a_bench(tmp_path, surface=request.param) as made:
        yield made


def a_dip(bench: Bench) -> Recorded:
    for session in range(1, 7):
        bench.record(session, "37.0")
    recorded = bench.record(7, "20.0")
    bench.deliver_all()
    return recorded


def act(bench: Bench, recorded: Recorded, name: Any, **more: Any) -> None:
    done = PersonsAct(name, "Practitioner/ada", **more)
    act_on_alert(bench.deployment, recorded.alerts[0].id, None, done, an_access("U"))
    bench.deliver_all()


def statuses(bench: Bench) -> dict[str, list[str]]:
    return {kind: [one["status"] for one in bench.ehr.found(kind)] for kind in KINDS}


def test_an_alert_goes_as_record_work_and_banner(bench: Bench) -> None:
    a_dip(bench)
    assert statuses(bench) == {"DetectedIssue": ["preliminary"], "Task": ["requested"], "Flag": ["active"]}
    issue, task, flag = (bench.ehr.found(kind)[0] for kind in KINDS)
    record = {"reference": f"DetectedIssue/{issue['id']}"}
    assert (task["focus"], flag["extension"][0]["valueReference"]) == (record, record)


def test_an_act_changes_the_same_three(bench: Bench) -> None:
    recorded = a_dip(bench)
    act(bench, recorded, "acknowledge")
    act(bench, recorded, "repair-steps", step="validated", words="giraffe")
    assert statuses(bench) == {"DetectedIssue": ["final"], "Task": ["in-progress"], "Flag": ["active"]}
    assert set(bench.states()) == {"confirmed"}
    assert not [one for one in bench.ehr.writes if b"giraffe" in one.content]


def test_a_dismissal_is_the_end_there_too(bench: Bench) -> None:
    act(bench, a_dip(bench), "dismiss", reason="known-cause")
    assert statuses(bench) == {"DetectedIssue": ["cancelled"], "Task": ["rejected"], "Flag": ["inactive"]}


def test_a_clinic_may_do_without_the_banner(tmp_path: Path) -> None:
    with a_bench(tmp_path, surface=WHOLE, settings={"alert_flag": False}) as bench:
        a_dip(bench)
        assert (len(bench.ehr.found("Task")), bench.ehr.found("Flag")) == (1, [])


@pytest.mark.parametrize("kind", KINDS)
def test_where_one_is_taken_that_one_goes(tmp_path: Path, kind: str) -> None:
    others = set(KINDS) - {kind}
    taken = tuple(one for one in WHOLE.types if one not in others)
    with a_bench(tmp_path, surface=Surface(types=taken)) as bench:
        a_dip(bench)
        assert {name: len(bench.ehr.found(name)) for name in KINDS} == {
            name: int(name == kind) for name in KINDS
        }
        assert set(bench.states()) == {"confirmed"}


def no_longer_created(bench: Bench) -> None:
    """The EHR refuses to create any of the three, for an hour at least."""
    for kind in KINDS:
        bench.lane.client.strike_out("create", kind)


def test_what_is_there_is_changed_though_no_other_is_taken_any_more(bench: Bench) -> None:
    recorded = a_dip(bench)
    no_longer_created(bench)
    act(bench, recorded, "dismiss", reason="known-cause")
    assert statuses(bench) == {"DetectedIssue": ["cancelled"], "Task": ["rejected"], "Flag": ["inactive"]}
    assert notes_of_alerts(bench) == []


def test_what_can_be_changed_no_more_is_left_to_a_person(bench: Bench) -> None:
    recorded = a_dip(bench)
    bench.ehr.surface = replace(bench.ehr.surface, types=TYPES[:2] + TYPES[3:])
    bench.lane.client.forget_capabilities()
    act(bench, recorded, "dismiss", reason="known-cause")
    (held,) = bench.deliveries(state="held")
    assert held.reason == "this EHR takes no corrections of DetectedIssue; correct it there by hand"


def test_a_banner_that_is_there_is_taken_down_where_the_clinic_wants_none_any_more(bench: Bench) -> None:
    recorded = a_dip(bench)
    bench.lane = replace(bench.lane, alert_flag=False)
    act(bench, recorded, "dismiss", reason="known-cause")
    assert statuses(bench)["Flag"] == ["inactive"]


def test_a_note_beside_the_record_is_changed_with_it(bench: Bench) -> None:
    recorded = a_dip(bench)
    note = ChartEntry(f"DocumentReference/{recorded.alerts[0].id}", "n-1", "1", 1)
    subject = {"reference": "Patient/anna"}
    there = {"resourceType": "DocumentReference", "subject": subject}
    bench.ehr.rows.append(Row("DocumentReference", "n-1", 1, there, bench.clock()))
    with bench.deployment.database.write() as tx:
        put_entries(tx, "default", "ehr", [note], bench.now())
    act(bench, recorded, "dismiss", reason="known-cause")
    assert statuses(bench)["DetectedIssue"] == ["cancelled"]
    assert [text.split("\n")[0] for text in notes_of_alerts(bench)] == [
        "Possible strain in the alliance: closed"
    ]


def test_it_does_not_wait_for_a_parked_response(bench: Bench) -> None:
    for session in range(1, 7):
        bench.record(session, "37.0")
    bench.deliver_all()
    bench.ehr.faults = [Fault(422)]
    bench.record(7, "20.0")
    bench.deliver_all()
    assert "rejected" in bench.states()
    assert statuses(bench) == {"DetectedIssue": ["preliminary"], "Task": ["requested"], "Flag": ["active"]}
    assert "implicated" not in bench.ehr.found("DetectedIssue")[0]


def notes_of_alerts(bench: Bench) -> list[str]:
    found = [
        b64decode(one["content"][0]["attachment"]["data"]).decode()
        for one in bench.ehr.found("DocumentReference")
    ]
    return [text for text in found if text.startswith("Possible strain")]


@pytest.fixture(params=[True, False], ids=["update", "create-only"])
def notes_only(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    surface = Surface(types=("DocumentReference",), update=request.param, update_create=request.param)
    with a_bench(tmp_path, surface=surface) as made:
        yield made


def test_where_notes_are_taken_alone_an_alert_is_one(notes_only: Bench) -> None:
    a_dip(notes_only)
    (text,) = notes_of_alerts(notes_only)
    assert text.startswith("Possible strain in the alliance: opened\n")


def test_a_note_tells_the_end_and_no_click(notes_only: Bench) -> None:
    recorded = a_dip(notes_only)
    act(notes_only, recorded, "acknowledge")
    act(notes_only, recorded, "repair-steps", words="giraffe")
    after_clicks = len(notes_only.ehr.writes)
    act(notes_only, recorded, "resolve-repaired")
    assert len(notes_only.ehr.writes) == after_clicks + 1
    assert "Closed: a person recorded it as repaired." in notes_of_alerts(notes_only)[-1]
    assert set(notes_only.states()) == {"confirmed"}
    assert not [text for text in notes_of_alerts(notes_only) if "giraffe" in text]


def test_an_end_is_not_told_of_what_never_came(notes_only: Bench) -> None:
    for session in range(1, 7):
        notes_only.record(session, "37.0")
    recorded = notes_only.record(7, "20.0")
    notes_only.ehr.faults = [None] * 7 + [Fault(422)]
    notes_only.deliver_all()
    (parked,) = notes_only.deliveries(state="rejected")
    with notes_only.deployment.database.write() as tx:
        discard(tx, "default", parked.id, "told by hand", notes_only.now())
    act(notes_only, recorded, "dismiss", reason="other")
    assert notes_of_alerts(notes_only) == []
