"""The values of the search parameters of Provenance."""

from fhir_mappings.elements import SERVICE_DEVICE
from fhir_mappings.response_head import PEOPLE
from service.api.fhir.parameters import Context, Pair, alternatives, observation_pair, own_ids, references
from service.flows.search_chart import Traced
from service.store.search import Condition, OneOf, PairOneOf


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
        return PairOneOf(("response", "version"), ((None, None),))
    listed = alternatives(value)
    found = [form for one in listed for kind in sorted(PEOPLE) for form in references(one, kind, context)]
    return OneOf("source", tuple(dict.fromkeys(found)))


def entities(value: str, context: Context) -> Condition:
    """Return the condition of ``entity``: the response that the scores were computed from."""
    return OneOf("response", tuple(own_ids(value, "QuestionnaireResponse", context)))
