"""The operation ``$extract``: the Observations of a response, as one transaction. Nothing is stored.

Source: hl7.org/fhir/uv/sdc/extraction.html, "Observation-based extraction".
"""

from collections.abc import Mapping
from uuid import NAMESPACE_URL, uuid5

from fhir_mappings.answers import canonical_answers
from fhir_mappings.bundle import Entry, percent_encoded, rewrite_references, to_transaction
from fhir_mappings.codes import Names
from fhir_mappings.elements import Json
from fhir_mappings.errors import Fault, ResourceRefused
from fhir_mappings.extra_codings import NO_EXTRA_CODINGS
from fhir_mappings.filled import Filled
from fhir_mappings.instrument import Instrument
from fhir_mappings.observation import to_observations
from fhir_mappings.reading import CheckedResponse, ReadResponse, read_and_check
from fhir_mappings.response_head import ROOT

_SENT = "questionnaire-response"
_FINAL = ("completed", "amended")
_NOTHING = "This form has no score, or too few items are answered for one."


def read_extract(parameters: Json, instruments: Mapping[str, Instrument], names: Names) -> Filled:
    """Return the filled instrument that was sent to ``$extract``, in Parameters or bare.

    A response without id gets one made from its content, so that extracting twice gives the same; it is not
    stored. Raises ``ResourceRefused`` with all faults: none sent, not final, answers that do not fit, or a
    form of which nobody knows who answered.
    """
    resource = _sent(parameters)
    checked = read_and_check(resource, instruments, names, statuses=_FINAL)
    source = _respondent(checked.response)
    if source is None:
        raise ResourceRefused([Fault(f"{ROOT}.source", "required", "must say who answered")])
    given = resource.get("id")
    return _filled(checked, source, given if isinstance(given, str) else _made_id(checked))


def to_extraction(
    filled: Filled,
    names: Names,
    *,
    known: bool = True,
    extra_codings: Mapping[str, Json] = NO_EXTRA_CODINGS,
) -> Json:
    """Return Parameters with the transaction of the response's Observations, those of ``to_observations``.

    Each is created unless one with its identifier is there; those of an amended response replace it. Ids are
    the receiver's to give; the Observations refer to each other by ``urn:uuid``. ``known`` False leaves out
    the reference to a response that is stored nowhere. Where there is nothing to extract, a warning says so.
    """
    observations = to_observations(filled, names, extra_codings=extra_codings)
    if not observations:
        return _parameters("issues", _warning())
    counterparts = {f"Observation/{one['id']}": _urn(one) for one in observations}
    if known:
        counterparts[f"{ROOT}/{filled.id}"] = f"{ROOT}/{filled.id}"
    entries = [_entry(one, rewrite_references(one, counterparts)) for one in observations]
    return _parameters("return", to_transaction(entries))


def _sent(parameters: Json) -> Json:
    if parameters.get("resourceType") != "Parameters":
        return parameters
    listed = parameters.get("parameter", [])
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and one.get("name") == _SENT and isinstance(one.get("resource"), dict):
            sent: Json = one["resource"]
            return sent
    raise ResourceRefused(
        [Fault(f"Parameters.parameter.where(name='{_SENT}')", "required", "must hold the response")]
    )


def _respondent(response: ReadResponse) -> str | None:
    """Return who answered; where it is not said, the form decides."""
    by_form = {"client": response.patient, "therapist": response.therapist or response.author}
    return response.source or by_form.get(response.instrument.perspective)


def _made_id(checked: CheckedResponse) -> str:
    response = checked.response
    content = (
        response.instrument.reference,
        response.patient,
        response.authored,
        canonical_answers(response.instrument, checked.answers),
    )
    return str(uuid5(NAMESPACE_URL, "\n".join(content)))


def _filled(checked: CheckedResponse, source: str, response_id: str) -> Filled:
    response = checked.response
    return Filled(
        id=response_id,
        version=1,
        status="amended" if response.status == "amended" else "completed",
        instrument=response.instrument,
        answers=checked.answers,
        scores=checked.scores,
        patient=response.patient,
        source=source,
        author=response.author,
        therapist=response.therapist,
        encounter=response.encounter,
        authored=response.authored,
        identifier=response.identifier,
        session_date=response.session_date,
        session_number=response.session_number,
        language=response.language,
        last_updated=response.authored,
    )


def _urn(observation: Json) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_URL, 'Observation/' + observation['id'])}"


def _entry(observation: Json, rewritten: Json) -> Entry:
    """Return one request; version and time of change are the receiver's to give, as the id is."""
    (identifier,) = observation["identifier"]
    query = f"identifier={percent_encoded(identifier['system'] + '|' + identifier['value'])}"
    kept = {key: value for key, value in rewritten.items() if key != "id"}
    kept["meta"] = {"security": rewritten["meta"]["security"]}
    if observation["status"] == "final":
        return Entry(kept, _urn(observation), "POST", "Observation", if_none_exist=query)
    return Entry(kept, _urn(observation), "PUT", f"Observation?{query}")


def _warning() -> Json:
    issue = {"severity": "warning", "code": "informational", "details": {"text": _NOTHING}}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def _parameters(name: str, resource: Json) -> Json:
    return {"resourceType": "Parameters", "parameter": [{"name": name, "resource": resource}]}
