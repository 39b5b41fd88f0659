"""Everything that is kept of one patient, table by table: what an erasure removes and an export shows.

Every table has a rule here, or a reason why its rows stay. Children come before their parents.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, and_, delete, false, or_, select

from fhir_mappings import json_text
from service.ledger import State
from service.store.alert_tables import alert_acts, webhook_events
from service.store.attendance_tables import attendance
from service.store.caller_tables import api_keys
from service.store.card_tables import cards
from service.store.database import Tx
from service.store.disclosure_tables import patient_disclosures
from service.store.form_tables import form_links
from service.store.import_tables import unjudged_dyads
from service.store.inbound_tables import inbound_responses, patient_replacements
from service.store.subscription_tables import (
    notices,
    subscription_secrets,
    subscriptions,
    topic_events,
)
from service.store.tables import (
    alerts,
    attempts,
    audit_rows,
    chart_entries,
    deliveries,
    dyads,
    parts,
    patient_aliases,
    patient_merges,
    responses,
    scores,
)
from service.store.treatment_tables import treatment_ends
from service.store.visit_tables import encounter_look_ups

KEPT: Mapping[str, str] = {
    "audit_rows": "who did what when, on what by our own ids, which lead to nothing any more",
    "audit_seals": "hashes over the audit, so that nobody can change it unseen",
    "audit_sealed": "which row of the audit stands under which seal",
    "audit_purges": "up to which seal rows of the audit were removed",
    "erasures": "certificates, which name nobody",
    "erased_ids": "our own ids, so that what was erased is not taken again",
    "exports": "who asked for which export; an erasure ends them all, and their files",
    "gone_resources": "our own ids and whose caseload, so that whoever exported them is told of it",
    "export_keys": "secrets that make pseudonyms, until they are revoked",
    "page_sign_ins": "who is signed in at the page, a day at most; names no patient",
    "used_tokens": "hashes of an EHR's tokens, which name nobody, until they expire",
    "refusal_counts": "how often somebody unknown was refused, by address; of the release before",
    "practitioner_roles": "whose role is whose, of people at work",
    "norms": "figures over many clients",
    "norm_approvals": "who put a norm into force",
    "alert_rules": "which rule was in force",
    "kept_facts": "facts of the clinic",
    "ehr_troubles": "how the EHR answers",
    "ehr_pace": "how fast the EHR is asked",
    "inbound_cursors": "how far the EHR was read",
    "imports": "how far files were imported: counts alone",
    "import_refusals": "lines and columns of files with why they were refused; our own ids at most",
    "visit_cursors": "how far the EHR was read",
}
# The kinds of resources that a response or an alert becomes in an EHR.
_CHART_KINDS = (
    "QuestionnaireResponse",
    "Observation",
    "Provenance",
    "DocumentReference",
    "Communication",
    "DetectedIssue",
    "Task",
    "Flag",
)
# What stands behind a resource's own id: a part (r-7.total) or a version (r-7-1).
_BEHIND_ID = (".", "-")
_AT_ONCE = 40


@dataclass(frozen=True, slots=True)
class Holdings:
    """What one patient is here, with all who are one with them: own keys, aliases, the ids of what is theirs.

    ``inbound_rows`` are the forms out of the EHR, or waiting for a look-up, that are about them.
    """

    clinic: str
    keys: tuple[str, ...]
    alias_rows: tuple[int, ...]
    references: tuple[str, ...]
    response_ids: tuple[str, ...]
    alert_ids: tuple[str, ...]
    attendance_ids: tuple[str, ...]
    inbound_rows: tuple[int, ...]

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects of audit rows that are about them."""
        patients = tuple(f"patient/{key}" for key in self.keys)
        return (*patients, *self.response_ids, *self.alert_ids, *self.attendance_ids)


def find_holdings(tx: Tx, clinic: str, keys: Collection[str]) -> Holdings:
    """Return what is kept of the patient with these own keys."""
    aliases = tx.execute(
        select(patient_aliases.c.row_id, patient_aliases.c.value)
        .where(patient_aliases.c.clinic == clinic, patient_aliases.c.own_key.in_(keys))
        .order_by(patient_aliases.c.row_id)
    ).all()
    rows = [one.row_id for one in aliases]
    references = tuple(one.value for one in aliases)
    response_ids = _current_ids(tx, responses, clinic, rows)
    return Holdings(
        clinic=clinic,
        keys=tuple(sorted(keys)),
        alias_rows=tuple(rows),
        references=references,
        response_ids=response_ids,
        alert_ids=_current_ids(tx, alerts, clinic, rows),
        attendance_ids=_current_ids(tx, attendance, clinic, rows),
        inbound_rows=tuple(_inbound_rows(tx, clinic, rows, references, response_ids)),
    )


