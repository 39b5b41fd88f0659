"""Gather the resources that one delivery wants in the EHR, and what the EHR holds of them already."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from fhir_mappings.alert import to_detected_issue
from fhir_mappings.bundle import is_ours, references_in
from fhir_mappings.codes import Names
from fhir_mappings.elements import Json
from fhir_mappings.filled import Filled, Identifier
from fhir_mappings.instrument import Instrument
from fhir_mappings.observation import to_observations, to_withdrawn
from fhir_mappings.provenance import to_device, to_provenance
from fhir_mappings.response import to_response
from fhir_mappings.terminology import definitions
from service.ehr.capabilities import Capabilities
from service.ehr.lookup import logical_of
from service.ehr.places import parse_location
from service.flows.lane import Work
from service.flows.load import load_alert, load_filled
from service.store.chart import ChartEntry, ehr_reference_of, entries_of_response, read_entries
from service.store.database import Tx

IN_ERROR = "entered-in-error"
_OUR_DOORS = frozenset({"versionId", "lastUpdated"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """The resources of one subject's version in the order of sending, and the chart entries that matter.

    References among the resources are our own; ``chart`` has the EHR's counterpart of each that is known.
    ``held`` says why nothing may be sent at all, else it is ''.
    """

    resources: tuple[Json, ...]
    chart: Mapping[str, ChartEntry]
    our_version: int
    held: str = ""


def gather(tx: Tx, work: Work, capabilities: Capabilities) -> Wanted:
    """Return what a claimed delivery wants in the EHR. Raises ``NotFound`` for a subject that is gone."""
    claim = work.claim
    if claim.subject_kind == "definition":
        wanted = _definition(work)
    elif claim.subject_kind == "alert":
        facts = load_alert(tx, claim.clinic, claim.subject_id, claim.subject_version)
        wanted = Wanted((to_detected_issue(facts, work.lane.names),), {}, claim.subject_version)
    else:
        wanted = _response(tx, work)
    resources = tuple(_as_sent(resource, capabilities) for resource in wanted.resources)
    named = _named_in(resources)
    if claim.subject_kind == "response":
        named -= {name for name in named if claim.subject_id in name}  # those were read with the response
    known = read_entries(tx, claim.clinic, claim.ehr, named)
    return replace(wanted, resources=resources, chart={**known, **wanted.chart})


def our_definitions(instruments: Mapping[str, Instrument], names: Names, version: str) -> dict[str, Json]:
    """Return what an EHR should hold before the first response, in that order, by the delivery's subject.

    The Device first, one subject for each version of this software; then code systems, value sets and forms.
    """
    device = to_device(names, version)
    found = {f"{logical_of(device)}|{version}": device}
    return found | {logical_of(resource): resource for resource in definitions(instruments, names)}


def _definition(work: Work) -> Wanted:
    lane = work.lane
    known = our_definitions(lane.instruments, lane.names, lane.software_version)
    resource = known.get(work.claim.subject_id)
    if resource is None:
        return Wanted((), {}, work.claim.subject_version, held="this release no longer has this definition")
    return Wanted((resource,), {}, work.claim.subject_version)


def _response(tx: Tx, work: Work) -> Wanted:
    lane, claim = work.lane, work.claim
    filled = load_filled(tx, claim.clinic, claim.subject_id, claim.subject_version, lane.instruments)
    if filled.instrument.push == "never":
        return Wanted((), {}, filled.version, held="answers on this instrument are never written to an EHR")
    chart = entries_of_response(tx, claim.clinic, claim.ehr, filled.id)
    form = _form(lane.names, filled)
    observations = to_observations(filled, lane.names)
    withdrawn = _withdrawn(tx, work, chart, {logical_of(resource) for resource in observations})
    already_there = _already_there(tx, work, form)
    resources = [*observations, *withdrawn]
    if not already_there and filled.instrument.push == "always":
        resources.insert(0, form)
    if filled.status == IN_ERROR:
        # What was withdrawn before it got there need not go there.
        resources = [resource for resource in resources if logical_of(resource) in chart]
    scores = [logical_of(one) for one in resources if one["resourceType"] == "Observation"]
    if scores:
        resources.append(to_provenance(filled, scores, filled.last_updated, lane.names))
    return Wanted(tuple(resources), {**chart, **already_there}, filled.version)


def _form(names: Names, filled: Filled) -> Json:
    """In the EHR a response carries our identifier; the caller's own stays with us.

    SDC's profile is not claimed: to judge our root extensions by it a server must know extensions of R5, and
    HAPI, which declares the profile, refuses the response over one that it does not know (tried, 8.8.0).
    """
    ours = Identifier(names.identifier("response"), filled.id)
    return to_response(filled, names, identifier=ours)


def _already_there(tx: Tx, work: Work, form: Json) -> dict[str, ChartEntry]:
    """Return the chart entry of a response that came to us out of this EHR, which we never write."""
    claim = work.claim
    reference = ehr_reference_of(tx, claim.clinic, claim.subject_id, claim.subject_version)
    place = parse_location(reference) if reference else None
    if place is None:
        return {}
    logical = logical_of(form)
    return {logical: ChartEntry(logical, place.id, place.version, claim.subject_version)}


def _withdrawn(tx: Tx, work: Work, chart: Mapping[str, ChartEntry], current: set[str]) -> list[Json]:
    """Return the Observations that an earlier version had and this one has not, as entered in error."""
    lane, claim = work.lane, work.claim
    gone = [entry for logical, entry in chart.items() if logical not in current and _is_score(logical)]
    found: list[Json] = []
    for version in sorted({entry.our_version for entry in gone}):
        before = load_filled(tx, claim.clinic, claim.subject_id, version, lane.instruments)
        earlier = {logical_of(one): one for one in to_observations(before, lane.names)}
        found.extend(
            to_withdrawn(earlier[entry.logical])
            for entry in gone
            if entry.our_version == version and entry.logical in earlier
        )
    return found


def _as_sent(resource: Json, capabilities: Capabilities) -> Json:
    """Return a resource as it goes out: without our own door's marks, with profiles that the EHR declares."""
    meta = {key: value for key, value in resource.get("meta", {}).items() if key not in _OUR_DOORS}
    declared = capabilities.of(resource["resourceType"]).profiles
    profiles = [profile for profile in meta.pop("profile", []) if profile in declared]
    meta |= {"profile": profiles} if profiles else {}
    return {key: meta if key == "meta" else value for key, value in resource.items() if key != "meta" or meta}


def _is_score(logical: str) -> bool:
    return logical.startswith("Observation/")


def _named_in(resources: Iterable[Json]) -> set[str]:
    """Return our own references of the resources, and those of ours that they refer to."""
    found = set()
    for resource in resources:
        found.add(logical_of(resource))
        found.update(target for target in references_in(resource) if is_ours(target))
    return found
