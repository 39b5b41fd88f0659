"""``Observation/$lastn``: the last values of each code. An Observation entered in error is none.

Source: hl7.org/fhir/R4/observation-operation-lastn.html.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from fhir_mappings.errors import Fault
from service.api.bodies import Body, JsonBody
from service.api.doors import Doors
from service.api.fhir.answers import answer, fhir_base, to_searchset
from service.api.fhir.described import answers, operation_request, query_parameters
from service.api.fhir.includes import Shelf, find_included
from service.api.fhir.negotiation import is_strict
from service.api.fhir.offered import OFFERED
from service.api.fhir.operation_input import AT, PARAMETERS, read_input
from service.api.fhir.search_request import read_search
from service.api.fhir.sources import Observations, shelf_of, sources
from service.api.fhir.values import context_of
from service.api.fhir.version_routes import audit_search
from service.api.security import access_of
from service.errors import FaultsInRequest

LARGEST_MAX = 100
_MAX = "max"
_ADDRESS = "/Observation/$lastn"
_QUERY = {
    "patient": "Whom it is about; patient or subject is needed",
    "subject": "The same as patient",
    "category": "survey; category or code is needed",
    "code": "The item, score or panel",
    _MAX: f"How many of each code: 1 unless said, at most {LARGEST_MAX}",
}
_SAFE = "/:|,"


def add_lastn(router: APIRouter, doors: Doors) -> None:
    """Add the routes of ``$lastn``."""
    offered = next(one for one in OFFERED if one.type == "Observation")
    by_type = sources(doors.deployment)
    source = Observations(doors.deployment)

    def last(request: Request, pairs: Sequence[tuple[str, str]]) -> Response:
        access = access_of(request, "E")
        base = fhir_base(request, doors.deployment.settings)
        narrowing = [pair for pair in pairs if pair[0] != _MAX]
        per_code = _read_max(pairs)
        context = context_of(doors.deployment, base, access.caller)
        asked = read_search(offered, narrowing, context, strict=is_strict(request))
        page = replace(source, sight=access.sight).last_of_each_code(asked, per_code)
        shelf = Shelf(shelf_of(request, by_type), context)
        included = find_included(asked.includes, page.items, shelf)
        audit_search(doors, access, asked, [*page.items, *included])
        used = urlencode([*asked.used, (_MAX, str(per_code))], safe=_SAFE)
        bundle = to_searchset(base, "Observation", page, included, asked)
        bundle["link"] = [{"relation": "self", "url": f"{base}{_ADDRESS}?{used}"}]
        return answer(request, bundle)

    @router.get(
        _ADDRESS,
        summary="The last Observations of each code",
        responses=answers("Bundle", 200),
        openapi_extra=query_parameters(_QUERY),
    )
    def lastn(request: Request) -> Response:
        return last(request, parse_qsl(request.url.query, keep_blank_values=True))

    @router.post(
        _ADDRESS,
        summary="The last Observations of each code, asked for by Parameters",
        responses=answers("Bundle", 200),
        openapi_extra=operation_request(PARAMETERS),
    )
    def lastn_by_parameters(request: Request, body: Body) -> Response:
        return last(request, _as_pairs(body))


def _read_max(pairs: Sequence[tuple[str, str]]) -> int:
    """Return how many of each code; raises ``FaultsInRequest`` (400) with everything that is missing."""
    given = dict(pairs)
    faults = []
    if not {"patient", "subject"} & given.keys():
        faults.append(Fault("patient", "required", "This operation needs patient or subject."))
    if not {"category", "code"} & given.keys():
        faults.append(Fault("category", "required", "This operation needs category or code."))
    value = given.get(_MAX, "1")
    if not re.fullmatch(r"[1-9][0-9]{0,8}", value):
        faults.append(Fault(_MAX, "bad-parameter", "This parameter takes a whole number from 1."))
    if faults:
        raise FaultsInRequest(faults, status=400)
    return min(int(value), LARGEST_MAX)


def _as_pairs(body: JsonBody) -> list[tuple[str, str]]:
    """Return Parameters of plain values as the pairs of a query; raises ``FaultsInRequest`` (400)."""
    pairs, faults = [], []
    for name, parameter in read_input(body, "").parameters.items():
        values = [value for key, value in parameter.items() if key.startswith("value")]
        if len(values) == 1 and isinstance(values[0], str | int) and not isinstance(values[0], bool):
            pairs.append((name, str(values[0])))
        else:
            faults.append(Fault(f"{AT}.value", "wrong-type", "must be a text or a whole number"))
    if faults:
        raise FaultsInRequest(faults, status=400)
    return pairs