def is_named(tx: Tx, clinic: str, reference: str) -> bool:
    """Tell whether anything here names a patient by this reference, of whom nothing needs to be recorded."""
    named = (reference,)
    forms = tuple(_inbound_rows(tx, clinic, (), named, ()))
    return bool(count_rows(tx, Holdings(clinic, (), (), named, (), (), (), forms)))


def count_rows(tx: Tx, held: Holdings) -> dict[str, int]:
    """Return how many rows each table has of a patient, without those that have none."""
    counts = {name: len(rows) for name, rows in rows_of(tx, held)}
    return {name: count for name, count in counts.items() if count}


def rows_of(tx: Tx, held: Holdings) -> Iterator[tuple[str, Sequence[Mapping[str, object]]]]:
    """Return every row that is kept of a patient, by the table's name; audit rows are among them."""
    for table, condition in _conditions(tx, held):
        if table is subscription_secrets:
            # Its rows are counted, and never shown: they open somebody else's door.
            query = select(table.c.row_id).where(condition)
            yield str(table.name), [dict(row) for row in tx.execute(query).mappings()]
        else:
            yield str(table.name), _read(tx, table, condition)
    about = or_(audit_rows.c.subject.in_(held.subjects), audit_rows.c.patient_row.in_(held.alias_rows))
    audited = and_(audit_rows.c.clinic == held.clinic, about)
    yield str(audit_rows.name), _read(tx, audit_rows, audited)


def erase_rows(tx: Tx, held: Holdings) -> dict[str, int]:
    """Remove every row of a patient, and return how many each table lost."""
    counts = {}
    for table, condition in _conditions(tx, held):
        counts[str(table.name)] = tx.execute(delete(table).where(condition)).rowcount
    return {name: count for name, count in counts.items() if count}


def tables_with_a_rule() -> set[str]:
    """Return the names of the tables of which an erasure removes rows."""
    return {str(table.name) for table, _ in _RULES} | {str(chart_entries.name)}


def chart_logicals(tx: Tx, held: Holdings) -> list[tuple[str, str, str]]:
    """Return (EHR, our reference, the EHR's id or '') of everything that an EHR holds of a patient."""
    found = []
    for condition in _chart_conditions(tx, held):
        query = select(chart_entries.c.ehr, chart_entries.c.logical, chart_entries.c.ehr_id)
        found += [(row.ehr, row.logical, row.ehr_id) for row in tx.execute(query.where(condition))]
    return sorted(found)


def _conditions(tx: Tx, held: Holdings) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    for condition in _chart_conditions(tx, held):
        yield chart_entries, condition
    for table, rule in _RULES:
        yield table, and_(table.c.clinic == held.clinic, rule(held))


def _chart_conditions(tx: Tx, held: Holdings) -> list[ColumnElement[bool]]:
    """Return one condition for all, since its table knows our references only."""
    ehrs = tx.execute(
        select(chart_entries.c.ehr).where(chart_entries.c.clinic == held.clinic).distinct()
    ).scalars()
    ids = (*held.response_ids, *held.alert_ids)
    rows: list[int] = []
    for ehr in ehrs.all():
        for start in range(0, len(ids), _AT_ONCE):
            named = [_is_named(one) for one in ids[start : start + _AT_ONCE]]
            query = select(chart_entries.c.row_id).where(
                chart_entries.c.clinic == held.clinic, chart_entries.c.ehr == ehr, or_(false(), *named)
            )
            rows += tx.execute(query).scalars()
    return [and_(chart_entries.c.clinic == held.clinic, chart_entries.c.row_id.in_(rows))]


def _is_named(own_id: str) -> ColumnElement[bool]:
    """Return whether a chart entry is of this response or alert; each range is a look into the index."""
    logical = chart_entries.c.logical
    exact = logical.in_([f"{kind}/{own_id}" for kind in _CHART_KINDS])
    behind = [
        and_(logical >= f"{kind}/{own_id}{mark}", logical < f"{kind}/{own_id}{chr(ord(mark) + 1)}")
        for kind in _CHART_KINDS
        for mark in _BEHIND_ID
    ]
    return or_(exact, *behind)


def _of_deliveries(held: Holdings) -> ColumnElement[bool]:
    kinds = (("response", held.response_ids), ("alert", held.alert_ids))
    subjects = [
        and_(deliveries.c.subject_kind == kind, deliveries.c.subject_id.in_(ids)) for kind, ids in kinds
    ]
    return or_(deliveries.c.patient_key.in_(held.keys), *subjects)


