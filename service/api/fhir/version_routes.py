"""The routes that know versions: update, vread, history. And what every read does: its row in the audit."""

from collections.abc import Callable, Iterable, Sequence
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.api.bodies import Body
from service.api.doors import Doors
from service.api.fhir.answers import Shown, answer, answer_read, fhir_base
from service.api.fhir.described import answers, history_parameters, read_answers, update_request
from service.api.fhir.history import read_history_request, to_history
from service.api.fhir.search_request import SearchRequest
from service.api.fhir.sources import Chart, Source, chart_seen_by, seen_by
from service.api.fhir.update_response import receive_update
from service.api.fhir.update_task import receive_task_update
from service.api.security import access_of
from service.flows.deployment import Access
from service.store.conditions import OfPatient


def read_audited(doors: Doors, access: Access, find: Callable[[], Shown]) -> Shown:
    """Return what was found once the audit knows of it."""
    shown = find()
    doors.audit_read(access, shown.resource["id"], patients=patients_in([shown]))
    return shown


def patients_in(shown: Iterable[Shown]) -> set[str]:
    """Return the references of all patients whom resources are about."""
    return {one.patient for one in shown if one.patient}


def audit_search(doors: Doors, access: Access, asked: SearchRequest, found: Sequence[Shown]) -> None:
    """Return once the audit knows of a search: a row for every patient found or asked for by name."""
    named = [
        one for condition in asked.asked if isinstance(condition, OfPatient) for one in condition.references
    ]
    names = "&".join(sorted({name for name, _ in asked.used}))
    doors.audit_read(access, patients={*named, *patients_in(found)}, query=names)


def add_vread(router: APIRouter, doors: Doors, kind: str, source: Source) -> None:
    """Offer single versions of a type."""

    @router.get(
        f"/{kind}/{{logical_id}}/_history/{{version}}",
        name=f"vread {kind}",
        summary=f"Read one version of a {kind}",
        responses=read_answers(kind),
    )
    def vread(request: Request, logical_id: str, version: str) -> Response:
        access = access_of(request, "R")
        seen = seen_by(source, access.sight)
        shown = read_audited(doors, access, lambda: seen.read_version(logical_id, version))
        return answer_read(request, shown)


def add_history(router: APIRouter, doors: Doors, kind: str, source: Chart) -> None:
    """Offer the history of one resource of a type."""

    @router.get(
        f"/{kind}/{{logical_id}}/_history",
        name=f"history {kind}",
        summary=f"Every version of a {kind}, the newest first",
        responses=answers("Bundle", 200),
        openapi_extra=history_parameters(),
    )
    def history(request: Request, logical_id: str) -> Response:
        asked = read_history_request(parse_qsl(request.url.query, keep_blank_values=True))
        access = access_of(request, "R")
        page = chart_seen_by(source, access.sight).history(logical_id, asked.query)
        found = patients_in(one.shown for one in page.versions)
        doors.audit_read(access, logical_id, patients=found)
        base = fhir_base(request, doors.deployment.settings)
        return answer(request, to_history(base, kind, logical_id, page, asked))


def add_update(router: APIRouter, doors: Doors, kind: str) -> None:
    """Offer the update of a type."""
    receive = receive_task_update if kind == "Task" else receive_update

    @router.put(
        f"/{kind}/{{logical_id}}",
        name=f"update {kind}",
        summary=f"Update a {kind}; earlier versions are kept",
        responses=answers(kind, 200),
        openapi_extra=update_request(kind),
    )
    def update(request: Request, logical_id: str, body: Body) -> Response:
        return receive(doors, request, logical_id, body)
