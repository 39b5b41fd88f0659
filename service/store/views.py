"""The kinds of things that searches find: of which rows each is made, and what may be asked of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, FromClause, String, Table, case, cast, exists, func, null, true

from fhir_mappings.alert_states import UNDER_WAY
from service.store.responses import IN_ERROR
from service.store.tables import alerts, audit_rows, responses, scores

Kind = Literal["response", "observation", "alert", "work", "trace", "audit"]
# The same versions once more: what one gave is seen beside what the one before gave.
earlier_versions = responses.alias("earlier")


@dataclass(frozen=True, slots=True)
class View:
    """One kind of thing: its rows, those of them that are shown, and the columns to ask for.

    ``versions`` is the table whose rows are versions; ``columns`` has both moments, ``at`` and ``updated``.
    ``naming``: those of them that few things have in common, each at the head of an index.
    ``every_version``: not the current ones only. ``is_of_patients``: it tells of patients, who may not want
    to be found by those who do not name them; the audit tells of callers.
    """

    rows: FromClause
    versions: Table
    shown: ColumnElement[bool]
    clinic: ColumnElement[str]
    row_id: ColumnElement[int]
    owner_row: ColumnElement[int]
    part: ColumnElement[str]
    columns: Mapping[str, ColumnElement[Any]]
    naming: frozenset[str]
    every_version: bool = False
    is_of_patients: bool = True


_OBSERVATION_STATUS = case(
    (responses.c.status == IN_ERROR, IN_ERROR),
    (responses.c.status == "amended", "amended"),
    else_="final",
)
# AuditEvent.outcome by the status of HTTP, as fhir_mappings/audit.py has it.
_OUTCOMES = tuple((audit_rows.c.status < below, code) for below, code in ((400, "0"), (500, "4")))
VIEWS: Mapping[Kind, View] = {
    "response": View(
        rows=responses,
        versions=responses,
        shown=true(),
        clinic=responses.c.clinic,
        row_id=responses.c.row_id,
        owner_row=responses.c.row_id,
        part=responses.c.instrument,
        naming=frozenset({"id", "encounter", "identifier_value"}),
        columns={
            "at": responses.c.authored_at,
            "updated": responses.c.believed_from,
            "id": responses.c.id,
            "patient": responses.c.alias_row,
            "dyad": responses.c.dyad_row,
            "perspective": responses.c.perspective,
            "status": responses.c.status,
            "source": responses.c.source,
            "author": responses.c.author,
            "encounter": responses.c.encounter,
            "form": responses.c.form,
            "form_version": responses.c.form_version,
            "identifier_system": responses.c.identifier_system,
            "identifier_value": responses.c.identifier_value,
        },
    ),
    "observation": View(
        rows=responses.join(scores, scores.c.response_row == responses.c.row_id),
        versions=responses,
        shown=scores.c.observed,
        clinic=responses.c.clinic,
        row_id=scores.c.row_id,
        owner_row=responses.c.row_id,
        part=scores.c.part,
        naming=frozenset({"response", "encounter"}),
        columns={
            "at": responses.c.authored_at,
            "updated": responses.c.believed_from,
            "response": responses.c.id,
            "part": scores.c.part,
            "patient": responses.c.alias_row,
            "dyad": responses.c.dyad_row,
            "perspective": responses.c.perspective,
            "instrument": responses.c.instrument,
            "source": responses.c.source,
            "encounter": responses.c.encounter,
            "code": scores.c.code,
            "value": scores.c.value,
            "status": _OBSERVATION_STATUS,
        },
    ),
    "alert": View(
        rows=alerts,
        versions=alerts,
        shown=true(),
        clinic=alerts.c.clinic,
        row_id=alerts.c.row_id,
        owner_row=alerts.c.row_id,
        part=alerts.c.series,
        naming=frozenset({"id", "row"}),
        columns={
            "at": alerts.c.raised_at,
            "updated": alerts.c.believed_from,
            "id": alerts.c.id,
            "patient": alerts.c.alias_row,
            "dyad": alerts.c.dyad_row,
            "row": alerts.c.row_id,
        },
    ),
    # What an alert asks for: a historical one is no news.
    "work": View(
        rows=alerts,
        versions=alerts,
        shown=alerts.c.historical.is_(False),
        clinic=alerts.c.clinic,
        row_id=alerts.c.row_id,
        owner_row=alerts.c.row_id,
        part=alerts.c.series,
        naming=frozenset({"id"}),
        columns={
            "id": alerts.c.id,
            "patient": alerts.c.alias_row,
            "dyad": alerts.c.dyad_row,
            "status": alerts.c.status,
            "severity": alerts.c.severity,
            "owner": func.coalesce(alerts.c.owner, alerts.c.therapist),
            "at": alerts.c.raised_at,
            "updated": alerts.c.believed_from,
            "begins": alerts.c.raised_at,
            "ends": case((alerts.c.status.in_(UNDER_WAY), null()), else_=alerts.c.ended_at),
        },
    ),
    # Every version of a response that gave Observations, or took some away.
    "trace": View(
        rows=responses,
        versions=responses,
        every_version=True,
        shown=exists().where(
            earlier_versions.c.clinic == responses.c.clinic,
            earlier_versions.c.id == responses.c.id,
            earlier_versions.c.version.between(responses.c.version - 1, responses.c.version),
            scores.c.response_row == earlier_versions.c.row_id,
            scores.c.observed,
        ),
        clinic=responses.c.clinic,
        row_id=responses.c.row_id,
        owner_row=responses.c.row_id,
        part=responses.c.instrument,
        naming=frozenset({"response", "row"}),
        columns={
            "at": responses.c.believed_from,
            "updated": responses.c.believed_from,
            "response": responses.c.id,
            "version": cast(responses.c.version, String),
            "patient": responses.c.alias_row,
            "dyad": responses.c.dyad_row,
            "perspective": responses.c.perspective,
            "source": responses.c.source,
            "row": responses.c.row_id,
        },
    ),
    "audit": View(
        rows=audit_rows,
        versions=audit_rows,
        every_version=True,
        is_of_patients=False,
        shown=true(),
        clinic=audit_rows.c.clinic,
        row_id=audit_rows.c.row_id,
        owner_row=audit_rows.c.row_id,
        part=audit_rows.c.interaction,
        naming=frozenset({"id", "subject"}),
        columns={
            "at": audit_rows.c.at,
            "updated": audit_rows.c.at,
            "id": audit_rows.c.id,
            "patient": audit_rows.c.patient_row,
            "action": audit_rows.c.action,
            "interaction": audit_rows.c.interaction,
            "caller": audit_rows.c.caller,
            "person": audit_rows.c.person,
            "address": audit_rows.c.address,
            "resource": audit_rows.c.resource,
            "subject": audit_rows.c.subject,
            "outcome": case(*_OUTCOMES, else_="8"),
            "type": case(
                (audit_rows.c.interaction == "disclose", "110106"),
                (audit_rows.c.route.startswith("/"), "rest"),
                else_="110100",
            ),
        },
    ),
}
