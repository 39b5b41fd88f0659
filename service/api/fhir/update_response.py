"""Update a QuestionnaireResponse: correct, complete, stop or withdraw it, maybe on condition of a version."""

from fastapi import Request
from starlette.responses import Response

from fhir_mappings.errors import Fault
from fhir_mappings.response_head import ROOT
from service.api.bodies import JsonBody
from service.api.doors import Doors
from service.api.etags import version_in
from service.api.fhir.create_response import to_new_response
from service.api.fhir.receive import answer_stored, doubts_about
from service.api.security import access_of
from service.errors import FaultsInRequest, NotFound, NotOffered
from service.flows.correct_response import update_response
from service.flows.deployment import Deployment
from service.flows.new_response import NewResponse, Recorded
from service.flows.search_chart import find_response
from service.store.sight import Sight

OK = 200
NO_OWN_IDS = "Ids are given here: create it with POST, then update it under its id."


def receive_update(doors: Doors, request: Request, response_id: str, body: JsonBody) -> Response:
    """Return 200 with the version that holds now; the same content again makes no new one.

    Without If-Match whichever version is the current one is replaced: most FHIR clients send none.
    """
    access = access_of(request, "U")
    expected = expected_version(request.headers.get("if-match"))
    new = read_update(response_id, body, doors.deployment, access.clinic, access.sight)
    recorded = update_response(doors.deployment, response_id, expected, new, access)
    doors.wake()
    stored = find_response(doors.deployment, access.clinic, response_id, recorded.filled.version)
    return answer_stored(
        doors, request, stored, OK, message=tell_update(recorded), doubts=doubts_about(recorded)
    )


def expected_version(if_match: str | None) -> int | None:
    """Return the version that If-Match names; None without it, or where it takes any (``*``)."""
    return None if if_match is None or if_match.strip() == "*" else version_in(if_match)


def read_update(
    response_id: str, body: JsonBody, deployment: Deployment, clinic: str, sight: Sight
) -> NewResponse:
    """Return what an update makes of the response with this id.

    Raises ``NotOffered`` (405) for an id that was not given here, and ``FaultsInRequest``: 400 where the
    body's id is another one, and as for a create.
    """
    try:
        find_response(deployment, clinic, response_id, sight=sight)
    except NotFound:
        raise NotOffered(NO_OWN_IDS, allow="GET") from None
    if body.value.get("resourceType") == ROOT and body.value.get("id") != response_id:
        fault = Fault(f"{ROOT}.id", "wrong-id", "The id must be that of the address.")
        raise FaultsInRequest([fault], status=400)
    return to_new_response(body, deployment, update=True)


def tell_update(recorded: Recorded) -> str:
    """Return a sentence on what an update did, and where to see whether the EHR takes it."""
    if not recorded.created:
        return "Nothing changed: it says this already."
    version = f"Stored as version {recorded.filled.version}."
    if not recorded.deliveries:
        return f"{version} Nothing of it goes to the EHR."
    places = ", ".join(f"/v1/deliveries/{one}" for one in recorded.deliveries)
    return f"{version} What becomes of it in the EHR, and why where it is held there: {places}."
