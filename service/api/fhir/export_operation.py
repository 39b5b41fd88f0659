"""``$export``: the kick-off of a bulk export, of all, of all patients, or of one therapist's caseload.

Whoever may read all of a type in the clinic may export it; a Group is the caseload of a Practitioner and has
its id. Source: hl7.org/fhir/uv/bulkdata/STU2/export.html.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from fhir_mappings.errors import Fault
from service.api.bodies import Body, JsonBody
from service.api.doors import Doors
from service.api.fhir.answers import fhir_base
from service.api.fhir.described import answers, async_parameters, operation_request
from service.api.fhir.history import read_instant
from service.api.fhir.negotiation import is_lenient, wants_async
from service.api.fhir.operation_input import AT, PARAMETERS
from service.api.security import access_of, grants_of
from service.api.sights import Grants
from service.clock import as_instant
from service.errors import FaultsInRequest, NotTurnedOn, ScopeMissing
from service.flows.render_resources import DEFINITIONS, EXPORTED, OF_PATIENTS
from service.flows.start_export import STARTED, AskedExport, start_export
from service.scopes import Need

SINCE, TYPE, OUTPUT = "_since", "_type", "_outputFormat"
PATIENT = "patient"
_MEANINGS = {
    SINCE: "What changed after this moment, and what is gone since: a time with seconds and offset",
    TYPE: f"Types, separated by commas: {', '.join(EXPORTED)}; all that may be read unless said",
    OUTPUT: "application/fhir+ndjson, application/ndjson or ndjson",
}
_FORMATS = frozenset({"application/fhir+ndjson", "application/ndjson", "ndjson"})
# They say how this answer looks, not what is exported.
_OF_ANSWERS = frozenset({"_format", "_pretty"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,40}")
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Read:
    """What the parameters ask for; ``types`` is None where all are meant."""

    types: tuple[str, ...] | None
    since: str | None
    notes: tuple[str, ...]
    used: tuple[str, ...]


def add_export(router: APIRouter, doors: Doors) -> None:
    """Add the routes of ``$export``."""

    async def require_turned_on() -> None:
        if doors.deployment.settings.export_dir is None:
            raise NotTurnedOn("Bulk exports are not turned on here (ALLIANCE_EXPORT_DIR).")

    def kick_off(request: Request, pairs: Pairs, therapist: str | None = None) -> Response:
        access = access_of(request, "E")
        read = _read(request, pairs, as_instant(doors.deployment.clock()))
        types = _granted(grants_of(request), read.types)
        base = fhir_base(request, doors.deployment.settings)
        below = request.url.path.removeprefix("/fhir")
        query = f"?{request.url.query}" if request.url.query else ""
        asked = AskedExport(types, f"{base}{below}{query}", read.since, therapist, read.notes)
        export_id = start_export(doors.deployment, asked, access, "&".join(read.used))
        doors.wake()
        return Response(None, STARTED, {"Content-Location": f"{base}/exports/{export_id}"})

    def of_all(request: Request) -> Response:
        return kick_off(request, _query_of(request))

    def of_all_by_body(request: Request, body: Body) -> Response:
        return kick_off(request, [*_query_of(request), *_pairs_in(body)])

    def of_group(request: Request, logical_id: str) -> Response:
        return kick_off(request, _query_of(request), f"Practitioner/{logical_id}")

    def of_group_by_body(request: Request, logical_id: str, body: Body) -> Response:
        return kick_off(request, [*_query_of(request), *_pairs_in(body)], f"Practitioner/{logical_id}")

    told = answers("OperationOutcome") | {STARTED: {"description": "Begun: Content-Location says how far"}}
    for below, words, by_get, by_post in (
        ("", "everything", of_all, of_all_by_body),
        ("/Patient", "everything of all patients", of_all, of_all_by_body),
        ("/Group/{logical_id}", "the caseload of a Practitioner", of_group, of_group_by_body),
    ):
        for method, endpoint, extra in (
            ("GET", by_get, async_parameters(_MEANINGS)),
            ("POST", by_post, async_parameters({}) | operation_request(PARAMETERS)),
        ):
            router.add_api_route(
                f"{below}/$export",
                endpoint,
                methods=[method],
                name=f"export {words} by {method}",
                summary=f"Begin a bulk export of {words}",
                status_code=STARTED,
                dependencies=[Depends(require_turned_on)],
                responses=told | {501: {"description": "Not turned on here"}},
                openapi_extra=extra,
            )


def _query_of(request: Request) -> Pairs:
    return parse_qsl(request.url.query, keep_blank_values=True)


def _pairs_in(body: JsonBody) -> Pairs:
    """Return Parameters of plain values, repeated ones too; raises ``FaultsInRequest`` (400)."""
    listed = body.value.get("parameter", [])
    if body.value.get("resourceType") != PARAMETERS or not isinstance(listed, list):
        raise FaultsInRequest([Fault("", "structure", "The body must be Parameters.")], status=400)
    pairs, faults = [], []
    for place, one in enumerate(listed):
        values = [one[key] for key in one if key.startswith("value")] if isinstance(one, dict) else []
        name = one.get("name") if isinstance(one, dict) else None
        if isinstance(name, str) and len(values) == 1 and isinstance(values[0], str):
            pairs.append((name, values[0]))
        elif isinstance(name, str) and name and name not in _MEANINGS:
            pairs.append((name, ""))  # not offered, so that its type does not matter
        else:
            faults.append(Fault(f"{AT}[{place}]", "structure", "must have a name and one text as its value"))
    if faults:
        raise FaultsInRequest(faults, status=400)
    return pairs


def _read(request: Request, pairs: Pairs, now: str) -> _Read:
    """Return what is asked for; raises ``FaultsInRequest`` (400) naming every fault.

    With ``handling=lenient`` what is not offered is left out of account, and the export says so; but for
    ``patient``, without which others would be exported than those who were asked for.
    """
    offered = [pair for pair in pairs if pair[0] in _MEANINGS]
    faults = list(_find_faults(request, offered, now))
    notes = list(_not_offered(pairs))
    if notes and not (is_lenient(request) and all(place != PATIENT for place, _ in notes)):
        faults += [Fault(place, "not-offered", message) for place, message in notes]
    if faults:
        raise FaultsInRequest(faults, status=400)
    since = next((value for name, value in offered if name == SINCE), None)
    known = [one for one in _types_in(offered) if one in EXPORTED]
    return _Read(
        types=tuple(dict.fromkeys(known)) if any(name == TYPE for name, _ in offered) else None,
        since=read_instant(since) if since is not None else None,
        notes=tuple(f"{place}: {message}" for place, message in notes),
        used=tuple(sorted({name for name, _ in offered})),
    )


def _find_faults(request: Request, offered: Pairs, now: str) -> Iterable[Fault]:
    if not wants_async(request):
        yield Fault("Prefer", "required", "This operation needs Prefer: respond-async.")
    names = [name for name, _ in offered]
    yield from (
        Fault(name, "bad-parameter", "This parameter may be given once.")
        for name in (SINCE, OUTPUT)
        if names.count(name) > 1
    )
    for name, value in offered:
        instant = read_instant(value) if name == SINCE else ""
        if instant is None:
            yield Fault(SINCE, "bad-parameter", "This parameter takes a time with seconds and offset.")
        elif instant > now:
            yield Fault(SINCE, "in-the-future", "This moment is yet to come.")
        # A plus sign that came unescaped is a blank by now.
        if name == OUTPUT and value.strip().replace(" ", "+").lower() not in _FORMATS:
            yield Fault(OUTPUT, "bad-parameter", "Only NDJSON is written: application/fhir+ndjson.")
    if TYPE in names and not any(one in EXPORTED for one in _types_in(offered)):
        yield Fault(TYPE, "bad-parameter", f"This parameter takes types of {', '.join(EXPORTED)}.")


def _types_in(pairs: Pairs) -> list[str]:
    return [one.strip() for name, value in pairs if name == TYPE for one in value.split(",")]


def _not_offered(pairs: Pairs) -> Iterable[tuple[str, str]]:
    """Give place and sentence for each parameter, and once for the types, that is not offered."""
    unknown = sorted({name for name, _ in pairs} - _MEANINGS.keys() - _OF_ANSWERS)
    for name in unknown:
        yield (name if _NAME.fullmatch(name) else "query"), "This parameter is not offered."
    if any(one not in EXPORTED for one in _types_in(pairs)):
        yield TYPE, f"Only {', '.join(EXPORTED)} are offered."


def _granted(grants: Grants, asked: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the types to export: those asked for, else all that the caller may read of the whole clinic.

    Raises ``ScopeMissing`` naming what would be needed.
    """
    granted = tuple(kind for kind in EXPORTED if may_export(grants, kind))
    if asked is None and not set(granted) & set(OF_PATIENTS):
        raise ScopeMissing(["system/*.r"])
    missing = [kind for kind in asked or () if kind not in granted]
    if missing:
        raise ScopeMissing([f"system/{kind}.r" for kind in missing])
    return granted if asked is None else asked


def may_export(grants: Grants, kind: str) -> bool:
    """Tell whether a caller may read every resource of a type: exports hold all, or nothing."""
    sight = grants.sight(Need(kind, "r"))
    return bool(sight.parts) if kind in DEFINITIONS else sight.is_whole
