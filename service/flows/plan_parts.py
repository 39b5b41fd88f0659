"""Choose the form in which an EHR takes a delivery, and split it into parts. Pure.

What is wanted already fits the rung (``gather_resources.py``). One transaction where the EHR has them, else
one resource at a time, in order; types that it does not take are left out; where nothing is left the delivery
is held, with a reason that a person understands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

from fhir_mappings import json_text
from fhir_mappings.bundle import Entry, rewrite_references, to_transaction
from fhir_mappings.elements import Json
from service.ehr.capabilities import Capabilities
from service.ehr.ladder import NOTE_RUNGS, Rung
from service.ehr.lookup import condition_of, logical_of, lookup_for
from service.ehr.places import etag
from service.flows.wanted import Wanted
from service.store.chart import ChartEntry
from service.store.parts import NewPart

TRANSACTION = "transaction"
_RUNG_OF = {"Observation": Rung.OBSERVATIONS, **NOTE_RUNGS}
# What goes under our own logical id where the EHR lets a client choose ids.
_OWN_IDS = frozenset({"Device", "CodeSystem", "ValueSet", "Questionnaire", "Provenance"})


@dataclass(frozen=True, slots=True)
class Write:
    """One resource and how it is written. ``condition`` is an If-None-Exist query, ``match`` an ETag."""

    resource: Json
    method: Literal["POST", "PUT"]
    path: str
    condition: str | None = None
    match: str | None = None

    @property
    def logical(self) -> str:
        """Our own reference of the resource."""
        return logical_of(self.resource)

    @property
    def can_be_found(self) -> bool:
        """Whether it can be found again, or goes under an id of ours: else it must never go alone."""
        return self.method == "PUT" or lookup_for(self.resource) is not None


@dataclass(frozen=True, slots=True)
class Plan:
    """The writes of a delivery, ``together`` in one transaction or one after the other.

    ``held`` says why there are none; neither writes nor a reason: everything is in the EHR already.
    """

    writes: tuple[Write, ...] = ()
    together: bool = False
    held: str = ""

    @property
    def rung(self) -> Rung:
        """The form that the plan takes."""
        types = [str(write.resource["resourceType"]) for write in self.writes]
        if self.together:
            return Rung.TRANSACTION
        if "QuestionnaireResponse" in types:
            return Rung.ONE_BY_ONE
        return next((_RUNG_OF[one] for one in types if one in _RUNG_OF), Rung.RESOURCES)

    def parts(self) -> list[NewPart]:
        """Return the plan as parts to be stored."""
        if self.together:
            return [NewPart(TRANSACTION, "POST", "", {})]
        return [NewPart(write.logical, write.method, write.path, _headers(write)) for write in self.writes]


def make_plan(wanted: Wanted, capabilities: Capabilities) -> Plan:
    """Return how this EHR takes what is wanted."""
    missing = [one for one in wanted.resources if _is_to_do(one, wanted)]
    obstacles = [_obstacle(one, wanted, capabilities) for one in missing]
    held = wanted.held or next((reason for reason in obstacles if reason), "")
    if held:
        return Plan(held=held)
    writes = [write for one in missing if (write := _write(one, wanted, capabilities))]
    together = capabilities.transaction and len(writes) > 1
    if not together:
        writes = [write for write in writes if write.can_be_found]
    if missing and not any(_is_content(write.resource) for write in writes):
        reason = wanted.reason or _nothing_taken(missing)
        return Plan(held=reason) if any(map(_is_content, missing)) else Plan(held=wanted.by_hand)
    if not writes:
        return Plan(held=wanted.by_hand)
    return Plan(tuple(writes), together=together)


def transaction_body(writes: Sequence[Write], chart: Mapping[str, ChartEntry]) -> bytes:
    """Return the transaction of these writes; the same writes give the same bytes."""
    full_urls = {write.logical: _full_url(write.logical) for write in writes}
    new = {write.logical: full_urls[write.logical] for write in writes if write.method == "POST"}
    counterparts = _counterparts(chart) | new
    entries = [
        Entry(
            resource=_addressed(write.resource, write.method, write.path, counterparts),
            full_url=full_urls[write.logical],
            method=write.method,
            url=write.path,
            if_none_exist=write.condition,
            if_match=write.match,
        )
        for write in writes
    ]
    return json_text.dumps(to_transaction(entries))


def single_body(resource: Json, method: str, path: str, chart: Mapping[str, ChartEntry]) -> bytes:
    """Return one resource as it goes alone, its references those of the EHR."""
    return json_text.dumps(_addressed(resource, method, path, _counterparts(chart)))


def _is_to_do(resource: Json, wanted: Wanted) -> bool:
    entry = wanted.chart.get(logical_of(resource))
    # The Device is told every new version of this software, which is no version of a subject.
    return entry is None or entry.our_version != wanted.our_version or resource["resourceType"] == "Device"


def _obstacle(resource: Json, wanted: Wanted, capabilities: Capabilities) -> str:
    resource_type = resource["resourceType"]
    entry = wanted.chart.get(logical_of(resource))
    if resource_type in _OWN_IDS:
        return ""
    if entry is None:
        return _wrong_status(resource, capabilities)
    if not entry.ehr_id:
        return f"the EHR holds the {resource_type} under an id that it never told; correct it there by hand"
    if not capabilities.of(resource_type).update:
        return f"this EHR takes no corrections of {resource_type}; correct it there by hand"
    return ""


def _wrong_status(resource: Json, capabilities: Capabilities) -> str:
    resource_type, statuses = resource["resourceType"], capabilities.of(resource["resourceType"]).statuses
    if not statuses or resource.get("status") in statuses:
        return ""
    return f"this EHR takes a new {resource_type} only as {' or '.join(statuses)}; enter this one by hand"


def _write(resource: Json, wanted: Wanted, capabilities: Capabilities) -> Write | None:
    """Return how one resource is written, or None where the EHR does not take it."""
    resource_type = resource["resourceType"]
    offered = capabilities.of(resource_type)
    entry = wanted.chart.get(logical_of(resource))
    if entry is not None and entry.ehr_id:
        match = etag(entry.ehr_version) if entry.ehr_version and resource_type not in _OWN_IDS else None
        return Write(resource, "PUT", entry.reference, match=match) if offered.update else None
    if resource_type in _OWN_IDS and offered.update_create:
        return Write(resource, "PUT", f"{resource_type}/{resource['id']}")
    if not offered.create:
        return None
    condition = condition_of(resource) if offered.conditional_create else None
    return Write(resource, "POST", resource_type, condition=condition)


def _is_content(resource: Json) -> bool:
    """Tell whether a resource means something without the others: all but Provenance."""
    return bool(resource["resourceType"] != "Provenance")


def _nothing_taken(missing: Sequence[Json]) -> str:
    types = dict.fromkeys(str(one["resourceType"]) for one in missing if _is_content(one))
    return f"this EHR takes no {' and no '.join(types)} from us"


def _headers(write: Write) -> dict[str, str]:
    condition = {"If-None-Exist": write.condition} if write.condition else {}
    return condition | ({"If-Match": write.match} if write.match else {})


def _full_url(logical: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_URL, logical)}"


def _counterparts(chart: Mapping[str, ChartEntry]) -> dict[str, str]:
    return {logical: entry.reference for logical, entry in chart.items() if entry.ehr_id}


def _addressed(resource: Json, method: str, path: str, counterparts: Mapping[str, str]) -> Json:
    """Return a resource with the EHR's references, and with the id that its request asks for, if any."""
    rewritten = rewrite_references(resource, counterparts)
    rest = {key: value for key, value in rewritten.items() if key not in ("resourceType", "id")}
    own_id = {"id": path.partition("/")[2]} if method == "PUT" else {}
    return {"resourceType": rewritten["resourceType"], **own_id, **rest}
