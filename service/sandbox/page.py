"""The page that a person looks at: the latest resources of each patient, in plain escaped HTML."""

from collections.abc import Iterator
from html import escape
from typing import Any

from service.sandbox import decimal_json
from service.sandbox.store import Condition, Rows, Stored

RECENT_TYPES = ("QuestionnaireResponse", "Observation", "DetectedIssue", "Task", "Flag", "DocumentReference")
RECENT = 400
PER_PATIENT = 12
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1c2733}"
    "h2{margin:1.6rem 0 .3rem;font-size:1.05rem}table{border-collapse:collapse;width:100%}"
    "td{padding:.15rem .8rem .15rem 0;border-top:1px solid #e3e8ee;vertical-align:top}"
    "td:first-child{white-space:nowrap}a{color:#0b5c8a}"
)


def page_html(rows: Rows, surface_name: str) -> str:
    """Return the page: counts by type, then the patients written last with their latest resources."""
    counts = ", ".join(f"{count} {name}" for name, count in rows.counts_by_type().items()) or "nothing yet"
    sections = "".join(_section(patient, kept) for patient, kept in _by_patient(rows).items())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Sandbox EHR</title>'
        f"<style>{_STYLE}</style><h1>Sandbox EHR</h1>"
        f"<p>Surface: {escape(surface_name)}. Stored: {escape(counts)}. "
        '<a href="/fhir/metadata">Metadata</a></p>'
        f"{sections}</html>"
    )


def _by_patient(rows: Rows) -> dict[str, list[Stored]]:
    names = ", ".join(f"'{name}'" for name in RECENT_TYPES)
    found: dict[str, list[Stored]] = {}
    for stored in rows.find([Condition(f"r.type IN ({names})")], newest_first=True, limit=RECENT):
        kept = found.setdefault(_patient(decimal_json.loads(stored.body)), [])
        if len(kept) < PER_PATIENT:
            kept.append(stored)
    return found


def _patient(resource: dict[str, Any]) -> str:
    references = (_inside(resource, name, "reference") for name in ("subject", "patient", "for"))
    return next((one for one in references if one), "no patient")


def _section(patient: str, kept: list[Stored]) -> str:
    lines = "".join(
        f'<tr><td><a href="/fhir/{escape(one.type)}/{escape(one.id)}">{escape(one.type)}</a></td>'
        f"<td>{escape(_summary(decimal_json.loads(one.body)))}</td><td>{escape(one.updated_at[:19])}</td></tr>"
        for one in kept
    )
    return f"<h2>{escape(patient)}</h2><table>{lines}</table>"


def _summary(resource: dict[str, Any]) -> str:
    return " · ".join(text for text in _facts(resource) if text)


def _facts(resource: dict[str, Any]) -> Iterator[str]:
    yield _inside(resource, "code", "text") or _inside(resource, "code", "coding", 0, "display")
    yield _inside(resource, "questionnaire")
    yield _inside(resource, "valueQuantity", "value") or _inside(resource, "valueDecimal")
    yield _inside(resource, "effectiveDateTime") or _inside(resource, "authored")
    yield _inside(resource, "detail")
    yield _inside(resource, "status")


def _inside(value: Any, *path: str | int) -> str:  # noqa: ANN401 - JSON may hold anything
    """Return the text at the end of the path, or an empty one: what is stored was never validated."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return ""
    return str(value)
