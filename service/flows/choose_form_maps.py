"""Which forms of the EHR's own stand for which of our instruments: read at start, or every fault told."""

from collections.abc import Mapping
from hashlib import sha256

from fhir_mappings import json_text
from fhir_mappings.form_map import FormMap
from fhir_mappings.form_map_file import check_form_maps
from fhir_mappings.instrument import Instrument
from service.errors import SettingsRefused
from service.flows.deployment import Deployment
from service.settings import Settings

FOLDER = "ALLIANCE_FORM_MAPS_DIR"


def choose_form_maps(
    settings: Settings, files: Mapping[str, str], known: Mapping[str, Instrument]
) -> Mapping[str, FormMap]:
    """Return the maps of the configured EHR by instrument id; files of other EHRs are checked all the same.

    Raises ``SettingsRefused`` with every fault of every file (``<ehr>/<instrument>.toml`` -> text).
    """
    report = check_form_maps(files, known)
    if report.faults:
        raise SettingsRefused([f"{FOLDER}: {fault}" for fault in report.faults])
    return report.maps.get(settings.ehr_name, {})


def fingerprint_of_forms(deployment: Deployment) -> str:
    """Return a text that changes with the forms that are taken out of the EHR, and with their maps."""
    taken = sorted(one.reference for one in deployment.instruments.values())
    worded = sorted(form.reference for one in deployment.instruments.values() for form in one.clinic_forms)
    maps = [_told(deployment.form_maps[one]) for one in sorted(deployment.form_maps)]
    return sha256(json_text.dumps([deployment.names.base, taken, worded, maps])).hexdigest()


def _told(form: FormMap) -> list[object]:
    items = [(one.ours, one.link_id, one.value, one.system or "", dict(one.codes)) for one in form.items]
    return [form.instrument, form.questionnaire, sorted(form.ignored), items]
