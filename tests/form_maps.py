"""Maps of forms that an EHR of a test owns. Nobody here exists."""

from decimal import Decimal
from typing import Any

from tests.builders import srs, wai_sr

THEIRS = "https://ehr.example/fhir/Questionnaire/4711"
WAI_THEIRS = "https://ehr.example/fhir/Questionnaire/4712"


def srs_map(questionnaire: str = THEIRS, **changes: str) -> str:
    """Return the file of a form with numbers as words in one group; a change replaces an item's lines."""
    lines = [f'questionnaire = "{questionnaire}"', 'ignored = ["signature"]']
    for item in srs().items:
        place = f'link_id = "q-{item.link_id}"\nvalue = "string"\ngroups = ["page"]'
        lines.append(f"[items.{item.link_id}]\n{changes.get(item.link_id.replace('-', '_'), place)}")
    return "\n".join([*lines, '[scores.total]\nlink_id = "q-sum"\n'])


def wai_map() -> str:
    """Return the file of a form whose choices are codes of the EHR's."""
    lines = [f'questionnaire = "{WAI_THEIRS}|2"', 'system = "urn:ehr:answers"']
    for item in wai_sr().items:
        choices = item.scale.choices if item.scale else ()
        codes = ", ".join(f'{one.code} = "A{number}"' for number, one in enumerate(choices, 1))
        lines.append(f'[items.{item.link_id}]\nlink_id = "w-{item.link_id}"\ncodes = {{ {codes} }}')
    return "\n".join(lines)


def theirs(marks: tuple[str, ...] = ("9.2", "9.0", "8.7", "9.4"), **changes: Any) -> dict[str, Any]:
    """Return Anna's SRS in the EHR's own form, as its portal stores it; a change to None leaves that out."""
    items = [
        {"linkId": f"q-item-{number}", "answer": [{"valueString": mark}]}
        for number, mark in enumerate(marks, 1)
    ]
    total = {"linkId": "q-sum", "answer": [{"valueDecimal": sum(map(Decimal, marks))}]}
    response = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": THEIRS,
        "status": "completed",
        "subject": {"reference": "Patient/anna"},
        "authored": "2026-03-02T10:50:00+01:00",
        "item": [{"linkId": "page", "text": "Page 1", "item": [*items, total]}],
    }
    return {key: value for key, value in (response | changes).items() if value is not None}
