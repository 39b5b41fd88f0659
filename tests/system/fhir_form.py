"""A rating as the QuestionnaireResponse that a FHIR caller would send; written by hand, not by our mapper."""

from decimal import Decimal
from typing import Any

from tests.demo_clinic import Rating

_BASE = "https://alliance.example/fhir"
_CHOICES = f"{_BASE}/CodeSystem/wai-frequency-5"


def to_form(rating: Rating) -> dict[str, Any]:
    """Return the QuestionnaireResponse: items in their group, session and therapist as extensions."""
    system, _, value = rating.identifier.partition("|")
    return {
        "resourceType": "QuestionnaireResponse",
        "extension": [
            _extension("session-date", valueDate=rating.session_date.isoformat()),
            _extension("session-number", valuePositiveInt=rating.session_number),
            _extension("therapist", valueReference={"reference": rating.therapist}),
        ],
        "identifier": {"system": system, "value": value},
        "questionnaire": f"{_BASE}/Questionnaire/{rating.instrument}|1.0.0",
        "status": "completed",
        "subject": {"reference": rating.client},
        "authored": rating.authored,
        "source": {"reference": rating.client},
        "item": [{"linkId": "panel", "item": _items(rating)}],
    }


def _items(rating: Rating) -> list[dict[str, Any]]:
    if rating.answers is None:
        return [{"linkId": "total", "answer": [{"valueDecimal": rating.total}]}]
    return [
        {"linkId": link_id, "answer": [_answer(rating.instrument, value)]}
        for link_id, value in rating.answers.items()
    ]


def _answer(instrument: str, value: Decimal) -> dict[str, Any]:
    if instrument == "srs-3":
        return {"valueDecimal": value}
    return {"valueCoding": {"system": _CHOICES, "code": str(int(value))}}


def _extension(name: str, **value: object) -> dict[str, Any]:
    return {"url": f"{_BASE}/StructureDefinition/{name}", **value}
