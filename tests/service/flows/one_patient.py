"""A clinic in which Anna has a row in every table that can hold one. Nobody here exists."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from fhir_mappings import json_text
from fhir_mappings.filled import Identifier
from service.callers import LOOPBACK
from service.flows.act_on_alert import PersonsAct, act_on_alert
from service.flows.api_keys import NewKey, create_api_key
from service.flows.form_link import LinkedForm, LinkFacts
from service.flows.make_form_link import make_form_link
from service.flows.merge_patients import merge_patients
from service.flows.record_attendance import NewAttendance, record_attendance
from service.flows.set_disclosure import set_disclosure
from service.flows.tell_treatment_end import NewEnd, tell_treatment_end
from service.flows.write_subscription import Author, create_subscription
from service.store.alerts import AlertRow, alerts_of_dyad
from service.store.cards import CardRow, add_card
from service.store.database import Tx
from service.store.disclosures import Disclosure
from service.store.erasure import Holdings, find_holdings
from service.store.imports import leave_unjudged
from service.store.inbound import PARKED, InboundCame, Replaced, add_inbound, keep_replacement
from service.store.merges import joined_keys
from service.store.patients import alias_rows, find_alias, lock_dyads, own_key_of
from tests.builders import a_response as a_form
from tests.service.build import an_access
from tests.service.flows.delivering import Bench, a_bench
from tests.service.flows.notifying import BASE, an_asked, numbered

ANNA, ANNAS_OTHER_NAME, BERT = "Patient/anna-CANARY", "Patient/anna-twin-CANARY", "Patient/bert"
WORDS = "CANARY said something of her mother"
WEBHOOK = {
    "webhook_url": "https://pager.example/hook",
    "webhook_secret": ("whsec_" + "A" * 32,),
    "subscription_hosts": ("ehr.north.example",),
}


@contextmanager
def a_full_clinic(folder: Path) -> Iterator[Bench]:
    with a_bench(folder, settings=WEBHOOK) as bench:
        _subscribe(bench)
        rate(bench, ANNA, (*[(n, "37.0") for n in range(1, 7)], (7, "22.0")))
        rate(bench, BERT, ((7, "36.0"),))
        rate(bench, ANNAS_OTHER_NAME, ((8, "36.0"),))
        numbered(bench.deployment)
        bench.deliver_all()
        _tell_more(bench)
        yield bench


def rate(bench: Bench, patient: str, ratings: tuple[tuple[int, str], ...], **changes: object) -> list[str]:
    """Record ratings of a patient under identifiers of their own; return the ids."""
    return [
        bench.record(
            session,
            total,
            patient=patient,
            source=patient,
            identifier=Identifier("urn:clinic:north", f"{patient}-{session}"),
            body=json_text.dumps({"of": patient}),
            **changes,
        ).filled.id
        for session, total in ratings
    ]


def holdings(bench: Bench, patient: str) -> Holdings:
    with bench.deployment.database.read() as tx:
        alias = find_alias(tx, "default", patient)
        keys = joined_keys(tx, "default", own_key_of(tx, alias)) if alias else {}
        return find_holdings(tx, "default", sorted(keys))


def alerts_of(bench: Bench, patient: str) -> list[AlertRow]:
    held = holdings(bench, patient)
    with bench.deployment.database.read() as tx:
        rows = alias_rows(tx, "default", [patient])
        every = [row for dyad in range(1, 20) for row in alerts_of_dyad(tx, "default", dyad)]
    assert set(rows) <= set(held.alias_rows)
    return [row for row in every if row.alias_row in rows]


def an_attendance(patient: str) -> NewAttendance:
    identifier = Identifier("urn:clinic:visits", f"v-{patient}")
    return NewAttendance("missed", patient, "Practitioner/ada", "2026-02-20", None, None, identifier)


def _keys(tx: Tx) -> list[str]:
    alias = find_alias(tx, "default", ANNA)
    return [alias.patient_key] if alias else []


def _subscribe(bench: Bench) -> None:
    """Let somebody ask to be told of Anna."""
    asked = an_asked(filters=(f"patient={ANNA}",), headers=(("Authorization", "Bearer hidden"),))
    create_subscription(bench.deployment, asked, Author(LOOPBACK, BASE), an_access())


def link_facts(patient: str) -> LinkFacts:
    return LinkFacts(
        patient=patient,
        respondent=patient,
        therapist="Practitioner/ada",
        encounter=None,
        session_number=10,
        session_date=None,
        another_session=False,
        age_years=None,
        site=None,
        team=None,
        approach=None,
        language=None,
        layout="one-page",
        forms=(LinkedForm("session-check-in-client", None),),
    )


def _a_card(alert: AlertRow, now: str) -> CardRow:
    return CardRow(
        clinic="default",
        id="card-1",
        alias_row=alert.alias_row,
        person="Practitioner/ada",
        alert_id=alert.id,
        alert_version=alert.version,
        shown_at=now,
    )


def _leave_unjudged(bench: Bench) -> None:
    """Leave what an import leaves; the next rating is judged beside it, and what it found is kept again."""
    with bench.deployment.database.write() as tx:
        leave_unjudged(tx, "default", [dyad.row for dyad in lock_dyads(tx, "default", _keys(tx))])


def _tell_more(bench: Bench) -> None:
    """Let people act, appointments be missed, forms wait, and patients be merged."""
    deployment, write = bench.deployment, an_access("U")
    (alert,) = alerts_of(bench, ANNA)
    act_on_alert(deployment, alert.id, None, PersonsAct("acknowledge", "Practitioner/ada"), write)
    note = PersonsAct("repair-steps", "Practitioner/ada", step="noticed", words=WORDS)
    act_on_alert(deployment, alert.id, None, note, write)
    set_disclosure(deployment, ANNA, Disclosure(share=False), write)
    for patient in (ANNA, BERT):
        record_attendance(deployment, an_attendance(patient), an_access())
        ended = NewEnd(patient, "Practitioner/ada", "2026-03-02", "planned", by="Practitioner/ada")
        tell_treatment_end(deployment, ended, an_access("U"))
        make_form_link(deployment, link_facts(patient), timedelta(days=1), an_access())
    expires = deployment.clock() + timedelta(days=90)
    for patient in (ANNA, BERT):
        own_app = NewKey(f"app of {patient}", "patient/Observation.rs", expires, patient=patient)
        create_api_key(deployment.database, own_app, deployment.clock(), write)
    _leave_unjudged(bench)
    encounter = {"origin": "fhir", "therapist": None, "encounter": "Encounter/e-CANARY", "session_date": None}
    rate(bench, ANNA, ((9, "36.1"),), **encounter)
    parked = a_form(subject={"reference": f"https://ehr.example/fhir/{ANNA}"})
    with deployment.database.write() as tx:
        came = InboundCame("form-1", "1", PARKED, json_text.dumps(parked))
        add_inbound(tx, "default", "ehr", came, bench.now())
        replaced = Replaced("Patient/anna-before-CANARY", ANNA)
        keep_replacement(tx, "default", "ehr", replaced, bench.now())
        add_card(tx, _a_card(alert, bench.now()))
    merge_patients(deployment, ANNAS_OTHER_NAME, ANNA, "Practitioner/sue", write)
    bench.deliver_all()
