"""What an export reads: patients in pages, and the versions of theirs that were believed at its moment."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, delete, func, or_, select

from service.store.alerts import AlertRow
from service.store.columns import believed_by
from service.store.database import Tx
from service.store.disclosures import unshared_aliases
from service.store.erasure import Holdings
from service.store.export_tables import gone_resources
from service.store.responses import ResponseVersion
from service.store.tables import alerts, dyads, patient_aliases, responses, scores
from service.store.upserts import put_rows

# Rows of responses hold whole forms: so many are in memory at once, whatever a patient has.
_AT_ONCE = 200
_MOST_PATIENTS = 200


@dataclass(frozen=True, slots=True)
class PatientLoad:
    """One alias of a patient, by its row, and how many versions of responses stand under it."""

    alias_row: int
    responses: int


def next_patients(tx: Tx, clinic: str, after: int, therapist: str | None = None) -> list[PatientLoad]:
    """Return the aliases behind a row, in their order, without those of patients not to be shared.

    With a ``therapist`` only those of the caseload: patients who were ever rated with this therapist.
    """
    count = (
        select(func.count())
        .select_from(responses)
        .where(
            responses.c.clinic == patient_aliases.c.clinic, responses.c.alias_row == patient_aliases.c.row_id
        )
        .scalar_subquery()
    )
    query = select(patient_aliases.c.row_id, count).where(*_of_export(clinic, after, therapist))
    found = tx.execute(query.order_by(patient_aliases.c.row_id).limit(_MOST_PATIENTS))
    return [PatientLoad(*row) for row in found]


def count_patients(tx: Tx, clinic: str, therapist: str | None = None) -> int:
    """Return how many aliases ``next_patients`` gives in all."""
    query = select(func.count()).select_from(patient_aliases).where(*_of_export(clinic, -1, therapist))
    return tx.execute(query).scalar_one()


def _of_export(clinic: str, after: int, therapist: str | None) -> list[ColumnElement[bool]]:
    asked = [
        patient_aliases.c.clinic == clinic,
        patient_aliases.c.row_id > after,
        patient_aliases.c.row_id.not_in(unshared_aliases(clinic)),
    ]
    if therapist is not None:
        mine = dyads.c.clinic == clinic, dyads.c.therapist == therapist
        asked.append(patient_aliases.c.patient_key.in_(select(dyads.c.patient_key).where(*mine)))
    return asked


@dataclass(frozen=True, slots=True)
class Believed:
    """Which versions: those recorded up to an instant, later than ``since`` where given.

    ``therapist``: of dyads with this one alone. ``every``: not only those that were current at ``until``.
    """

    until: str
    since: str | None = None
    therapist: str | None = None
    every: bool = False

    def conditions(self, table: Table, clinic: str) -> list[ColumnElement[bool]]:
        """Return what must hold of a table's versions."""
        found = [table.c.clinic == clinic, believed_by(table) <= self.until]
        if not self.every:
            found.append(or_(table.c.believed_until.is_(None), table.c.believed_until > self.until))
        if self.since is not None:
            found.append(believed_by(table) > self.since)
        if self.therapist is not None:
            mine = dyads.c.clinic == clinic, dyads.c.therapist == self.therapist
            found.append(table.c.dyad_row.in_(select(dyads.c.row_id).where(*mine)))
        return found


def responses_of(
    tx: Tx, clinic: str, alias_rows: Collection[int], which: Believed
) -> Iterator[ResponseVersion]:
    """Give the responses of these patients, a patient's together, few of them in memory at a time.

    Whoever does not take them all closes what gives them within the transaction, which has a cursor open.
    """
    query = select(responses).where(
        *which.conditions(responses, clinic), responses.c.alias_row.in_(alias_rows)
    )
    query = query.order_by(responses.c.alias_row, responses.c.authored_at, responses.c.row_id)
    with tx.execute(query, execution_options={"yield_per": _AT_ONCE}) as found:
        for row in found.mappings():
            yield ResponseVersion(**row)


