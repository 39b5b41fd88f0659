"""A QuestionnaireResponse in a request's body, read into a response that can be recorded."""

from collections.abc import Collection

from service.api.bodies import JsonBody
from service.flows.deployment import Deployment
from service.flows.new_response import NewResponse
from service.flows.read_submitted import STATUSES, read_submitted


def to_new_response(
    body: JsonBody, deployment: Deployment, statuses: Collection[str] = STATUSES, *, update: bool = False
) -> NewResponse:
    """Return the response that a body holds; raises what ``read_submitted`` does."""
    return read_submitted(body.value, body.raw, deployment, statuses, update=update)
