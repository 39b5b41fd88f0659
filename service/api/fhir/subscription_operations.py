"""``$status`` and ``$events``: how Subscriptions stand, and what was told, or should have been.

Source: hl7.org/fhir/uv/subscriptions-backport (1.1.0), operations backport-subscription-status and -events.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from starlette.responses import Response

from fhir_mappings.errors import Fault
from fhir_mappings.notification import to_notification, to_statuses
from fhir_mappings.subscription import CONTENTS
from fhir_mappings.topics import TOPICS
from service.api.bodies import JsonBody, OptionalBody
from service.api.doors import Doors
from service.api.fhir.answers import answer, fhir_base
from service.api.fhir.described import answers, operation_request, query_parameters
from service.api.fhir.offered import SUBSCRIPTION
from service.api.fhir.operation_input import PARAMETERS, place, read_input
from service.api.security import access_of, grants_of, need_sight
from service.clock import as_instant
from service.errors import CallerRefused, FaultsInRequest
from service.flows.notifier import standing_of
from service.flows.show_events import EventSpan, show_events
from service.flows.write_subscription import find_visible, list_visible, needs_of
from service.flows.write_version import audit_row
from service.store.sight import join_sights

Asked = Mapping[str, Sequence[str]]
_ONE = f"/{SUBSCRIPTION}/{{logical_id}}"
_STATUS_PARAMETERS = {"id": "Logical ids of Subscriptions", "status": "requested, active, error or off"}
_EVENTS_PARAMETERS = {
    "eventsSinceNumber": "The first number, included",
    "eventsUntilNumber": "The last number, included",
    "content": ", ".join(CONTENTS),
}
_LONGEST_NUMBER = 9
_NOT_YOURS = "What a Subscription told is shown to who created it."


def add_subscription_operations(router: APIRouter, doors: Doors) -> None:
    """Add the routes of ``$status`` and ``$events``, by GET and by POST."""
    _add_all_statuses(router, doors)
    _add_status(router, doors)
    _add_events(router, doors)


def _add_all_statuses(router: APIRouter, doors: Doors) -> None:
    def show_statuses(request: Request, body: OptionalBody) -> Response:
        access = access_of(request, "E")
        asked = _parameters(request, body, _STATUS_PARAMETERS)
        rows = list_visible(doors.deployment, access.caller, access.sight)
        found = [
            one
            for one in rows
            if (not asked["id"] or one.id in asked["id"])
            and (not asked["status"] or one.status in asked["status"])
        ]
        doors.audit_read(access, query="&".join(sorted(name for name, given in asked.items() if given)))
        base = fhir_base(request, doors.deployment.settings)
        bundle = to_statuses([standing_of(one) for one in found], doors.deployment.names, base)
        return answer(request, bundle)

    _add_both(
        router, f"/{SUBSCRIPTION}/$status", show_statuses, "How Subscriptions stand", _STATUS_PARAMETERS
    )


def _add_status(router: APIRouter, doors: Doors) -> None:
    def show_status(request: Request, logical_id: str) -> Response:
        access = access_of(request, "E")
        row = find_visible(doors.deployment, logical_id, access)
        doors.audit_read(access, row.id)
        base = fhir_base(request, doors.deployment.settings)
        return answer(request, to_statuses([standing_of(row)], doors.deployment.names, base))

    _add_both(router, f"{_ONE}/$status", show_status, "How a Subscription stands", {})


def _add_events(router: APIRouter, doors: Doors) -> None:
    def show(request: Request, logical_id: str, body: OptionalBody) -> Response:
        access = access_of(request, "E")
        span = _read_span(_parameters(request, body, _EVENTS_PARAMETERS))
        row = find_visible(doors.deployment, logical_id, access)
        if row.caller != access.caller:
            raise CallerRefused(_NOT_YOURS)
        content = span.content or row.content
        needs = needs_of(TOPICS[row.topic], content)
        sight = join_sights([need_sight(grants_of(request), one) for one in needs])
        shown = show_events(doors.deployment, row, sight, span)
        now = as_instant(doors.deployment.clock())
        told = shown.alias_rows or (None,)
        doors.read_audit.add([audit_row(access, now, 200, row.id, one) for one in told])
        standing = standing_of(row, content=content)
        names = doors.deployment.names
        return answer(request, to_notification(standing, "query-event", shown.events, names, now))

    _add_both(router, f"{_ONE}/$events", show, "What was told, or should have been", _EVENTS_PARAMETERS)


def _add_both(
    router: APIRouter, path: str, show: object, summary: str, parameters: Mapping[str, str]
) -> None:
    described = {"GET": query_parameters(parameters), "POST": operation_request(PARAMETERS)}
    for method, extra in described.items():
        router.add_api_route(
            path,
            show,  # type: ignore[arg-type] # what a route is answered by
            methods=[method],
            name=f"{path} by {method}",
            summary=summary,
            responses=answers("Bundle", 200),
            openapi_extra=extra,
        )


def _parameters(request: Request, body: JsonBody, names: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the values of each parameter, out of the query and of Parameters that were sent."""
    found: dict[str, list[str]] = {name: [] for name in names}
    for name, value in parse_qsl(request.url.query, keep_blank_values=True):
        found.get(name, []).extend(value.split(","))
    if body.value:
        read_input(body, "")
        for one in body.value.get("parameter", []):
            values = [str(value) for key, value in one.items() if key.startswith("value")]
            found.get(one["name"], []).extend(values)
    return found


def _read_span(asked: Asked) -> EventSpan:
    faults: list[Fault] = []

    def number(name: str, otherwise: int) -> int:
        given = asked[name][-1:]
        if not given:
            return otherwise
        if given[0].isascii() and given[0].isdecimal() and len(given[0]) <= _LONGEST_NUMBER:
            return int(given[0])
        faults.append(Fault(place(name), "bad-parameter", "must be the number of an event"))
        return otherwise

    first, last = number("eventsSinceNumber", 1), number("eventsUntilNumber", 10**_LONGEST_NUMBER)
    content = (asked["content"] or [""])[-1]
    if content and content not in CONTENTS:
        faults.append(Fault(place("content"), "unknown-choice", f"must be one of {', '.join(CONTENTS)}"))
    if faults:
        raise FaultsInRequest(faults, status=400)
    return EventSpan(first, last, content)
