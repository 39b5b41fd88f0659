"""The OpenAPI description of the whole app, in the words in which it really answers.

FastAPI describes its own 422 and knows nothing of bodies that are read raw, so that both are put right here:
refusals are RFC 9457 problems at /v1 and OperationOutcomes at /fhir, and request models are added by name.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from service.api.cds.models import FeedbackBody, HookRequest
from service.api.outcomes import is_fhir
from service.api.v1.act_models import Acknowledgement, Dismissal, RepairStep, Resolution
from service.api.v1.attendance_models import AttendanceBody
from service.api.v1.disclosure_models import DisclosureBody
from service.api.v1.form_link_models import FormLinkBody
from service.api.v1.merge_models import Merging
from service.api.v1.models import Confirmation, Discard, Problem, ResponseBody, Retry, Withdrawal
from service.api.v1.patient_models import PatientSearch
from service.api.v1.treatment_end_models import TreatmentEndBody, TreatmentEndWithdrawal

Json = dict[str, Any]

# Named in routes by reference alone, since no route parses or answers with them.
_MODELS: tuple[type[BaseModel], ...] = (
    *(Problem, ResponseBody, AttendanceBody, Withdrawal, Confirmation, Retry, Discard, Merging),
    *(Acknowledgement, RepairStep, Resolution, Dismissal, PatientSearch, DisclosureBody, FormLinkBody),
    *(TreatmentEndBody, TreatmentEndWithdrawal),
    *(HookRequest, FeedbackBody),
)
_METHODS = ("get", "post", "put", "patch", "delete")
_FRAMEWORK = ("HTTPValidationError", "ValidationError")
_REF = "#/components/schemas/{model}"
_OUTCOME: Json = {
    "type": "object",
    "title": "OperationOutcome",
    "description": "FHIR R4 OperationOutcome: one issue for every fault, none repeating a value.",
    "required": ["resourceType", "issue"],
    "properties": {
        "resourceType": {"const": "OperationOutcome"},
        "issue": {"type": "array", "minItems": 1, "items": {"type": "object"}},
    },
}
# What the gate before every door may answer.
_ALWAYS = {
    "401": "A credential is needed, or the one that came is not valid; only where callers are configured.",
    "403": "The Host or Origin is foreign, or the credential lacks the scope that WWW-Authenticate names.",
    "408": "The body did not come in time.",
    "414": "The address is too long.",
    "429": "The caller is over its rate; Retry-After says when to come back.",
    "431": "More headers, or longer ones, than any caller needs.",
    "500": "The service failed; the log tells more under the request id.",
    "503": "Too much is under way, or the database is away; Retry-After says when to come back.",
}
_COMES_LATER = {
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}},
}
_BAD_PARAMETER = "A parameter or header cannot be read; every one is named."


def describe(app: FastAPI) -> Json:
    """Return the OpenAPI 3.1 description of the app's routes; the same app gives the same description."""
    schema = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
    )
    schemas: Json = schema.setdefault("components", {}).setdefault("schemas", {})
    for name in _FRAMEWORK:
        schemas.pop(name, None)
    schemas["OperationOutcome"] = _OUTCOME
    for model in _MODELS:
        schemas |= _components(model)
    schema["components"]["schemas"] = dict(sorted(schemas.items()))
    for path, operations in schema["paths"].items():
        for method in _METHODS:
            if method in operations:
                _correct(path, operations[method])
    return schema


def _components(model: type[BaseModel]) -> Json:
    """Return a model's schema under its name, and those that it refers to."""
    own = model.model_json_schema(ref_template=_REF, mode="serialization")
    return {**own.pop("$defs", {}), model.__name__: own}


def _correct(path: str, operation: Json) -> None:
    """Describe the refusals of one operation as they are answered at its door."""
    responses: Json = operation["responses"]
    refusals = dict(_ALWAYS)
    if _names_framework(responses.get("422", {})):
        del responses["422"]
        refusals["400"] = _BAD_PARAMETER
    for status, description in refusals.items():
        if status not in responses and f"{status[0]}XX" not in responses:
            responses[status] = _refusal(path, description)
            if "Retry-After" in description:
                responses[status]["headers"] = _COMES_LATER
    for response in responses.values():
        _forget_undescribed(response)
    operation["responses"] = dict(sorted(responses.items()))
    for parameter in operation.get("parameters", []):
        parameter["schema"] = _without_null(parameter["schema"])


def _forget_undescribed(response: Json) -> None:
    """Take away FastAPI's "some JSON" where the route itself says what comes, or that nothing does."""
    content = response.get("content", {})
    if content.get("application/json") == {"schema": {}}:
        del content["application/json"]
    if not content:
        response.pop("content", None)


def _names_framework(response: Json) -> bool:
    content = response.get("content", {}).get("application/json", {})
    return str(content.get("schema", {}).get("$ref", "")).endswith("HTTPValidationError")


def _refusal(path: str, description: str) -> Json:
    media_type, model = (
        ("application/fhir+json", "OperationOutcome")
        if is_fhir(path)
        else ("application/problem+json", "Problem")
    )
    schema = {"$ref": _REF.format(model=model)}
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _without_null(schema: Json) -> Json:
    """Return a parameter's schema without "or null": a parameter is left out, never null."""
    options: list[Json] = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(options) != 1:
        return schema
    rest = {key: value for key, value in schema.items() if key not in {"anyOf", "description", "title"}}
    return options[0] | rest
