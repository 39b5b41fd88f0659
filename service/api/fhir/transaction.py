"""A transaction of responses: all faults of all entries together, then everything or nothing."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from fastapi import Request

from fhir_mappings import json_text
from fhir_mappings.bundle import references_in
from fhir_mappings.errors import Fault
from fhir_mappings.response_head import ROOT
from service.api.bodies import JsonBody
from service.api.doors import Doors
from service.api.fhir.answers import fhir_base
from service.api.fhir.batch import Json, to_bundle_response, to_response_entry
from service.api.fhir.bundle_entries import BundleEntry, SentBundle, doubled_entries, entry_path
from service.api.fhir.create_response import to_new_response
from service.api.fhir.negotiation import Return, preferred_return
from service.api.fhir.receive import doubts_about, read_condition
from service.api.fhir.sources import show_response
from service.api.fhir.update_response import expected_version, read_update
from service.api.outcomes import success_outcome
from service.api.security import access_of, grants_of, need_sight
from service.api.sights import Grants
from service.errors import FaultsInRequest, RequestRefused
from service.flows.deployment import Deployment
from service.flows.record_together import Create, Done, Step, StepsRefused, Update, record_together
from service.flows.search_chart import find_response
from service.scopes import Need, Right
from service.store.responses import ResponseVersion
from service.store.sight import Sight

NOT_ALLOWED, UNPROCESSABLE = 405, 422
_IN_REQUEST = {"If-None-Exist": ".request.ifNoneExist", "If-Match": ".request.ifMatch"}


def answer_transaction(doors: Doors, request: Request, bundle: SentBundle) -> Json:
    """Return the ``transaction-response``.

    Raises ``FaultsInRequest`` with every fault of every entry and the status of the first that is refused.
    """
    access = access_of(request, "C")
    steps = _read_steps(doors.deployment, bundle, grants_of(request))
    order = list(steps)
    try:
        done = record_together(doors.deployment, [steps[place] for place in order], access)
    except StepsRefused as refused:
        raise _together({order[place]: one for place, one in refused.refusals.items()}) from refused
    doors.wake()
    base, preferred = fhir_base(request, doors.deployment.settings), preferred_return(request)
    answered = {
        place: _shown(doors.deployment, access.clinic, one, base, preferred)
        for place, one in zip(order, done, strict=True)
    }
    return to_bundle_response("transaction", [answered[entry.place] for entry in bundle.entries])


def _read_create(entry: BundleEntry, resource: dict[str, Any], deployment: Deployment, sight: Sight) -> Step:
    """Return the step of a POST; raises ``RequestRefused`` with every fault of it."""
    new = to_new_response(JsonBody(json_text.dumps(resource), resource), deployment)
    return Create(new, read_condition(entry.conditions.get("If-None-Exist")), entry.full_url, sight)


def _read_update(entry: BundleEntry, resource: dict[str, Any], deployment: Deployment, sight: Sight) -> Step:
    """Return the step of a PUT; raises ``RequestRefused`` with every fault of it."""
    response_id = entry.url.partition("/")[2]
    body = JsonBody(json_text.dumps(resource), resource)
    expected = expected_version(entry.conditions.get("If-Match"))
    new = read_update(response_id, body, deployment, deployment.clinic, sight)
    return Update(new, response_id, expected, entry.full_url, sight)


_Read = Callable[[BundleEntry, dict[str, Any], Deployment, Sight], Step]
# (method, whether the address ends in an id) -> how such an entry is read, and the right that it needs.
_STEPS: Mapping[tuple[str, bool], tuple[_Read, Right]] = MappingProxyType(
    {("POST", False): (_read_create, "c"), ("PUT", True): (_read_update, "u")}
)


def _read_steps(deployment: Deployment, bundle: SentBundle, grants: Grants) -> dict[int, Step]:
    """Return the steps by the place of their entry, in the order of doing."""
    doubled = doubled_entries(bundle.entries)
    if doubled:
        raise FaultsInRequest(doubled, status=400)
    steps: dict[int, Step] = {}
    refusals: dict[int, RequestRefused] = {}
    named = {entry.full_url for entry in bundle.entries}
    for entry in bundle.in_order_of_doing():
        try:
            steps[entry.place] = _read_step(entry, deployment, grants)
            _refuse_dangling(entry, named)
        except RequestRefused as refused:
            refusals[entry.place] = refused
    if refusals:
        raise _together(refusals)
    return steps


def _read_step(entry: BundleEntry, deployment: Deployment, grants: Grants) -> Step:
    kind, _, logical_id = entry.url.partition("/")
    step = _STEPS.get((entry.method, bool(logical_id))) if kind == ROOT else None
    if step is None or entry.resource is None:
        message = "A transaction takes QuestionnaireResponses to be written; the rest goes into a batch."
        raise FaultsInRequest([Fault("", "not-offered", message)])
    read, right = step
    return read(entry, dict(entry.resource), deployment, need_sight(grants, Need(ROOT, right)))


def _refuse_dangling(entry: BundleEntry, named: set[str | None]) -> None:
    """Raise ``FaultsInRequest`` where the entry refers to what no entry is: stored, that would lead nowhere.

    A conditional reference (``Patient?identifier=…``) asks for a look into the EHR, which no write here does.
    """
    references = references_in(dict(entry.resource or {}))
    inside = {one for one in references if one.startswith("urn:")} - named
    if inside or any("?" in one and "://" not in one for one in references):
        message = "refers to what is no entry of this Bundle, or only says how to find it"
        raise FaultsInRequest([Fault(ROOT, "dangling-reference", message)], status=400)


def _together(refusals: Mapping[int, RequestRefused]) -> FaultsInRequest:
    places = sorted(refusals)
    faults = [_in_entry(place, fault) for place in places for fault in refusals[place].faults]
    status = refusals[places[0]].status
    # That method and address do not go together is said of an entry: a POST of a Bundle is offered.
    return FaultsInRequest(faults, status=UNPROCESSABLE if status == NOT_ALLOWED else status)


def _in_entry(place: int, fault: Fault) -> Fault:
    """Return a fault of an entry's resource with its place in the Bundle."""
    if fault.at == ROOT or fault.at.startswith(f"{ROOT}."):
        below = f".resource{fault.at.removeprefix(ROOT)}"
    else:
        below = _IN_REQUEST.get(fault.at, ".resource" if fault.at else "")
    return Fault(f"{entry_path(place)}{below}", fault.reason, fault.message)


def _shown(deployment: Deployment, clinic: str, done: Done, base: str, preferred: Return) -> Json:
    filled = done.recorded.filled
    stored = find_response(deployment, clinic, filled.id, filled.version)
    shown = show_response(stored, deployment)
    headers = {name.lower(): value for name, value in shown.headers().items()}
    headers["location"] = _address(base, stored)
    bodies: dict[Return, Json | None] = {
        "minimal": None,
        "representation": shown.resource,
        "OperationOutcome": success_outcome("Stored.", *doubts_about(done.recorded)),
    }
    return to_response_entry(done.status, headers, bodies[preferred], base)


def _address(base: str, stored: ResponseVersion) -> str:
    return f"{base}/{ROOT}/{stored.id}/_history/{stored.version}"
