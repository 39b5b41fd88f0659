"""Forms filled in the EHR: what came of each version, how far was read, whom the EHR replaced."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from uuid import uuid4

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select, update

from fhir_mappings import json_text
from service.store.database import Tx
from service.store.inbound_tables import inbound_cursors, inbound_responses, patient_replacements
from service.store.responses import ResponseVersion
from service.store.tables import chart_entries, responses

DUE, TAKEN, PARKED, SUPERSEDED, DISCARDED = "due", "taken", "parked", "superseded", "discarded"
_OPEN = (DUE, PARKED)


@dataclass(frozen=True, slots=True)
class InboundRow:
    """One version of one response of the EHR's, or (``origin`` fhir) one sent to us that waits for a look-up.

    ``row`` is its place in the list and never leaves here.
    """

    row: int
    id: str
    ehr: str
    ehr_id: str
    ehr_version: str
    origin: str
    state: str
    reason: str
    faults: str
    response_id: str | None
    body: bytes
    version: int
    tries: int
    discard_reason: str | None
    received_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far an EHR was read. ``forms`` is the fingerprint of what was asked for."""

    read_until: str = ""
    forms: str = ""
    trouble: str = ""
    polled_at: str | None = None


@dataclass(frozen=True, slots=True)
class InboundCame:
    """What is kept of a version when it comes: where it is in the EHR, what became of it, why."""

    ehr_id: str
    ehr_version: str
    state: str
    body: bytes
    reason: str = ""
    faults: str = "[]"
    response_id: str | None = None
    origin: str = "ehr"


@dataclass(frozen=True, slots=True)
class Replaced:
    """A patient, and who stands for them in the EHR now; both as FHIR references."""

    reference: str
    surviving: str


_COLUMNS = tuple(
    inbound_responses.c["row_id" if one.name == "row" else one.name] for one in fields(InboundRow)
)


def is_known(tx: Tx, clinic: str, ehr: str, ehr_id: str, ehr_version: str) -> bool:
    """Tell whether this version came before, whatever became of it."""
    return (
        tx.execute(
            select(inbound_responses.c.row_id).where(
                inbound_responses.c.clinic == clinic,
                inbound_responses.c.ehr == ehr,
                inbound_responses.c.ehr_id == ehr_id,
                inbound_responses.c.ehr_version == ehr_version,
            )
        ).first()
        is not None
    )


def add_inbound(tx: Tx, clinic: str, ehr: str, came: InboundCame, now: str) -> str:
    """Keep a version that came; earlier ones of the same response that are still open give way to it.

    Returns its id.
    """
    earlier = select(*_COLUMNS).where(
        inbound_responses.c.clinic == clinic,
        inbound_responses.c.ehr == ehr,
        inbound_responses.c.ehr_id == came.ehr_id,
        inbound_responses.c.state.in_(_OPEN),
    )
    for row in [InboundRow(*one) for one in tx.execute(earlier.with_for_update())]:
        change_inbound(tx, clinic, row, now, state=SUPERSEDED, body=subject_alone(row.body))
    own_id = str(uuid4())
    values = {one.name: getattr(came, one.name) for one in fields(came)}
    tx.execute(
        insert(inbound_responses),
        {"clinic": clinic, "ehr": ehr, "id": own_id, **values, "received_at": now, "updated_at": now},
    )
    return own_id


def subject_alone(body: bytes) -> bytes:
    """Return whose a form is, and nothing that was answered; b'' where it does not say.

    So much stays of one that nobody wants again: it is found when its patient is erased.
    """
    try:
        form = json_text.loads(body)
        found = {name: form[name] for name in ("subject", "source") if name in form}
    except (ValueError, TypeError):
        return b""
    return json_text.dumps(dict(list(found.items())[:1])) if found else b""


def change_inbound(tx: Tx, clinic: str, row: InboundRow, now: str, **values: object) -> InboundRow | None:
    """Return the row as changed; None where somebody changed it since it was read."""
    done = tx.execute(
        update(inbound_responses)
        .where(
            inbound_responses.c.clinic == clinic,
            inbound_responses.c.row_id == row.row,
            inbound_responses.c.version == row.version,
        )
        .values(version=row.version + 1, updated_at=now, **values)
    )
    return find_inbound(tx, clinic, row.id) if done.rowcount else None


def find_inbound(tx: Tx, clinic: str, inbound_id: str) -> InboundRow | None:
    """Return one version that came, or None."""
    query = select(*_COLUMNS).where(
        inbound_responses.c.clinic == clinic, inbound_responses.c.id == inbound_id
    )
    row = tx.execute(query).first()
    return InboundRow(*row) if row else None


def list_inbound(
    tx: Tx, clinic: str, *, state: str | None = None, after: int | None = None, limit: int = 100
) -> list[InboundRow]:
    """Return what came in the order of its coming, those behind row ``after``, at most ``limit``."""
    query = select(*_COLUMNS).where(inbound_responses.c.clinic == clinic)
    if state is not None:
        query = query.where(inbound_responses.c.state == state)
    if after is not None:
        query = query.where(inbound_responses.c.row_id > after)
    rows = tx.execute(query.order_by(inbound_responses.c.row_id).limit(limit))
    return [InboundRow(*row) for row in rows]


def list_due(tx: Tx, clinic: str, ehr: str, after: int, limit: int) -> list[InboundRow]:
    """Return what is to be tried again in this EHR's name, those behind row ``after``."""
    query = select(*_COLUMNS).where(
        inbound_responses.c.clinic == clinic,
        inbound_responses.c.ehr == ehr,
        inbound_responses.c.state == DUE,
        inbound_responses.c.row_id > after,
    )
    return [InboundRow(*row) for row in tx.execute(query.order_by(inbound_responses.c.row_id).limit(limit))]