def alerts_of(tx: Tx, clinic: str, alias_rows: Collection[int], which: Believed) -> Iterator[AlertRow]:
    """Give the alerts of these patients, a patient's together, few at a time; closed as responses are."""
    query = select(alerts).where(*which.conditions(alerts, clinic), alerts.c.alias_row.in_(alias_rows))
    query = query.order_by(alerts.c.alias_row, alerts.c.raised_at, alerts.c.row_id)
    with tx.execute(query, execution_options={"yield_per": _AT_ONCE}) as found:
        for row in found.mappings():
            yield AlertRow(**row)


def believed_at(tx: Tx, clinic: str, response_id: str, at: str) -> ResponseVersion | None:
    """Return the version of a response that was current at an instant, None where there was none yet."""
    query = select(responses).where(
        *Believed(at).conditions(responses, clinic), responses.c.id == response_id
    )
    row = tx.execute(query).mappings().first()
    return ResponseVersion(**row) if row else None


def note_gone(tx: Tx, held: Holdings, now: str) -> None:
    """Keep which resources of a patient are gone for whoever exports since, by our own ids."""
    rows = [
        {"clinic": held.clinic, "reference": reference, "therapist": therapist, "gone_at": now}
        for reference, therapist in _references(tx, held).items()
    ]
    put_rows(tx, gone_resources, rows, key=("clinic", "reference"), changes=("therapist", "gone_at"))


def gone_between(tx: Tx, clinic: str, since: str, until: str, therapist: str | None = None) -> list[str]:
    """Return the references of what is gone since one instant, up to another, in their order.

    With a ``therapist`` only what may have been in that caseload.
    """
    table = gone_resources.c
    asked = [table.clinic == clinic, table.gone_at > since, table.gone_at <= until]
    if therapist is not None:
        asked.append(or_(table.therapist.is_(None), table.therapist == therapist))
    return list(tx.execute(select(table.reference).where(*asked).order_by(table.reference)).scalars())


def _references(tx: Tx, held: Holdings) -> dict[str, str | None]:
    """Return what a patient's resources are called, with the therapist in whose caseload each was."""
    of_responses = _therapists(tx, held, responses, held.response_ids)
    of_alerts = _therapists(tx, held, alerts, held.alert_ids)
    versions = select(responses.c.id, responses.c.version).where(
        responses.c.clinic == held.clinic, responses.c.id.in_(held.response_ids)
    )
    parts = select(scores.c.response_id, scores.c.part).where(
        scores.c.clinic == held.clinic, scores.c.response_id.in_(held.response_ids), scores.c.observed
    )
    kinds: Sequence[str] = ("DetectedIssue", "Task", "Flag")
    return {
        **{f"QuestionnaireResponse/{one}": whose for one, whose in of_responses.items()},
        **{f"Provenance/{row.id}-{row.version}": of_responses[row.id] for row in tx.execute(versions)},
        **{
            f"Observation/{row.response_id}.{row.part}": of_responses[row.response_id]
            for row in tx.execute(parts)
        },
        **{f"{kind}/{one}": whose for kind in kinds for one, whose in of_alerts.items()},
    }


def _therapists(tx: Tx, held: Holdings, table: Table, ids: Collection[str]) -> dict[str, str | None]:
    """Return the therapist of each response or alert; None where its versions are of several dyads."""
    query = (
        select(table.c.id, func.min(dyads.c.therapist), func.max(dyads.c.therapist))
        .join(dyads, dyads.c.row_id == table.c.dyad_row)
        .where(table.c.clinic == held.clinic, table.c.id.in_(ids))
        .group_by(table.c.id)
    )
    return {row[0]: row[1] if row[1] == row[2] else None for row in tx.execute(query)}


def forget_gone(tx: Tx, held: Holdings) -> None:
    """Forget that resources of a patient are gone: they may be shared again."""
    references = sorted(_references(tx, held))
    for start in range(0, len(references), _AT_ONCE):
        named = gone_resources.c.reference.in_(references[start : start + _AT_ONCE])
        tx.execute(delete(gone_resources).where(gone_resources.c.clinic == held.clinic, named))
