"""Transactions (all or nothing) and batches (each entry for itself).

Rules: hl7.org/fhir/R4/http.html#transaction.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from service.sandbox.chart import Chart, Written, check_resource, etag, location
from service.sandbox.references import with_references
from service.sandbox.refusals import Refusal, not_supported, operation_outcome
from service.sandbox.store import Stored

OpenChart = Callable[[], AbstractContextManager[Chart]]
_CONDITIONAL_REFERENCE = "?"


@dataclass(frozen=True, slots=True)
class _Entry:
    """One write of a bundle. ``target_id`` is the id in a PUT's address, empty for a POST."""

    resource: dict[str, Any]
    full_url: str
    target_id: str
    if_none_exist: str | None
    if_match: str | None

    @property
    def type(self) -> str:
        return str(self.resource["resourceType"])


@dataclass(frozen=True, slots=True)
class _Planned:
    """An entry with the id that its resource will have, and the match that makes a create needless."""

    entry: _Entry
    id: str
    match: Stored | None


def perform_bundle(bundle: dict[str, Any], open_chart: OpenChart) -> dict[str, Any]:
    """Return the answer to a transaction or batch bundle.

    Raises ``Refusal`` for a transaction of which any entry is refused: then nothing was kept. A batch answers
    each entry's refusal in its place.
    """
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Refusal(400, "structure", "Bundle.entry is a list of objects")
    if bundle.get("type") == "transaction":
        with open_chart() as chart:
            _refuse_unless(offered=chart.surface.transaction)
            answers = _perform_together(entries, chart)
    elif bundle.get("type") == "batch":
        answers = [_perform_alone(entry, open_chart) for entry in entries]
    else:
        raise Refusal(400, "value", "only a bundle of type transaction or batch can be posted here")
    filled = {"entry": answers} if answers else {}
    return {"resourceType": "Bundle", "type": f"{bundle['type']}-response", **filled}


def _perform_together(entries: list[dict[str, Any]], chart: Chart) -> list[dict[str, Any]]:
    planned = [_plan(entry, chart) for entry in _read_entries(entries)]
    ids = {one.entry.full_url: f"{one.entry.type}/{one.id}" for one in planned if one.entry.full_url}
    written: list[Written] = []
    for one in planned:
        resource = with_references(one.entry.resource, lambda text: ids.get(text) or _resolved(text, chart))
        written.append(_write(one, resource, chart))
    chart.refuse_dangling([one.stored for one in written])
    return [_answer(one, chart.base) for one in written]


def _perform_alone(entry: dict[str, Any], open_chart: OpenChart) -> dict[str, Any]:
    try:
        with open_chart() as chart:
            _refuse_unless(offered=chart.surface.batch)
            (read,) = _read_entries([entry])
            planned = _plan(read, chart)
            written = _write(planned, read.resource, chart)
            chart.refuse_dangling([written.stored])
            return _answer(written, chart.base)
    except Refusal as refusal:
        outcome = operation_outcome(refusal.code, refusal.text)
        return {"response": {"status": _status_line(refusal.status), "outcome": outcome}}


def _refuse_unless(*, offered: bool) -> None:
    if not offered:
        raise not_supported("this server takes no bundle of that type")


def _read_entries(entries: list[dict[str, Any]]) -> Iterator[_Entry]:
    seen: set[str] = set()
    for raw in entries:
        entry = _read_entry(raw)
        condition = f"{entry.type}?{entry.if_none_exist}" if entry.if_none_exist else ""
        target = f"{entry.type}/{entry.target_id}" if entry.target_id else ""
        names = {name for name in (entry.full_url, condition, target) if name}
        if names & seen:
            raise Refusal(400, "duplicate", "the bundle holds the same resource twice")
        seen |= names
        yield entry


def _read_entry(raw: dict[str, Any]) -> _Entry:
    request = raw.get("request")
    if not isinstance(request, dict) or not all(isinstance(value, str) for value in request.values()):
        raise Refusal(400, "required", "every entry needs a request with texts for method and url")
    method, (resource_type, _, target_id) = request.get("method"), request.get("url", "").partition("/")
    if (method, bool(target_id)) not in {("POST", False), ("PUT", True)}:
        raise Refusal(400, "not-supported", "entries are POST to a type or PUT to an id")
    return _Entry(
        resource=check_resource(raw.get("resource"), resource_type),
        full_url=str(raw.get("fullUrl", "")),
        target_id=target_id,
        if_none_exist=request.get("ifNoneExist"),
        if_match=request.get("ifMatch"),
    )


def _plan(entry: _Entry, chart: Chart) -> _Planned:
    if entry.target_id:
        return _Planned(entry, entry.target_id, None)
    match = chart.match_for_create(entry.type, entry.if_none_exist)
    return _Planned(entry, match.id if match else str(uuid4()), match)


def _write(planned: _Planned, resource: dict[str, Any], chart: Chart) -> Written:
    if planned.match:
        return Written(planned.match, 200)
    if planned.entry.target_id:
        return chart.update(resource, planned.id, planned.entry.if_match)
    return chart.create(resource, planned.id)


def _resolved(reference: str, chart: Chart) -> str:
    """Return the reference as it is, or what a conditional one (``Patient?identifier=…``) stands for."""
    resource_type, mark, condition = reference.partition(_CONDITIONAL_REFERENCE)
    if not mark or resource_type not in chart.surface.types:
        return reference
    found = chart.match(resource_type, condition)
    if found is None:
        raise Refusal(412, "not-found", "a conditional reference matches nothing")
    return f"{found.type}/{found.id}"


def _answer(written: Written, base: str) -> dict[str, Any]:
    stored = written.stored
    response = {
        "status": _status_line(written.status),
        "location": location(stored, base),
        "etag": etag(stored),
        "lastModified": stored.updated_at,
    }
    return {"fullUrl": f"{base}/{stored.type}/{stored.id}", "response": response}


def _status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"
