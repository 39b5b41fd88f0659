"""A clinic's figures as JSON, and as CSV for spreadsheets and BI tools."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from fhir_mappings.elements import Json
from service.flows.deployment import Deployment
from service.flows.report_metrics import Report
from service.reporting.figures import Told, told_figures
from service.reporting.suppression import Group

_PLACES = 4
_LABELS = ("instrument", "perspective", "score", "measure")
_NUMBERS = ("value", "low", "high", "n", "suppressed")
# What a spreadsheet takes for a formula, also where it parts cells by another separator than ours, or as wide
# as a Chinese character (owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = re.compile(r"(?:^|[;|\t\r\n])[\s\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r]")


def show_metrics(report: Report, deployment: Deployment) -> Json:
    """Return the whole answer."""
    told = {one.name: one for one in told_figures()}
    items = list(_items(report, told))
    return {
        "as_of": report.snapshot.facts.as_of,
        "clinic": report.question.clinic,
        "group_by": list(report.question.group_by),
        **_protection(report),
        "counted_by": _counted_by(report, deployment),
        "items": items,
        "not_grouped": list(report.answered.not_grouped),
        "definitions": {
            name: _definition(told[name]) for name in dict.fromkeys(one["figure"] for one in items)
        },
    }


def show_metrics_as_csv(report: Report, deployment: Deployment) -> str:
    """Return a header and one line for each figure and group; text that looks like a formula is quoted.

    What is told once as JSON stands in every line: by what was counted, and what was left out.
    """
    told = {one.name: one for one in told_figures()}
    written = io.StringIO()
    lines, harmless = csv.writer(written), cache(_harmless)
    once = _protection(report) | _counted_by(report, deployment)
    once["session_bands"] = " ".join(map(str, once["session_bands"]))
    lines.writerow(["as_of", *report.question.group_by, "figure", *_LABELS, "unit", *_NUMBERS, *once])
    for item in _items(report, told):
        texts = [*item["group"].values(), item["figure"], *(item.get(name, "") for name in _LABELS)]
        numbers = ["" if item[name] is None else item[name] for name in _NUMBERS[:-1]]
        shown = [*map(harmless, texts), told[item["figure"]].unit, *numbers, str(item["suppressed"]).lower()]
        lines.writerow([report.snapshot.facts.as_of, *shown, *once.values()])
    return written.getvalue()


def _protection(report: Report) -> dict[str, Any]:
    return {"minimum_cell": report.question.minimum_cell, "patients_not_shared": _not_shared(report)}


def _counted_by(report: Report, deployment: Deployment) -> dict[str, Any]:
    by = report.question.by
    return {
        "in_time_days": by.in_time_days,
        "drop_out_days": by.drop_out_days,
        "critical_mark": by.critical_mark,
        "rich_ratings": by.rich_ratings,
        "session_bands": list(by.session_bands),
        "alert_budget_per_100": deployment.parameters.budget_per_100,
    }


def _items(report: Report, told: Mapping[str, Told]) -> Iterator[dict[str, Any]]:
    """Give the cells as they are shown: of tens of thousands, each group and each figure's labels once."""
    question = report.question
    shows = [(name, cache(show)) for name, show in zip(question.group_by, question.shows, strict=True)]

    @cache
    def group(keys: Group) -> dict[str, str]:
        return {name: show(key) for (name, show), key in zip(shows, keys, strict=True)}

    @cache
    def labelled(figure: str, labels: tuple[str, ...]) -> dict[str, str]:
        return {"figure": figure, **dict(zip(told[figure].labels, labels, strict=True))}

    for keys, figure, labels, value, low, high, n, _, suppressed in report.answered.cells:
        yield {
            "group": group(keys),
            **labelled(figure, labels),
            "value": _rounded(value),
            "low": _rounded(low),
            "high": _rounded(high),
            "n": n,
            "suppressed": suppressed,
        }


def _definition(told: Told) -> Json:
    return {"says": told.says, "unit": told.unit, "n": told.n, "interval": told.interval or None}


def _not_shared(report: Report) -> int | None:
    count = report.snapshot.facts.not_shared
    return None if 0 < count < report.question.minimum_cell else count


def _rounded(number: float | None) -> float | None:
    if number is None or isinstance(number, int):
        return number
    return round(number, _PLACES) + 0.0  # never -0.0


def _harmless(text: str) -> str:
    return f"'{text}" if _FORMULA.search(text) else text
