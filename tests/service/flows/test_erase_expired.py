"""Whole patients go when nothing of theirs is newer than the clinic keeps; what is open is told."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from fhir_mappings import json_text
from service.flows.erase_expired import Expired, erase_expired, first_day_kept
from service.flows.own_ids import id_by_form
from service.flows.record_attendance import record_attendance
from service.log import Log
from service.retention_worker import RetentionWorker
from service.store.erasures import id_standing, list_erasures
from service.store.inbound import DISCARDED, PARKED, InboundCame, add_inbound, list_inbound
from service.store.tables import audit_rows
from tests.builders import a_response as a_form
from tests.service.build import an_access
from tests.service.flows.delivering import Bench, a_bench
from tests.service.flows.one_patient import ANNA, BERT, an_attendance, holdings, rate

# The last session is of February 2026.
KEPT_YEARS = 10


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path, settings={"retention_years": KEPT_YEARS}) as made:
        for patient in (ANNA, BERT):
            rate(made, patient, ((6, "37.0"), (7, "36.0")))
        made.deliver_all()
        yield made


def at(bench: Bench, year: int, month: int = 6) -> None:
    bench.clock.moment = datetime(year, month, 1, 12, tzinfo=UTC)


def expire(bench: Bench, *, dry_run: bool = False) -> Expired:
    return erase_expired(bench.deployment, an_access("D"), dry_run=dry_run)


def left(bench: Bench) -> list[str]:
    return [name for name in (ANNA, BERT) if holdings(bench, name).keys]


def test_nothing_goes_before_the_time(bench):
    at(bench, 2035)

    assert expire(bench) == Expired()
    assert left(bench) == [ANNA, BERT]


def test_a_patient_goes_whole_when_the_time_is_over(bench):
    at(bench, 2035)
    rate(bench, BERT, ((8, "36.0"),))
    bench.deliver_all()
    at(bench, 2036)

    assert expire(bench) == Expired(1)
    assert left(bench) == [BERT]
    assert len(holdings(bench, BERT).response_ids) == 3


def test_an_appointment_is_a_sign_of_life(bench):
    at(bench, 2035)
    record_attendance(bench.deployment, an_attendance(ANNA), an_access())
    at(bench, 2036)
    expire(bench)

    assert left(bench) == [ANNA]


def test_a_dry_run_only_counts(bench):
    at(bench, 2036)

    assert expire(bench, dry_run=True) == Expired(2)
    assert left(bench) == [ANNA, BERT]


def test_what_is_undelivered_is_told_and_not_erased(bench):
    rate(bench, ANNA, ((8, "36.0"),))
    at(bench, 2036)
    done = expire(bench)

    assert done.erased == 1
    assert [one.open_work for one in done.held] == [{"deliveries": 1}]
    assert left(bench) == [ANNA]


def test_a_live_alert_is_told_and_not_erased(bench):
    rate(bench, ANNA, tuple((n, "37.0") for n in range(1, 6)))
    rate(bench, ANNA, ((8, "20.0"),))
    bench.deliver_all()
    at(bench, 2036)

    assert [one.open_work for one in expire(bench).held] == [{"live alerts": 1}]


def test_without_a_time_everything_is_kept(bench):
    bench.deployment = replace(
        bench.deployment, settings=bench.deployment.settings.model_copy(update={"retention_years": None})
    )
    at(bench, 2099)

    assert expire(bench) == Expired()


def test_the_worker_erases_and_tells_numbers_only(bench):
    at(bench, 2036)
    worker = RetentionWorker(bench.deployment, Log(bench.log))
    worker.pass_once()

    with bench.deployment.database.read() as tx:
        kept = list_erasures(tx, "default")
    assert [row.erased_by for row in kept] == ["retention", "retention"]
    assert '"event": "retention_erased"' in bench.log.getvalue()
    assert "CANARY" not in bench.log.getvalue()


def test_a_leap_day_counts_as_the_first_of_march():
    assert first_day_kept(datetime(2028, 2, 29, tzinfo=UTC), 1) == "2027-03-01"


def park(bench: Bench, state: str) -> None:
    form = json_text.dumps(a_form(subject={"reference": "Patient/zoe"}))
    with bench.deployment.database.write() as tx:
        add_inbound(tx, "default", "ehr", InboundCame("form-9", "1", state, form), bench.now())


def test_a_form_that_was_given_up_goes_by_its_own_age_and_is_not_taken_again(bench):
    park(bench, DISCARDED)
    at(bench, 2035)
    assert expire(bench).forms == 0
    at(bench, 2036, month=7)

    assert expire(bench, dry_run=True).forms == 1
    assert expire(bench).forms == 1
    with bench.deployment.database.read() as tx:
        assert list_inbound(tx, "default") == []
        assert id_standing(tx, "default", id_by_form("default", "ehr", "form-9")) == "erased"
        kept = select(audit_rows.c.action, audit_rows.c.count).order_by(audit_rows.c.row_id.desc())
        assert tuple(tx.execute(kept).first() or ()) == ("D", 1)


def test_a_form_that_waits_for_a_person_is_told_and_stays(bench):
    park(bench, PARKED)
    at(bench, 2036, month=7)
    done = expire(bench)

    assert (done.forms, done.open_forms) == (0, 1)
    with bench.deployment.database.read() as tx:
        assert len(list_inbound(tx, "default")) == 1
