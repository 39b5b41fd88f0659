"""The values of the search parameters of Provenance."""

from fhir_mappings.elements import SERVICE_DEVICE
from fhir_mappings.response_head import PEOPLE
from service.api.fhir import parameters as read
from service.api.fhir.chart_parameters import PATIENT, UPDATED
from service.api.fhir.search_parameter import Parameter
from service.api.fhir.values import Context, Pair, alternatives, observation_pair, own_ids
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


PROVENANCE = (
    Parameter("_id", "token", "The logical id: response id, hyphen, version", provenance_ids),
    UPDATED,
    PATIENT,
    Parameter("target", "reference", "An Observation that this version gave or took away", targets),
    Parameter("recorded", "date", "When the version was recorded", read.moments),
    Parameter("agent", "reference", "Device/alliance-service, or who answered", agents),
    Parameter("entity", "reference", "The response that was scored", entities),
)
