"""Write what is kept of a clinic for a recipient who is to know nobody: pseudonyms, day offsets, codes.

Patients come in the order of their pseudonyms, which tells nothing of when they came. Sites have names of
the recipient's own; those of few patients are one, and none where that one has few patients too.
"""

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from fhir_mappings import json_text
from fhir_mappings.deidentified import Whose, to_deidentified_alert, to_deidentified_response
from service.clock import as_instant
from service.export_files import ExportWriter, Line
from service.flows.deployment import Deployment
from service.flows.load import alert_facts, filled_from
from service.flows.pseudonym_keys import Pseudonyms, take_pseudonyms
from service.flows.write_ndjson import write_manifest
from service.store.database import Tx
from service.store.export_people import (
    ExportPatient,
    dyad_sites,
    first_age,
    patients_by_site,
    patients_to_export,
)
from service.store.export_rows import Believed, alerts_of, responses_of

# The minimum cell of service/reporting: whoever is one of fewer might be recognised.
FEWEST_OF_A_SITE = 11
OTHER_SITE = "other"
_PATIENTS_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class _Profile:
    """One run: whose pseudonyms, what was believed at its instant, and what sites are called.

    ``elsewhere`` is what sites of few patients are called, and those that were first told meanwhile.
    """

    deployment: Deployment
    pseudonyms: Pseudonyms
    which: Believed
    sites: Mapping[str, str]
    elsewhere: str | None

    def whose(self, kind: str, own: str, patient: ExportPatient, therapist: str, site: str | None) -> Whose:
        """Return the pseudonyms of a thing; its day is put in by whoever knows it."""
        return Whose(
            own=self.pseudonyms.of(kind, own),
            patient=self.pseudonyms.of("patient", patient.key),
            therapist=self.pseudonyms.of("therapist", therapist) if therapist else None,
            site=self.sites.get(site, self.elsewhere) if site else None,
            day=0,
        )


def write_deidentified(deployment: Deployment, recipient: str, folder: Path) -> int:
    """Return how many lines were written: ``responses.ndjson``, ``alerts.ndjson`` and the manifest."""
    until = as_instant(deployment.clock())
    which = Believed(until)
    with deployment.database.write() as tx:
        pseudonyms = take_pseudonyms(tx, deployment, recipient)
    with deployment.database.read() as tx:
        patients = patients_to_export(tx, deployment.clinic, which)
        by_site = patients_by_site(tx, deployment.clinic, which)
    profile = _Profile(deployment, pseudonyms, which, _named(pseudonyms, by_site), _elsewhere(by_site))
    patients.sort(key=lambda one: pseudonyms.of("patient", one.key))
    with ExportWriter(folder, ()) as writer:
        for start in range(0, len(patients), _PATIENTS_AT_ONCE):
            with deployment.database.read() as tx:
                for patient in patients[start : start + _PATIENTS_AT_ONCE]:
                    with closing(_lines(tx, profile, patient)) as lines:
                        writer.write(lines)
        files = writer.finish()
    write_manifest(folder, until[:4], files)
    return sum(one.lines for one in files)


def _named(pseudonyms: Pseudonyms, by_site: Mapping[str, set[str]]) -> dict[str, str]:
    """Return what sites are called that have enough patients."""
    large = [site for site, patients in by_site.items() if len(patients) >= FEWEST_OF_A_SITE]
    return {site: f"site-{pseudonyms.of('site', site)[:8]}" for site in large}


def _elsewhere(by_site: Mapping[str, set[str]]) -> str | None:
    """Return what the other sites are called: nothing where even together they have few patients."""
    small = [patients for patients in by_site.values() if len(patients) < FEWEST_OF_A_SITE]
    return OTHER_SITE if len(set().union(*small)) >= FEWEST_OF_A_SITE else None


def _lines(tx: Tx, profile: _Profile, patient: ExportPatient) -> Generator[Line, None, None]:
    clinic, known, which = profile.deployment.clinic, profile.deployment.known, profile.which
    sites = dyad_sites(tx, clinic, patient.key)
    # One age for all: the day on which a band changes would tell a birthday.
    age = first_age(tx, clinic, patient.alias_rows, which)
    for one in responses_of(tx, clinic, patient.alias_rows, which):
        whose = profile.whose("response", one.id, patient, one.therapist, sites.get(one.dyad_row))
        dated = _on_day(whose, patient, one.session_date)
        line = to_deidentified_response(filled_from(one, known), dated, age)
        yield Line("responses", json_text.dumps(line))
    for alert in alerts_of(tx, clinic, patient.alias_rows, which):
        whose = profile.whose("alert", alert.id, patient, alert.therapist, sites.get(alert.dyad_row))
        dated = _on_day(whose, patient, alert.session_date)
        line = to_deidentified_alert(alert_facts(alert), dated, historical=alert.historical)
        yield Line("alerts", json_text.dumps(line))


def _on_day(whose: Whose, patient: ExportPatient, day: str) -> Whose:
    offset = date.fromisoformat(day) - date.fromisoformat(patient.first_day)
    return Whose(whose.own, whose.patient, whose.therapist, whose.site, offset.days)
