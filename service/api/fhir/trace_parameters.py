"""The values of the search parameters of Provenance and AuditEvent."""

from fhir_mappings.codes import (
    AUDIT_ACTION,
    AUDIT_EVENT,
    AUDIT_OUTCOME,
    DICOM,
    LIFECYCLE,
    REST_INTERACTION,
)
from fhir_mappings.elements import SERVICE_DEVICE
from fhir_mappings.response_head import PEOPLE
from service.api.fhir import parameters as read
from service.api.fhir.chart_parameters import PATIENT, UPDATED
from service.api.fhir.parameters import ConditionReader
from service.api.fhir.search_parameter import Parameter
from service.api.fhir.values import Context, Pair, alternatives, observation_pair, own_ids, plain, tokens
from service.flows.search_chart import Traced
from service.store.conditions import Always, Condition, OneOf, PairOneOf


def provenance_pair(provenance_id: str) -> tuple[str, str]:
    """Return response id and version of a Provenance's id: ``r-7-1`` -> (r-7, 1)."""
    response_id, _, version = provenance_id.rpartition("-")
    return response_id, version


def provenance_ids(value: str, _: Context) -> Condition:
    """Return the condition of ``_id`` on Provenance."""
    pairs: list[Pair] = [provenance_pair(one) for one in alternatives(value)]
    # An empty side would ask for a response without id; there is none.
    return PairOneOf(("response", "version"), tuple(pair for pair in pairs if all(pair)))


def targets(value: str, context: Context) -> Traced:
    """Return the condition of ``target``: our own Observations."""
    return Traced(tuple(observation_pair(one) for one in own_ids(value, "Observation", context)))


def agents(value: str, context: Context) -> Condition:
    """Return the condition of ``agent``: this service, which had a part in all, or who answered."""
    if SERVICE_DEVICE.removeprefix("Device/") in own_ids(value, "Device", context):
        return Always(holds=True)
    return read.referring("source", *sorted(PEOPLE))(value, context)


def entities(value: str, context: Context) -> Condition:
    """Return the condition of ``entity``: the response that the scores were computed from."""
    return OneOf("response", tuple(own_ids(value, "QuestionnaireResponse", context)))


def one_of_codes(column: str, *systems: str) -> ConditionReader:
    """Return the reader of a token on a column of codes; each code stands in one of these systems."""

    def codes(value: str, _: Context) -> Condition:
        found = [code for system, code in tokens(value) if code and system in {None, *systems}]
        return OneOf(column, tuple(found))

    return codes


def callers(value: str, context: Context) -> Condition:
    """Return the condition of ``altid``: the caller's name."""
    system = context.names.identifier("caller")
    return OneOf("caller", tuple(code for of, code in tokens(value) if code and of in {None, "", system}))


def people(value: str, context: Context) -> Condition:
    """Return the condition of ``agent`` on AuditEvent: who was behind the caller."""
    return read.referring("person", "Practitioner", "PractitionerRole")(value, context)


def addresses(value: str, _: Context) -> Condition:
    """Return the condition of ``address``: the caller's whole network address, not its beginning."""
    return OneOf("address", tuple(plain(one) for one in alternatives(value)))


def audited_entities(value: str, context: Context) -> Condition:
    """Return the condition of ``entity``: a resource of ours that was asked for by its id."""
    pairs: list[Pair] = []
    for one in alternatives(value):
        kind, _, logical_id = one.removeprefix(f"{context.own_base}/").partition("/")
        if kind and logical_id and "/" not in logical_id:
            pairs.append((kind, logical_id))
    return PairOneOf(("resource", "subject"), tuple(pairs))


PROVENANCE = (
    Parameter("_id", "token", "The logical id: response id, hyphen, version", provenance_ids),
    UPDATED,
    PATIENT,
    Parameter("target", "reference", "An Observation that this version gave or took away", targets),
    Parameter("recorded", "date", "When the version was recorded", read.moments),
    Parameter("agent", "reference", "Device/alliance-service, or who answered", agents),
    Parameter("entity", "reference", "The response that was scored", entities),
)

AUDIT_EVENT_PARAMETERS = (
    Parameter("_id", "token", "The logical id", read.ids),
    UPDATED,
    PATIENT,
    Parameter("date", "date", "When it was recorded", read.moments),
    Parameter("action", "token", "C, R, U, D or E", one_of_codes("action", AUDIT_ACTION)),
    Parameter("agent", "reference", "The Practitioner or PractitionerRole who asked", people),
    Parameter("altid", "token", "Who asked, by name", callers),
    Parameter("address", "string", "The network address of who asked, whole", addresses),
    Parameter("entity", "reference", "What was asked for by its id, or written", audited_entities),
    Parameter("outcome", "token", "0 done, 4 refused, 8 failed", one_of_codes("outcome", AUDIT_OUTCOME)),
    Parameter("type", "token", "rest, or a code of DICOM's", one_of_codes("type", AUDIT_EVENT, DICOM)),
    Parameter(
        "subtype",
        "token",
        "read, search-type, disclose …",
        one_of_codes("interaction", REST_INTERACTION, LIFECYCLE),
    ),
)
