"""Of an erased patient nothing is left: no row, no byte, no way back; others lose nothing."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import func, select

from fhir_mappings import json_text
from fhir_mappings.json_text import dumps
from service.errors import Erased, NotFound, RequestRefused, Unsettled
from service.flows.act_on_alert import PersonsAct, act_on_alert
from service.flows.api_keys import NewKey, create_api_key
from service.flows.correct_response import correct_response
from service.flows.erase_patient import Certificate, Erasing, erase_patient
from service.flows.merge_patients import undo_merge
from service.flows.own_ids import id_by_form
from service.flows.record_attendance import record_attendance
from service.store.alert_tables import alert_acts
from service.store.caller_tables import api_keys
from service.store.columns import metadata
from service.store.erasure import KEPT, count_rows, tables_with_a_rule
from service.store.erasures import id_standing, list_erasures
from service.store.inbound import PARKED, InboundCame, add_inbound
from service.store.inbound_tables import inbound_responses
from service.store.tables import alerts, audit_rows, deliveries, dyads, patient_aliases, responses
from tests.builders import a_response as a_form
from tests.databases import sqlite_only
from tests.service.build import a_response, an_access
from tests.service.ehr.fake_ehr import Fault
from tests.service.flows.delivering import Bench, a_bench
from tests.service.flows.one_patient import (
    ANNA,
    ANNAS_OTHER_NAME,
    BERT,
    a_full_clinic,
    alerts_of,
    an_attendance,
    holdings,
    rate,
)

ASKED = Erasing("Practitioner/dpo", "Art. 17, letter of March")


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Bench]:
    with a_full_clinic(tmp_path) as made:
        yield made


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as made:
        yield made


def erase(bench: Bench, patient: str = ANNA, erasing: Erasing = ASKED) -> Certificate:
    return erase_patient(bench.deployment, patient, erasing, an_access("D"))


def counted(bench: Bench, patient: str) -> dict[str, int]:
    held = holdings(bench, patient)
    with bench.deployment.database.read() as tx:
        return count_rows(tx, held)


def rows_in(bench: Bench, table) -> int:
    with bench.deployment.database.read() as tx:
        return tx.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.mark.usefixtures("bench")  # its migrations make every table known
def test_every_table_has_a_rule_or_a_reason_to_stay():
    assert tables_with_a_rule() | KEPT.keys() == metadata.tables.keys()
    assert not tables_with_a_rule() & KEPT.keys()


def test_the_made_up_patient_has_a_row_in_every_table_with_a_rule(clinic):
    assert counted(clinic, ANNA).keys() - {"audit_rows"} == tables_with_a_rule()


def test_nothing_of_the_patient_is_left(clinic):
    before = holdings(clinic, ANNA)
    erase(clinic)

    with clinic.deployment.database.read() as tx:
        assert count_rows(tx, before).keys() == {"audit_rows"}


def test_others_lose_nothing(clinic):
    before = counted(clinic, BERT)
    erase(clinic)

    assert counted(clinic, BERT) == before


def test_whoever_is_merged_goes_too(clinic):
    erase(clinic, ANNAS_OTHER_NAME)

    assert holdings(clinic, ANNA).keys == ()


def test_the_certificate_counts_what_went_and_says_what_the_ehr_holds(clinic):
    before = counted(clinic, ANNA)
    before.pop("audit_rows")
    certificate = erase(clinic)

    there = {f"{row.type}/{row.id}" for row in clinic.ehr.rows if "anna" in str(row.resource)}
    assert certificate["rows"] == before
    assert {one["resource"] for one in certificate["ehr"]} >= {
        one for one in there if one.startswith(("Questionnaire", "Observation", "Detected"))
    }


def test_the_kept_certificate_names_nobody(clinic):
    certificate = erase(clinic)

    with clinic.deployment.database.read() as tx:
        (kept,) = list_erasures(tx, "default")
    assert json_text.loads(kept.certificate) == certificate
    assert "CANARY" not in kept.certificate


@sqlite_only
def test_no_byte_of_the_patient_is_left_in_the_file(clinic, tmp_path):
    erase(clinic)
    assert clinic.deployment.database.scrub()

    files = b"".join(file.read_bytes() for file in tmp_path.glob("alliance.db*"))
    assert b"bert" in files
    assert b"CANARY" not in files


def test_a_dry_run_changes_nothing_but_the_audit(clinic):
    before = counted(clinic, ANNA)
    dry = erase(clinic, erasing=Erasing("me", "to see", dry_run=True))
    audited = before.pop("audit_rows")

    assert (dry["dry_run"], dry["rows"]) == (True, before)
    assert counted(clinic, ANNA) == {**before, "audit_rows": audited + 1}


def test_the_audit_stays(clinic):
    before = rows_in(clinic, audit_rows)
    erase(clinic)

    assert rows_in(clinic, audit_rows) > before


def test_somebody_unknown_cannot_be_erased(clinic):
    with pytest.raises(NotFound):
        erase(clinic, "Patient/nobody")


def test_what_is_sent_again_is_refused(bench):
    rate(bench, ANNA, ((7, "36.0"),))
    record_attendance(bench.deployment, an_attendance(ANNA), an_access())
    erase(bench)

    with pytest.raises(Erased):
        rate(bench, ANNA, ((7, "36.0"),))
    with pytest.raises(Erased):
        record_attendance(bench.deployment, an_attendance(ANNA), an_access())
    assert rows_in(bench, patient_aliases) == 0


def test_a_new_therapy_of_the_same_person_is_taken(bench):
    rate(bench, ANNA, ((7, "36.0"),))
    erase(bench)
    rate(bench, ANNA, ((8, "36.0"),))

    assert rows_in(bench, responses) == 1


def test_a_response_that_was_erased_cannot_be_corrected(bench):
    (response_id,) = rate(bench, ANNA, ((7, "36.0"),))
    erase(bench)

    with pytest.raises(NotFound):
        correct_response(bench.deployment, response_id, 1, a_response(), an_access("U"))


def test_what_waits_is_stopped_and_never_leaves(bench):
    rate(bench, ANNA, ((7, "36.0"),))
    certificate = erase(bench)
    bench.deliver_all()

    assert certificate["open"] == {"deliveries": 1}
    assert bench.ehr.writes == []


def test_what_may_be_in_the_ehr_without_our_knowing_keeps_a_patient(bench):
    bench.ehr.faults = [Fault(performs=True)]
    bench.ehr.hides_seconds = 600.0
    rate(bench, ANNA, ((7, "36.0"),))
    bench.deliver()

    with pytest.raises(Unsettled) as refused:
        erase(bench)
    assert [fault.reason for fault in refused.value.faults] == ["unsettled"]
    certificate = erase(bench, erasing=Erasing("me", "told to", unsettled_too=True))
    assert [one["state"] for one in certificate["unsettled"]] == ["unknown"]


def test_a_worker_that_still_holds_a_delivery_cannot_bring_rows_back(bench):
    rate(bench, ANNA, ((7, "36.0"),))
    left: list[str] = []

    def erase_meanwhile(name: str) -> None:
        if name == "frozen":
            left.extend(erase(bench, erasing=Erasing("me", "now", unsettled_too=True))["rows"])

    bench.crash_point = erase_meanwhile
    bench.restart()
    bench.deliver()

    assert "deliveries" in left
    assert counted(bench, ANNA) == {}


def test_alerts_of_somebody_once_merged_forget_the_patient(clinic):
    undo_merge(clinic.deployment, ANNAS_OTHER_NAME, ANNA, "Practitioner/sue", an_access("U"))
    rate(clinic, ANNAS_OTHER_NAME, tuple((n, "37.0") for n in range(20, 26)))
    erase(clinic)

    with clinic.deployment.database.read() as tx:
        kept = tx.execute(select(responses.c.patient).distinct()).scalars().all()
    assert sorted(kept) == sorted([ANNAS_OTHER_NAME, BERT])
    assert all("anna-CANARY" not in row.evidence for row in alerts_of(clinic, ANNAS_OTHER_NAME))


def test_what_is_recorded_at_the_same_moment_is_in_and_gone_or_comes_after(bench):
    rate(bench, ANNA, ((1, "36.0"),))
    start = Barrier(5)

    def record(session: int) -> None:
        start.wait()
        rate(bench, ANNA, ((session, "36.0"),))

    def go() -> None:
        start.wait()
        erase(bench)

    with ThreadPoolExecutor(5) as pool:
        for act in [pool.submit(record, n) for n in range(2, 6)] + [pool.submit(go)]:
            act.result()
    left = counted(bench, ANNA)
    # Whatever came after stands on an alias of its own; nothing hangs on rows that went.
    assert left.get("responses", 0) == left.get("deliveries", 0)
    assert rows_in(bench, responses) == left.get("responses", 0)
    assert rows_in(bench, patient_aliases) == (1 if left else 0)


def test_a_correction_at_the_same_moment_leaves_nothing(bench):
    for turn in range(5):
        (response_id,) = rate(bench, f"{ANNA}-{turn}", ((7, "36.0"),))
        start = Barrier(2)
        new = a_response(patient=f"{ANNA}-{turn}", source=f"{ANNA}-{turn}", total="30.0", identifier=None)

        def correct(own_id: str = response_id, new=new, start=start) -> None:
            start.wait()
            try:
                correct_response(bench.deployment, own_id, None, new, an_access("U"))
            except RequestRefused:
                return

        with ThreadPoolExecutor(1) as pool:
            correcting = pool.submit(correct)
            start.wait()
            erase(bench, f"{ANNA}-{turn}")
            correcting.result()
    assert rows_in(bench, responses) == 0


def test_an_act_at_the_same_moment_leaves_nothing(bench):
    rate(bench, ANNA, (*[(n, "37.0") for n in range(1, 7)], (7, "22.0")))
    (alert,) = alerts_of(bench, ANNA)
    start = Barrier(2)

    def act() -> None:
        start.wait()
        with suppress(NotFound):
            done = PersonsAct("acknowledge", "Practitioner/ada")
            act_on_alert(bench.deployment, alert.id, None, done, an_access("U"))

    with ThreadPoolExecutor(1) as pool:
        acting = pool.submit(act)
        start.wait()
        erase(bench)
        acting.result()
    assert [rows_in(bench, table) for table in (alerts, alert_acts, deliveries, dyads)] == [0, 0, 0, 0]


@sqlite_only
def test_the_file_stays_sound(clinic, tmp_path):
    erase(clinic)
    clinic.deployment.database.scrub()

    with sqlite3.connect(tmp_path / "alliance.db") as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert opened.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_number_of_an_erased_patient_is_never_given_again(clinic):
    """SQLite would: the accesses to who was erased would then tell of the next patient."""
    clinic.record(patient="Patient/last", source="Patient/last", identifier=None)
    held = holdings(clinic, "Patient/last")
    erase(clinic, "Patient/last")
    clinic.record(patient="Patient/next", source="Patient/next", identifier=None)

    assert holdings(clinic, "Patient/next").alias_rows > held.alias_rows


ZOE = "Patient/zoe-CANARY"


def park(bench: Bench, subject: str = ZOE, form: str = "form-9") -> None:
    """Let a form come out of the EHR that cannot be taken; of its patient nothing else is known here."""
    resource = a_form(subject={"reference": subject})
    with bench.deployment.database.write() as tx:
        add_inbound(tx, "default", "ehr", InboundCame(form, "1", PARKED, dumps(resource)), bench.now())


@pytest.mark.parametrize("subject", [ZOE, f"https://ehr.example/fhir/{ZOE}", f"{ZOE}/_history/2"])
def test_who_is_known_by_a_form_of_the_ehr_alone_is_erased(bench, subject):
    park(bench, subject)
    certificate = erase(bench, ZOE)

    assert certificate["rows"] == {"inbound_responses": 1, "patient_aliases": 1}
    assert certificate["ehr"] == [{"ehr": "ehr", "resource": "QuestionnaireResponse/form-9"}]
    assert rows_in(bench, inbound_responses) == 0


def test_a_dry_run_leaves_who_is_known_by_a_form_alone_as_unknown(bench):
    park(bench)
    dry = erase(bench, ZOE, Erasing("me", "to see", dry_run=True))

    assert (dry["rows"]["inbound_responses"], dry["open"]) == (1, {"forms to decide about": 1})
    assert (rows_in(bench, inbound_responses), rows_in(bench, patient_aliases)) == (1, 0)


def test_a_form_that_was_erased_is_not_taken_again(bench):
    park(bench)
    erase(bench, ZOE)

    with bench.deployment.database.read() as tx:
        assert id_standing(tx, "default", id_by_form("default", "ehr", "form-9")) == "erased"


def test_the_key_of_the_patients_own_app_goes(clinic):
    before = rows_in(clinic, api_keys)
    certificate = erase(clinic)

    assert certificate["rows"]["api_keys"] == 1
    assert rows_in(clinic, api_keys) == before - 1


def test_who_is_known_by_an_api_key_alone_is_erased(bench):
    new = NewKey("app", "patient/Observation.rs", bench.clock() + timedelta(days=9), patient=ZOE)
    create_api_key(bench.deployment.database, new, bench.clock(), an_access())

    assert erase(bench, ZOE)["rows"] == {"api_keys": 1, "patient_aliases": 1}
