"""A patient is shown all that is kept of them: every version, every row, and nobody else's."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_mappings import json_text
from fhir_mappings.structure import check_structure
from service.errors import NotFound
from service.flows.audit_command import command_access
from service.flows.export_patient import export_patient
from service.store.erasure import count_rows
from service.store.inbound import PARKED, InboundCame, add_inbound
from service.store.tables import responses
from tests.builders import a_response as a_form
from tests.service.flows.delivering import Bench
from tests.service.flows.one_patient import ANNA, ANNAS_OTHER_NAME, WORDS, a_full_clinic, holdings

ACCESS = command_access("default", "export-patient", "R")


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Bench]:
    with a_full_clinic(tmp_path) as made:
        yield made


def export(bench: Bench, patient: str = ANNA):
    return json_text.loads(export_patient(bench.deployment, patient, ACCESS))


def resources(bundle, kind: str):
    return [one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == kind]


def test_every_row_of_every_table_is_there(clinic):
    shown = Counter(
        row["name"] for one in resources(export(clinic), "Parameters") for row in one["parameter"]
    )
    held = holdings(clinic, ANNA)
    with clinic.deployment.database.read() as tx:
        assert shown == count_rows(tx, held)


def test_every_version_of_responses_and_alerts_is_there(clinic):
    held = holdings(clinic, ANNA)
    corrected = {"patient": ANNA, "source": ANNA, "identifier": None, "session": 1, "total": "36.9"}
    clinic.correct(held.response_ids[0], **corrected)
    bundle = export(clinic)
    versions = [
        one["meta"]["versionId"]
        for one in resources(bundle, "QuestionnaireResponse")
        if one["id"] == held.response_ids[0]
    ]

    assert versions == ["1", "2"]
    assert len(resources(bundle, "DetectedIssue")) == len(resources(bundle, "Task")) >= 3


def test_what_people_wrote_is_there(clinic):
    assert WORDS in json_text.dumps(export(clinic)).decode()


def test_nobody_else_is_there(clinic):
    assert "Patient/bert" not in json_text.dumps(export(clinic)).decode()


def test_another_name_of_the_patient_gives_the_same(clinic):
    export(clinic)
    one, other = export(clinic), export(clinic, ANNAS_OTHER_NAME)
    urls = [[entry["fullUrl"] for entry in bundle["entry"]][:20] for bundle in (one, other)]

    assert urls[0] == urls[1]


def test_no_two_entries_have_one_address(clinic):
    urls = Counter(one["fullUrl"] for one in export(clinic)["entry"])

    assert max(urls.values()) == 1


def test_every_resource_is_fhir(clinic):
    for one in export(clinic)["entry"]:
        check_structure(one["resource"])


def test_the_export_is_audited(clinic):
    export(clinic)
    rows = [row for one in resources(export(clinic), "Parameters") for row in one["parameter"]]
    audited = [row for row in rows if row["name"] == "audit_rows"]

    assert {"name": "action", "valueString": "R"} in audited[-1]["part"]


def test_accesses_are_there_as_audit_events(clinic):
    event = resources(export(clinic), "AuditEvent")[-1]

    assert (event["action"], event["outcome"]) == ("R", "0")
    assert {"reference": ANNA} in [one["what"] for one in event["entity"]]


def test_an_unknown_patient_has_none(clinic):
    with pytest.raises(NotFound):
        export(clinic, "Patient/nobody")


def test_rows_know_each_other_by_numbers_that_are_left_out(clinic):
    names = {
        part["name"]
        for one in resources(export(clinic), "Parameters")
        for row in one["parameter"]
        for part in row["part"]
    }

    assert not {name for name in names if name.endswith("_row")}
    assert {"answers", "body", "words", "judged"} <= names
    assert "alias_row" in responses.c


def test_who_is_known_by_a_form_of_the_ehr_alone_is_shown_it(clinic):
    form = json_text.dumps(a_form(subject={"reference": "Patient/zoe"}))
    with clinic.deployment.database.write() as tx:
        add_inbound(tx, "default", "ehr", InboundCame("form-9", "1", PARKED, form), clinic.now())
    bundle = export(clinic, "Patient/zoe")

    shown = {row["name"] for one in resources(bundle, "Parameters") for row in one["parameter"]}
    assert shown == {"inbound_responses", "patient_aliases", "audit_rows"}
