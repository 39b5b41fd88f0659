"""All that we emit: the files beside this one hold what an EHR receives, and what else we answer.

``python -m tests.golden`` writes them anew. A file changes only in a commit whose message says what an EHR
will now receive.
"""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from fhir_mappings.alert import to_detected_issue
from fhir_mappings.bundle import Entry, rewrite_references, to_transaction
from fhir_mappings.catalogue import builtin_instruments, shipped_instruments
from fhir_mappings.document import NoteShape, alert_note, response_note, to_communication, to_document
from fhir_mappings.extensions import to_extension_definitions
from fhir_mappings.extra_codings import snomed_score_codings
from fhir_mappings.extract import to_extraction
from fhir_mappings.filled import Filled, Identifier
from fhir_mappings.flag import to_flag
from fhir_mappings.instrument import Instrument
from fhir_mappings.observation import to_observations, to_withdrawn
from fhir_mappings.populate import PopulateRequest, to_populated
from fhir_mappings.provenance import to_device, to_provenance
from fhir_mappings.questionnaire import to_questionnaire
from fhir_mappings.release import to_release
from fhir_mappings.response import to_response
from fhir_mappings.task import to_task
from fhir_mappings.terminology import definitions
from fhir_mappings.vocabulary import ALERT_STATUS_TERMS
from tests.answer_sets import complete_answers
from tests.builders import NAMES, WAI_CHOICES, a_filled, an_alert, numbered, srs, wai_sr

Json = dict[str, Any]
# Whatever stands there, the test EHR's validator knows.
EXTENSIONS = Path(__file__).parents[1] / "system" / "ehr" / "r5-extensions"
RECORDED = "2026-03-02T09:50:04Z"


def golden_resources() -> dict[str, list[Json]]:
    """Return file name -> the resources it holds, all of them in R4 and meant for an EHR."""
    defined = {
        f"{one['resourceType']}-{one['id']}": [one] for one in definitions(builtin_instruments(), NAMES)
    }
    return defined | {
        "Device": [to_device(NAMES, "0.1.0")],
        "DetectedIssue-open": [to_detected_issue(an_alert(), NAMES)],
        "DetectedIssue-closed-by-scores": [
            to_detected_issue(an_alert(version=2, status="closed-by-scores", severity="marked"), NAMES)
        ],
        **_alert_work(),
        **_notes(),
        **_filled_forms(),
        "srs-3-Provenance": [_provenance(a_filled())],
        "srs-3-amended-Provenance": [_provenance(a_filled(version=2, status="amended"))],
        "srs-3-transaction": [_transaction(a_filled())],
        "srs-3-withdrawn-Observations": [
            to_withdrawn(observation) for observation in to_observations(a_filled(), NAMES)
        ],
    }


def golden_answers() -> dict[str, list[Json]]:
    """Return file name -> what no R4 EHR receives: R5, instruments that are off, our operations."""
    found = {}
    for instrument in shipped_instruments().values():
        filled = _complete(instrument)
        emitted = [
            to_questionnaire(instrument, NAMES),
            to_response(filled, NAMES),
            *to_observations(filled, NAMES),
        ]
        found[f"{instrument.id}-R5"] = [to_release(one, "5.0.0") for one in emitted]
        found |= {} if instrument.id in builtin_instruments() else {f"{instrument.id}-off": emitted}
    asked = PopulateRequest(srs(), "Patient/anna", "Encounter/session-7", "Practitioner/ada")
    return found | {
        "srs-3-populated": [to_populated(asked, NAMES, "2026-03-02T10:45:00+01:00")],
        "srs-3-extraction": [to_extraction(a_filled(), NAMES)],
        "wai-sr-client-nothing-extracted": [to_extraction(a_filled(wai_sr(), {"item-1": Decimal(3)}), NAMES)],
        "srs-3-SNOMED-Observations": to_observations(a_filled(), NAMES, extra_codings=snomed_score_codings()),
    }


def golden_extensions() -> dict[str, Json]:
    """Return file name -> StructureDefinition, which the test EHR's validator reads."""
    return {f"ours-{one['id']}": one for one in to_extension_definitions(NAMES)}


