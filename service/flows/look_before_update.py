"""Before something is changed in the EHR whose version there is not known: look whether it is ours."""

from dataclasses import replace

from fhir_mappings.bundle import references_in
from fhir_mappings.elements import Json
from service.ehr.capabilities import Capabilities
from service.ehr.lookup import lookup_for
from service.errors import EhrUnreadable
from service.flows.lane import Work
from service.flows.patient_references import relative_to
from service.flows.plan_parts import Plan, Write, make_plan
from service.flows.settle_unknown import NO_SEARCH
from service.flows.wanted import Wanted

_NOT_OURS = (
    "what the EHR holds as {} is another patient's, or another response: nothing is overwritten;"
    " confirm this under the right id, or discard it"
)
_NOT_SHOWN = "the EHR does not show us what it holds as {}, so nothing is overwritten; correct it by hand"


def plan_by_sight(work: Work, wanted: Wanted, capabilities: Capabilities) -> Plan:
    """Return the plan; an update of what we know no version of goes by the version that is there now.

    A person named that place, or said that what was changed there is to be overwritten; or the EHR tells no
    versions. The plan is held where what is there is not ours. Raises ``EhrError``.
    """
    plan = make_plan(wanted, capabilities)
    seen = {}
    for write in plan.writes:
        entry = wanted.chart.get(write.logical)
        if entry is None or write.path != entry.reference or write.match or not _patients(write.resource):
            continue
        try:
            version = _version_there(work, write)
        except EhrUnreadable as error:
            if error.code not in NO_SEARCH:
                raise
            return Plan(held=_NOT_SHOWN.format(entry.reference))
        if version is None:
            return Plan(held=_NOT_OURS.format(entry.reference))
        seen[write.logical] = replace(entry, ehr_version=version)
    return make_plan(replace(wanted, chart={**wanted.chart, **seen}), capabilities) if seen else plan


def _version_there(work: Work, write: Write) -> str | None:
    """Return the version that is there, '' where none is told or nothing is there; None: it is not ours."""
    resource_type, _, resource_id = write.path.partition("/")
    found = work.lane.client.read(resource_type, resource_id)
    if found is None:
        return ""  # what the EHR answers to the update says it best
    ours = lookup_for(write.resource)
    if ours is None or ours.matches(found.resource):
        return found.place.version
    base = work.lane.client.base_url
    is_theirs = ours.is_of_another(found.resource) or not (
        _patients(dict(found.resource), base) & _patients(write.resource, base)
    )
    return None if is_theirs else found.place.version


def _patients(resource: Json, base: str | None = None) -> set[str]:
    references = {relative_to(base, one) for one in references_in(resource)}
    return {one for one in references if "Patient/" in one}
