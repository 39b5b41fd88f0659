"""Builders: the smallest resources that the tests send."""

from typing import Any


def observation(patient: str, value: str = "r-1", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "identifier": [{"system": "urn:test", "value": value}],
        "status": "final",
        "code": {"coding": [{"system": "urn:codes", "code": "srs-3.total"}]},
        "subject": {"reference": patient},
        "effectiveDateTime": "2026-03-02T10:50:00+01:00",
    } | more


def response(patient: str, value: str = "r-1", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "QuestionnaireResponse",
        "identifier": {"system": "urn:test", "value": value},
        "status": "completed",
        "questionnaire": "https://a.example/fhir/Questionnaire/srs-3|1.0.0",
        "subject": {"reference": patient},
        "authored": "2026-03-02T10:50:00+01:00",
    } | more


def post_entry(resource: dict[str, Any], full_url: str = "", **request: str) -> dict[str, Any]:
    named = {"fullUrl": full_url} if full_url else {}
    return {
        **named,
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"]} | request,
    }


def put_entry(resource: dict[str, Any]) -> dict[str, Any]:
    return {
        "resource": resource,
        "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
    }
