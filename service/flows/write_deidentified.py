"""Write what is kept of a clinic for a recipient who is to know nobody: pseudonyms, day offsets, codes.

Patients come in the order of their pseudonyms, which tells nothing of when they came. Sites have names of
the recipient's own; those of few patients are one.
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
from service.store.export_people import ExportPatient, dyad_sites, patients_to_export, site_sizes
from service.store.export_rows import Believed, alerts_of, responses_of

# The minimum cell of service/reporting: whoever is one of fewer might be recognised.
FEWEST_OF_A_SITE = 11
OTHER_SITE = "other"
_PATIENTS_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class _Profile:
    """One run: whose pseudonyms, up to which instant, and what sites are called."""

    deployment: Deployment
    pseudonyms: Pseudonyms
    until: str
    sites: Mapping[str, str]

    def whose(self, kind: str, own: str, patient: ExportPatient, therapist: str, site: str | None) -> Whose:
        """Return the pseudonyms of a thing; its day is put in by whoever knows it."""
        return Whose(
            own=self.pseudonyms.of(kind, own),
            patient=self.pseudonyms.of("patient", patient.key),
            therapist=self.pseudonyms.of("therapist", therapist) if therapist else None,
            site=self.sites[site] if site else None,
            day=0,
        )


def write_deidentified(deployment: Deployment, recipient: str, folder: Path) -> int:
    """Return how many lines were written: ``responses.ndjson``, ``alerts.ndjson`` and the manifest."""
    until = as_instant(deployment.clock())
    with deployment.database.write() as tx:
        pseudonyms = take_pseudonyms(tx, deployment, recipient)
    with deployment.database.read() as tx:
        patients = patients_to_export(tx, deployment.clinic)
        sites = _named_sites(pseudonyms, site_sizes(tx, deployment.clinic))
    profile = _Profile(deployment, pseudonyms, until, sites)
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


def _named_sites(pseudonyms: Pseudonyms, sizes: Mapping[str, int]) -> dict[str, str]:
    return {
        site: f"site-{pseudonyms.of('site', site)[:8]}" if size >= FEWEST_OF_A_SITE else OTHER_SITE
        for site, size in sizes.items()
    }


def _lines(tx: Tx, profile: _Profile, patient: ExportPatient) -> Generator[Line, None, None]:
    clinic, known = profile.deployment.clinic, profile.deployment.known
    sites = dyad_sites(tx, clinic, patient.key)
    which = Believed(profile.until)
    for one in responses_of(tx, clinic, patient.alias_rows, which):
        whose = profile.whose("response", one.id, patient, one.therapist, sites.get(one.dyad_row))
        dated = _on_day(whose, patient, one.session_date)
        line = to_deidentified_response(filled_from(one, known), dated, one.age_years)
        yield Line("responses", json_text.dumps(line))
    for alert in alerts_of(tx, clinic, patient.alias_rows, which):
        whose = profile.whose("alert", alert.id, patient, alert.therapist, sites.get(alert.dyad_row))
        dated = _on_day(whose, patient, alert.session_date)
        yield Line("alerts", json_text.dumps(to_deidentified_alert(alert_facts(alert), dated)))


def _on_day(whose: Whose, patient: ExportPatient, day: str) -> Whose:
    offset = date.fromisoformat(day) - date.fromisoformat(patient.first_day)
    return Whose(whose.own, whose.patient, whose.therapist, whose.site, offset.days)