def _alert_work() -> dict[str, list[Json]]:
    """Return Task and Flag of an alert in every status."""
    alerts = [
        an_alert(version=place + 1, status=term.code) for place, term in enumerate(ALERT_STATUS_TERMS.terms)
    ]
    return {
        "Task": [to_task(one, NAMES) for one in alerts],
        "Flag": [to_flag(one, NAMES) for one in alerts],
    }


def _notes() -> dict[str, list[Json]]:
    """Return the notes of a response through its life, overwritten and side by side, and an alert's."""
    first = response_note(a_filled(), NAMES)
    plain = NoteShape(content_type="text/plain", author=False, relates_to=False)
    overwriting = [
        response_note(a_filled(version=2, status=status), NAMES) for status in ("amended", "entered-in-error")
    ]
    beside = [
        response_note(a_filled(version=2, status=status), NAMES, replaces="r-7")
        for status in ("amended", "entered-in-error")
    ]
    notes = [first, *overwriting, *beside, alert_note(an_alert(), NAMES)]
    return {
        "DocumentReference": [to_document(one, NAMES) for one in notes],
        "DocumentReference-plain": [to_document(first, NAMES, plain)],
        "Communication": [to_communication(one, NAMES) for one in notes],
    }


def _filled_forms() -> dict[str, list[Json]]:
    one_blank = numbered((*WAI_CHOICES[:8], None, *WAI_CHOICES[9:]))
    forms = {
        "srs-3": a_filled(),
        "srs-3-bare-total": a_filled(total=Decimal("36.3")),
        "srs-3-blank": a_filled(answers=numbered(("9.2", "9.0", "8.7", None))),
        "srs-3-amended": a_filled(version=2, status="amended", author="Practitioner/ada"),
        "wai-sr-client": a_filled(wai_sr()),
        "wai-sr-client-one-blank": a_filled(wai_sr(), one_blank, encounter=None, therapist=None),
        "srs-3-provisional": a_filled(_provisional(srs())),
    }
    others = {one.id: _complete(one) for one in builtin_instruments().values() if one.id not in forms}
    found = {}
    for name, filled in (forms | others).items():
        found[f"{name}-QuestionnaireResponse"] = [to_response(filled, NAMES)]
        found[f"{name}-Observations"] = to_observations(filled, NAMES)
        found[f"{name}-Observation-compact"] = to_observations(filled, NAMES, form="compact")
    # Own words and choices of several give no Observation.
    return {name: resources for name, resources in found.items() if resources}


def _complete(instrument: Instrument) -> Filled:
    """Return every item answered, by whom the form says."""
    sources = {"therapist": "Practitioner/ada", "observer": "Practitioner/olga", "carer": "RelatedPerson/eve"}
    source = sources.get(instrument.perspective, "Patient/anna")
    return a_filled(instrument, complete_answers(instrument), source=source)


def _provisional(instrument: Instrument) -> Instrument:
    return replace(instrument, status="provisional", status_reason="the key is from memory.")


def _provenance(filled: Filled) -> Json:
    targets = [f"Observation/{one['id']}" for one in to_observations(filled, NAMES)]
    return to_provenance(filled, targets, RECORDED, NAMES)


def _transaction(filled: Filled) -> Json:
    """Return a response and its Observations and Provenance as an EHR with transactions receives them."""
    own = Identifier(NAMES.identifier("response"), filled.id)
    created = [to_response(filled, NAMES, identifier=own), *to_observations(filled, NAMES)]
    urns = {_own_reference(one): f"urn:uuid:{uuid5(NAMESPACE_URL, _own_reference(one))}" for one in created}
    known = urns | {"Device/alliance-service": "Device/alliance-service"}
    entries = [
        Entry(
            rewrite_references(one, known),
            urns[_own_reference(one)],
            "POST",
            one["resourceType"],
            if_none_exist=f"identifier={_identifier(one)}",
        )
        for one in created
    ]
    provenance = _provenance(filled)
    url = _own_reference(provenance)
    last = Entry(rewrite_references(provenance, known), f"https://ehr.example/fhir/{url}", "PUT", url)
    return to_transaction([*entries, last])


def _own_reference(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _identifier(resource: Json) -> str:
    identifiers = resource["identifier"]
    one = identifiers[0] if isinstance(identifiers, list) else identifiers
    return quote(f"{one['system']}|{one['value']}", safe="")
