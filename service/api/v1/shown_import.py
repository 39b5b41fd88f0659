"""An import as /v1 shows it."""

import csv
from io import StringIO

from service.store.imports import Import, Refusal

REPORT_COLUMNS = ("line", "at", "reason", "message")


def show_import(one: Import) -> dict[str, object]:
    """Return how far an import came: counts alone."""
    return {
        "id": one.id,
        "state": one.state,
        "dry_run": one.dry_run,
        "queue_deliveries": one.queue_deliveries,
        "line": one.line,
        "recorded": one.recorded,
        "unchanged": one.unchanged,
        "refused": one.refused,
        "deliveries": one.deliveries,
        "started_at": one.started_at,
        "updated_at": one.updated_at,
    }


def show_refusal(one: Refusal) -> dict[str, object]:
    """Return one fault of one refused row."""
    return {name: getattr(one, name) for name in REPORT_COLUMNS}


def as_csv(one: Refusal) -> str:
    """Return it as a line of CSV."""
    line = StringIO()
    csv.writer(line, lineterminator="\n").writerow([getattr(one, name) for name in REPORT_COLUMNS])
    return line.getvalue()
