"""Who computed the scores, and from what: our Device and the Provenance of each version of a response."""

from collections.abc import Sequence

from fhir_mappings.codes import DATA_OPERATION, PROVENANCE_PARTICIPANT, Names
from fhir_mappings.elements import (
    PUBLISHER,
    SERVICE_DEVICE,
    Json,
    coding,
    concept,
    labels,
    narrative,
    reference,
    service_reference,
)
from fhir_mappings.filled import Filled


def to_device(names: Names, version: str) -> Json:
    """Return this service as a Device; ``version`` is the software's."""
    device_id = SERVICE_DEVICE.removeprefix("Device/")
    return {
        "resourceType": "Device",
        "id": device_id,
        "text": narrative(f"{PUBLISHER}, version {version}"),
        "identifier": [{"system": names.identifier("device"), "value": device_id}],
        "status": "active",
        "deviceName": [{"name": PUBLISHER, "type": "user-friendly-name"}],
        "type": {"text": "Software that scores questionnaires"},
        "version": [{"value": version}],
    }


def provenance_id(response_id: str, version: int) -> str:
    """Return the logical id of the Provenance of one version: ``r-7-1``.

    A Provenance has no identifier, so this id is all that keeps it from being written twice.
    """
    return f"{response_id}-{version}"


def to_provenance(filled: Filled, targets: Sequence[str], recorded: str, names: Names) -> Json:
    """Return the Provenance of the scores of one version: assembled by us, authored by who answered.

    ``targets`` are references such as ``Observation/r-7.total``, at least one; ``recorded`` is an instant.
    Source: hl7.org/fhir/R4/provenance.html.
    """
    return {
        "resourceType": "Provenance",
        "id": provenance_id(filled.id, filled.version),
        "meta": {"security": labels(names)},
        "text": narrative("Scores computed from the questionnaire response"),
        "target": [reference(target) for target in targets],
        "recorded": recorded,
        "activity": {"coding": [_activity(filled)]},
        "agent": [
            _agent("assembler", "Assembler") | {"who": service_reference()},
            _agent("author", "Author") | {"who": reference(filled.source)},
        ],
        "entity": [{"role": "source", "what": reference(f"QuestionnaireResponse/{filled.id}")}],
    }


def _activity(filled: Filled) -> Json:
    # The displays are those of HL7's v3-DataOperation.
    if filled.status == "entered-in-error":
        return coding(DATA_OPERATION, "NULLIFY", "nullify")
    if filled.status == "amended":
        return coding(DATA_OPERATION, "UPDATE", "revise")
    return coding(DATA_OPERATION, "CREATE", "create")


def _agent(code: str, display: str) -> Json:
    return {"type": concept(coding(PROVENANCE_PARTICIPANT, code, display))}
