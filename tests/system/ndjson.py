"""The clinic's resources as NDJSON, one file for each type."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from fhir_mappings import json_text
from fhir_mappings.alert import to_detected_issue
from fhir_mappings.elements import Json
from fhir_mappings.observation import to_observations
from fhir_mappings.response import to_response
from fhir_mappings.task import to_task
from service.flows.deployment import Deployment
from service.flows.load import alert_facts, filled_from
from service.store.alerts import AlertRow
from service.store.responses import ResponseVersion
from service.store.tables import alerts, responses


def write_ndjson(deployment: Deployment, folder: Path) -> None:
    """Write every response, score, alert and task as it is now."""
    folder.mkdir()
    for resource in [*_responses(deployment), *_alerts(deployment)]:
        with (folder / f"{resource['resourceType']}.ndjson").open("ab") as file:
            file.write(json_text.dumps(resource) + b"\n")


def _responses(deployment: Deployment) -> Iterator[Json]:
    for row in _current(deployment, responses):
        filled = filled_from(ResponseVersion(**row), deployment.known)
        yield to_response(filled, deployment.names)
        yield from to_observations(filled, deployment.names)


def _alerts(deployment: Deployment) -> Iterator[Json]:
    for row in _current(deployment, alerts):
        alert = AlertRow(**row)
        yield to_detected_issue(alert_facts(alert), deployment.names)
        if not alert.historical:
            yield to_task(alert_facts(alert), deployment.names)


def _current(deployment: Deployment, table: Table) -> list[dict[str, Any]]:
    current = select(table).where(table.c.believed_until.is_(None))
    with deployment.database.read() as tx:
        return [{k: v for k, v in row.items() if k != "row_id"} for row in tx.execute(current).mappings()]
