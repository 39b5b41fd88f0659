"""The FHIR door in the OpenAPI description, made of the same table as its routes."""

from collections.abc import Mapping
from typing import Any

from service.api.fhir.cursor import CURSOR
from service.api.fhir.offered import RESULT_PARAMETERS, Offered
from service.api.outcomes import FHIR_JSON

_MEDIA_TYPE = FHIR_JSON.partition(";")[0]
_ASYNC = ("respond-async", "respond-async, handling=lenient")


def resource_content(resource_type: str) -> dict[str, Any]:
    """Return the content of a request or answer that holds one resource of a type."""
    schema = {
        "type": "object",
        "required": ["resourceType"],
        "properties": {"resourceType": {"type": "string", "enum": [resource_type]}},
    }
    return {"content": {_MEDIA_TYPE: {"schema": schema}}}


def answers(resource_type: str, *statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the answers of a route: the resource under each of these statuses, refusals as outcomes."""
    found: dict[int | str, dict[str, Any]] = {
        status: {"description": resource_type} | resource_content(resource_type) for status in statuses
    }
    return found | {
        "4XX": {"description": "Refused, with every fault"} | resource_content("OperationOutcome")
    }


def read_answers(resource_type: str) -> dict[int | str, dict[str, Any]]:
    """Return the answers of a read, which may find that the caller has this version already."""
    return answers(resource_type, 200) | {
        304: {"description": "If-None-Match names this version, or nothing changed since If-Modified-Since"}
    }


def search_parameters(offered: Offered) -> dict[str, Any]:
    """Return the parameters of a search by GET."""
    return query_parameters(_meanings(offered))


def search_form(offered: Offered) -> dict[str, Any]:
    """Return the form of a search by POST."""
    properties = {
        name: {"type": "string", "description": meaning} for name, meaning in _meanings(offered).items()
    }
    form = {"schema": {"type": "object", "properties": properties}}
    return {"requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": form}}}


def query_parameters(meanings: Mapping[str, str]) -> dict[str, Any]:
    """Return parameters of a query, by what they mean."""
    return {"parameters": [_parameter(name, meaning) for name, meaning in meanings.items()]}


def async_parameters(meanings: Mapping[str, str]) -> dict[str, Any]:
    """Return parameters of a query, and the header without which an operation is not begun."""
    prefer = _parameter("Prefer", "respond-async; with handling=lenient the unknown is left out", "header")
    prefer |= {"required": True, "schema": {"type": "string", "enum": list(_ASYNC)}}
    return {"parameters": [prefer, *(_parameter(name, meaning) for name, meaning in meanings.items())]}


def operation_request(*resource_types: str) -> dict[str, Any]:
    """Return the body of an operation: a resource of one of these types."""
    schema = {
        "type": "object",
        "required": ["resourceType"],
        "properties": {"resourceType": {"type": "string", "enum": list(resource_types)}},
    }
    return {"requestBody": {"required": True, "content": {_MEDIA_TYPE: {"schema": schema}}}}


def create_request(resource_type: str) -> dict[str, Any]:
    """Return body and headers of a create."""
    return {
        "requestBody": {"required": True, **resource_content(resource_type)},
        "parameters": [
            _parameter("If-None-Exist", "identifier=system|value: create only where none has it", "header"),
            _parameter("Prefer", "return=minimal, representation or OperationOutcome", "header"),
        ],
    }


def update_request(resource_type: str) -> dict[str, Any]:
    """Return body and headers of an update."""
    return {
        "requestBody": {"required": True, **resource_content(resource_type)},
        "parameters": [
            _parameter("If-Match", 'W/"3": only while that is the current version', "header"),
            _parameter("Prefer", "return=minimal, representation or OperationOutcome", "header"),
        ],
    }


def history_parameters() -> dict[str, Any]:
    """Return the parameters of a history."""
    return {
        "parameters": [
            _parameter("_count", RESULT_PARAMETERS["_count"]),
            _parameter("_since", "Versions from this moment on: a time with seconds and offset"),
            _parameter(CURSOR, "Where a next link goes on"),
            _parameter("_format", RESULT_PARAMETERS["_format"]),
            _parameter("_pretty", RESULT_PARAMETERS["_pretty"]),
        ]
    }


def _meanings(offered: Offered) -> dict[str, str]:
    own = {one.name: f"{one.documentation} ({one.type})" for one in offered.parameters}
    return own | dict(RESULT_PARAMETERS) | {CURSOR: "Where a next link goes on"}


def _parameter(name: str, meaning: str, place: str = "query") -> dict[str, Any]:
    return {"name": name, "in": place, "description": meaning, "schema": {"type": "string"}}
