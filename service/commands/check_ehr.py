"""``check-ehr``: try the way to the EHR and tell in plain words what works and what does not."""

import argparse
import re
from collections.abc import Mapping
from dataclasses import asdict, replace

from fhir_mappings import json_text
from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.codes import Names
from service.clock import system_clock
from service.commands.command import Commands, Write, add_clinic
from service.commands.environment import ehr_profile_of, one_clinic
from service.ehr.client import EhrClient
from service.ehr.connection import credentials_for, open_http
from service.errors import SettingsRefused
from service.flows.check_ehr import EhrReport, check_ehr, types_in_words
from service.flows.probe_ehr import Probe, probe_ehr
from service.http import Http
from service.settings import Settings

_PATIENT = re.compile(r"(Patient/)?[A-Za-z0-9.\-]{1,64}")
_ENCOUNTER = re.compile(r"Encounter/[A-Za-z0-9.\-]{1,64}")


def add_to(commands: Commands) -> None:
    """Add ``check-ehr``."""
    about = "try the way to the EHR, and say what would be sent how"
    check = add_clinic(commands.add("check-ehr", _check_ehr, about))
    check.add_argument("--json", action="store_true", help="answer as JSON, for programs")
    check.add_argument("--patient", type=_patient, metavar="REF", help="look this patient up: Patient/anna")
    check.add_argument(
        "--write-probe",
        type=_patient,
        metavar="PATIENT",
        help="write a marked test response (or note) about this TEST patient, and withdraw it again",
    )
    check.add_argument(
        "--encounter",
        type=_encounter,
        metavar="REF",
        help="an encounter of the TEST patient, for an EHR that files notes into encounters: Encounter/e-1",
    )
    check.add_argument("--yes", action="store_true", help="write it even where it cannot be withdrawn")


def _patient(text: str) -> str:
    if not _PATIENT.fullmatch(text):
        raise argparse.ArgumentTypeError("must be a reference such as Patient/anna")
    return f"Patient/{text.removeprefix('Patient/')}"


def _encounter(text: str) -> str:
    if not _ENCOUNTER.fullmatch(text):
        raise argparse.ArgumentTypeError("must be a reference such as Encounter/e-1")
    return text


def _check_ehr(asked: argparse.Namespace, environ: Mapping[str, str], write: Write) -> int:
    with one_clinic(asked, environ) as clinic:
        return _check(asked, clinic.settings, write)


def _check(asked: argparse.Namespace, settings: Settings, write: Write) -> int:
    if settings.ehr_base_url is None:
        raise SettingsRefused(["ALLIANCE_EHR_BASE_URL: must be set, to be checked"])
    http = open_http(settings)
    try:
        report = _report(asked, settings, settings.ehr_base_url, http)
    finally:
        http.close()
    write(_as_json(report) if asked.json else _as_text(report))
    return 0 if report.well else 1


def _report(asked: argparse.Namespace, settings: Settings, base_url: str, http: Http) -> EhrReport:
    credentials = credentials_for(settings, http, system_clock)
    client = EhrClient(http, base_url, system_clock, ehr_profile_of(settings), credentials=credentials)
    report = check_ehr(client, settings, asked.patient)
    if asked.write_probe is None or report.capabilities is None:
        return report
    names = Names(settings.canonical_base, settings.security_labels)
    probe = Probe(client, report.capabilities, shipped_instruments(), names, system_clock)
    step = probe_ehr(probe, asked.write_probe, even_for_good=asked.yes, encounter=asked.encounter)
    return replace(report, steps=(*report.steps, step))


def _as_text(report: EhrReport) -> str:
    lines = [f"{_mark(step.well, step.counts)}  {step.name:<12} {step.sentence}" for step in report.steps]
    if report.types:
        lines += ["", "What we may do there:", *(f"  {line}" for line in types_in_words(report.types))]
    if report.plan:
        lines += ["", "What would be sent how:", *(f"  {sentence}" for sentence in report.plan)]
    if report.bites:
        lines += ["", "What is known to bite with such an EHR:", *(f"  {one}" for one in report.bites)]
    lines += ["", "All is well." if report.well else "Not all is well."]
    return "\n".join(lines) + "\n"


def _mark(well: bool, counts: bool) -> str:  # noqa: FBT001 - two halves of one sign
    return "ok  " if well and counts else "note" if not counts else "BAD "


def _as_json(report: EhrReport) -> str:
    return json_text.dumps_indented(
        {
            "well": report.well,
            "steps": [asdict(step) for step in report.steps],
            "types": [asdict(one) for one in report.types],
            "plan": list(report.plan),
            "bites": list(report.bites),
        }
    ).decode()