def count_forms(tx: Tx, clinic: str, before: str, *, is_open: bool) -> int:
    """Return how many forms older than a day became no response: those that wait, or those that do not."""
    of_age = select(func.count()).where(*_older(clinic, before, is_open=is_open))
    return tx.execute(of_age).scalar_one()


def remove_closed_forms(tx: Tx, clinic: str, before: str, limit: int) -> list[tuple[str, str]]:
    """Remove the oldest forms that became no response and do not wait; return each one's EHR and id there."""
    of_age = (
        select(inbound_responses.c.row_id, inbound_responses.c.ehr, inbound_responses.c.ehr_id)
        .where(*_older(clinic, before, is_open=False))
        .order_by(inbound_responses.c.row_id)
        .limit(limit)
        .with_for_update()
    )
    rows = tx.execute(of_age).all()
    tx.execute(delete(inbound_responses).where(inbound_responses.c.row_id.in_([row.row_id for row in rows])))
    return [(row.ehr, row.ehr_id) for row in rows]


def _older(clinic: str, before: str, *, is_open: bool) -> tuple[ColumnElement[bool], ...]:
    state = inbound_responses.c.state
    return (
        inbound_responses.c.clinic == clinic,
        state.in_(_OPEN) if is_open else state.not_in(_OPEN),
        inbound_responses.c.response_id.is_(None),
        inbound_responses.c.updated_at < before,
    )


def read_cursor(tx: Tx, clinic: str, ehr: str) -> Cursor:
    """Return how far this EHR was read; a new cursor where it never was."""
    kept = [inbound_cursors.c[one.name] for one in fields(Cursor)]
    row = tx.execute(
        select(*kept).where(inbound_cursors.c.clinic == clinic, inbound_cursors.c.ehr == ehr)
    ).first()
    return Cursor(*row) if row else Cursor()


def move_cursor(tx: Tx, clinic: str, ehr: str, **values: str) -> None:
    """Keep how far this EHR was read, in the transaction of what that covers."""
    done = tx.execute(
        update(inbound_cursors)
        .where(inbound_cursors.c.clinic == clinic, inbound_cursors.c.ehr == ehr)
        .values(**values)
    )
    if not done.rowcount:
        tx.execute(insert(inbound_cursors), {"clinic": clinic, "ehr": ehr, **values})


def read_all_again(tx: Tx, clinic: str, ehr: str, forms: str, now: str) -> None:
    """Start from the beginning, and try again what is parked: other forms or maps hold now."""
    move_cursor(tx, clinic, ehr, read_until="", forms=forms)
    tx.execute(
        update(inbound_responses)
        .where(
            inbound_responses.c.clinic == clinic,
            inbound_responses.c.ehr == ehr,
            inbound_responses.c.state == PARKED,
        )
        .values(state=DUE, version=inbound_responses.c.version + 1, updated_at=now)
    )


def is_written_by_us(tx: Tx, clinic: str, ehr: str, ehr_id: str) -> bool:
    """Tell whether a QuestionnaireResponse with this id in the EHR is one that we put there."""
    query = select(chart_entries.c.row_id).where(
        chart_entries.c.clinic == clinic,
        chart_entries.c.ehr == ehr,
        chart_entries.c.ehr_id == ehr_id,
        chart_entries.c.logical.startswith("QuestionnaireResponse/"),
    )
    return tx.execute(query).first() is not None


def find_by_ehr_reference(tx: Tx, clinic: str, references: Collection[str]) -> ResponseVersion | None:
    """Return the response that came out of the EHR under one of these references, or None."""
    query = (
        select(responses)
        .where(
            responses.c.clinic == clinic,
            responses.c.ehr_reference.in_(references),
            responses.c.believed_until.is_(None),
        )
        .order_by(responses.c.row_id)
        .limit(1)
    )
    row = tx.execute(query).first()
    return ResponseVersion(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's public name


def keep_replacement(tx: Tx, clinic: str, ehr: str, replaced: Replaced, now: str) -> None:
    """Keep that the EHR replaced a patient; one who was named as surviving before gives way as well."""
    tx.execute(
        update(patient_replacements)
        .where(
            patient_replacements.c.clinic == clinic,
            patient_replacements.c.ehr == ehr,
            patient_replacements.c.surviving == replaced.reference,
        )
        .values(surviving=replaced.surviving, learnt_at=now)
    )
    key = {"clinic": clinic, "ehr": ehr, "reference": replaced.reference}
    done = tx.execute(
        update(patient_replacements)
        .where(*(patient_replacements.c[name] == value for name, value in key.items()))
        .values(surviving=replaced.surviving, learnt_at=now)
    )
    if not done.rowcount:
        tx.execute(insert(patient_replacements), {**key, "surviving": replaced.surviving, "learnt_at": now})


def replacements(tx: Tx, clinic: str, ehr: str, references: Iterable[str]) -> Mapping[str, str]:
    """Return who stands for these patients in the EHR now, those left out whom it never replaced."""
    found = {}
    for reference in references:
        surviving = tx.execute(_SURVIVING, {"clinic": clinic, "ehr": ehr, "reference": reference}).scalar()
        if surviving is not None:
            found[reference] = surviving
    return found


# One at a time: there are few, and an IN of any length is written anew for every call.
_SURVIVING = select(patient_replacements.c.surviving).where(
    patient_replacements.c.clinic == bindparam("clinic"),
    patient_replacements.c.ehr == bindparam("ehr"),
    patient_replacements.c.reference == bindparam("reference"),
)
