"""The refusals that a /v1 route may answer with, for its OpenAPI description."""

from typing import Any

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

_DESCRIPTIONS = {
    400: "The body, a header or a parameter cannot be read; `faults` names each.",
    404: "There is no such thing, or none that this caller may see.",
    409: "A duplicate, or an act that does not fit the state that the thing is in.",
    412: "If-Match names another version than the current one.",
    413: "The body is over the limit.",
    415: "The body is not JSON in UTF-8.",
    422: "The request has faults and changed nothing; `faults` names every one.",
    503: "The EHR must be asked for this, and gives no answer; try again later.",
    428: "A correction must name the version it corrects, in If-Match.",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a route for these statuses, each an RFC 9457 problem."""
    return {status: {"description": _DESCRIPTIONS[status], "content": PROBLEM} for status in statuses}


def json_body(model: str, *, required: bool = True) -> dict[str, Any]:
    """Return the ``openapi_extra`` of a route whose body is this model of ``models.py``."""
    schema = {"$ref": f"#/components/schemas/{model}"}
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}