def _of_parts(held: Holdings) -> ColumnElement[bool]:
    mine = select(deliveries.c.id).where(deliveries.c.clinic == held.clinic, _of_deliveries(held))
    return parts.c.delivery_id.in_(mine)


def _of_attempts(held: Holdings) -> ColumnElement[bool]:
    mine = select(parts.c.row_id).where(parts.c.clinic == held.clinic, _of_parts(held))
    return attempts.c.part_row.in_(mine)


def _of_responses(held: Holdings) -> ColumnElement[bool]:
    # A version under one of these names may be of a response that stands elsewhere now: an undone merge.
    return or_(responses.c.id.in_(held.response_ids), responses.c.alias_row.in_(held.alias_rows))


def _of_scores(held: Holdings) -> ColumnElement[bool]:
    mine = select(responses.c.row_id).where(responses.c.clinic == held.clinic, _of_responses(held))
    return scores.c.response_row.in_(mine)


def _of_alerts(held: Holdings) -> ColumnElement[bool]:
    return or_(alerts.c.id.in_(held.alert_ids), alerts.c.alias_row.in_(held.alias_rows))


def _of_merges(held: Holdings) -> ColumnElement[bool]:
    return or_(patient_merges.c.from_key.in_(held.keys), patient_merges.c.into_key.in_(held.keys))


def _of_unjudged(held: Holdings) -> ColumnElement[bool]:
    mine = select(dyads.c.row_id).where(dyads.c.clinic == held.clinic, dyads.c.patient_key.in_(held.keys))
    return unjudged_dyads.c.dyad_row.in_(mine)


def _of_subscriptions(held: Holdings) -> ColumnElement[bool]:
    """Return whether a Subscription asks about the patient by name, or is the patient's own."""
    return or_(
        subscriptions.c.about.in_(held.references),
        subscriptions.c.patient.in_(held.references),
    )


def _with_subscriptions(table: Table) -> Callable[[Holdings], ColumnElement[bool]]:
    def of_patient(held: Holdings) -> ColumnElement[bool]:
        mine = select(subscriptions.c.id).where(
            subscriptions.c.clinic == held.clinic, _of_subscriptions(held)
        )
        return table.c.subscription_id.in_(mine)

    return of_patient


def _of_topic_events(held: Holdings) -> ColumnElement[bool]:
    ids = (*held.response_ids, *held.alert_ids)
    return or_(topic_events.c.alias_row.in_(held.alias_rows), topic_events.c.subject_id.in_(ids))


def _of_replacements(held: Holdings) -> ColumnElement[bool]:
    table = patient_replacements
    return or_(table.c.reference.in_(held.references), table.c.surviving.in_(held.references))


_RULES: Sequence[tuple[Table, Callable[[Holdings], ColumnElement[bool]]]] = (
    (attempts, _of_attempts),
    (parts, _of_parts),
    (deliveries, _of_deliveries),
    (cards, lambda held: cards.c.alias_row.in_(held.alias_rows)),
    (webhook_events, lambda held: webhook_events.c.alert_id.in_(held.alert_ids)),
    (topic_events, _of_topic_events),
    (notices, _with_subscriptions(notices)),
    (subscription_secrets, _with_subscriptions(subscription_secrets)),
    (subscriptions, _of_subscriptions),
    (alert_acts, lambda held: alert_acts.c.alert_id.in_(held.alert_ids)),
    (encounter_look_ups, lambda held: encounter_look_ups.c.response_id.in_(held.response_ids)),
    (inbound_responses, lambda held: inbound_responses.c.row_id.in_(held.inbound_rows)),
    (scores, _of_scores),
    (alerts, _of_alerts),
    (responses, _of_responses),
    (form_links, lambda held: form_links.c.alias_row.in_(held.alias_rows)),
    (attendance, lambda held: attendance.c.alias_row.in_(held.alias_rows)),
    (treatment_ends, lambda held: treatment_ends.c.alias_row.in_(held.alias_rows)),
    (api_keys, lambda held: api_keys.c.patient.in_(held.references)),
    (patient_disclosures, lambda held: patient_disclosures.c.own_key.in_(held.keys)),
    (patient_replacements, _of_replacements),
    (patient_merges, _of_merges),
    (unjudged_dyads, _of_unjudged),
    (dyads, lambda held: dyads.c.patient_key.in_(held.keys)),
    (patient_aliases, lambda held: patient_aliases.c.own_key.in_(held.keys)),
)


def _current_ids(tx: Tx, table: Table, clinic: str, alias_rows: Sequence[int]) -> tuple[str, ...]:
    mine = (table.c.clinic == clinic, table.c.alias_row.in_(alias_rows), table.c.believed_until.is_(None))
    return tuple(tx.execute(select(table.c.id).where(*mine).order_by(table.c.row_id)).scalars())


def _read(tx: Tx, table: Table, condition: ColumnElement[bool]) -> list[Mapping[str, object]]:
    return [
        dict(row) for row in tx.execute(select(table).where(condition).order_by(table.c.row_id)).mappings()
    ]


def _inbound_rows(
    tx: Tx, clinic: str, alias_rows: Sequence[int], references: Collection[str], response_ids: Collection[str]
) -> list[int]:
    """Return the forms that became these responses, in every version, and those that name the patient."""
    table = inbound_responses
    forms = tx.execute(
        select(table.c.ehr, table.c.ehr_id).where(
            table.c.clinic == clinic, table.c.response_id.in_(response_ids)
        )
    ).all()
    known = {(row.ehr, row.ehr_id) for row in forms}
    identifiers = _identifiers(tx, clinic, alias_rows)
    # Of what was taken the body is empty: it stands with the response.
    kept = select(table.c.row_id, table.c.ehr, table.c.ehr_id, table.c.body).where(
        table.c.clinic == clinic,
        or_(table.c.body != b"", table.c.ehr_id.in_([ehr_id for _, ehr_id in known])),
    )
    return [
        row.row_id
        for row in tx.execute(kept)
        if (row.ehr, row.ehr_id) in known or _is_about(row.body, references, identifiers)
    ]


def _identifiers(tx: Tx, clinic: str, alias_rows: Sequence[int]) -> set[tuple[str | None, str]]:
    used = (responses.c.patient_identifier_system, responses.c.patient_identifier_value)
    rows = tx.execute(
        select(*used)
        .where(responses.c.clinic == clinic, responses.c.alias_row.in_(alias_rows), used[1].is_not(None))
        .distinct()
    )
    return {(row[0], row[1]) for row in rows}


def _is_about(
    body: bytes, references: Collection[str], identifiers: Collection[tuple[str | None, str]]
) -> bool:
    """Tell whether a form's subject is the patient, by reference or by an identifier that we know of them."""
    try:
        form = json_text.loads(body) if body else {}
        subject = form.get("subject") or form["source"]
        named = str(subject.get("reference", "")).partition("/_history/")[0]
        identifier = subject.get("identifier") or {}
        known_by = (identifier.get("system"), str(identifier.get("value", "")))
    except (ValueError, KeyError, AttributeError, TypeError):
        return False
    here = "/".join(named.split("/")[-2:])
    return named in references or here in references or known_by in identifiers


def unsettled_deliveries(tx: Tx, held: Holdings, now: str) -> list[tuple[str, str]]:
    """Return (id, state) of the deliveries that may be in the air or in the EHR without our knowing where.

    All of the patient's are locked: no worker takes them until the transaction ends.
    """
    rows = tx.execute(
        select(deliveries.c.id, deliveries.c.state, deliveries.c.lease_until)
        .where(deliveries.c.clinic == held.clinic, _of_deliveries(held))
        .order_by(deliveries.c.row_id)
        .with_for_update()
    ).all()
    in_the_air = (State.SENT, State.UNKNOWN)
    return [(row.id, row.state) for row in rows if row.state in in_the_air or (row.lease_until or "") > now]


def open_work(tx: Tx, held: Holdings) -> dict[str, int]:
    """Return how much of a patient still asks for something: deliveries not ended, alerts that are live."""
    ended = (State.CONFIRMED, State.DISCARDED)
    undelivered = select(deliveries.c.row_id).where(
        deliveries.c.clinic == held.clinic, _of_deliveries(held), deliveries.c.state.not_in(ended)
    )
    live = select(alerts.c.row_id).where(
        alerts.c.clinic == held.clinic,
        alerts.c.id.in_(held.alert_ids),
        alerts.c.believed_until.is_(None),
        alerts.c.live,
    )
    undecided = select(inbound_responses.c.row_id).where(
        inbound_responses.c.clinic == held.clinic,
        inbound_responses.c.row_id.in_(held.inbound_rows),
        inbound_responses.c.state.in_(("due", "parked")),
    )
    found = {"deliveries": undelivered, "live alerts": live, "forms to decide about": undecided}
    counts = {name: len(tx.execute(query).all()) for name, query in found.items()}
    return {name: count for name, count in counts.items() if count}
