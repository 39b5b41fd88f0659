"""What reports are made from: patients, alerts and deliveries of a clinic, by the hundred."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Table, func, select

from service.store.alert_tables import alert_acts
from service.store.alerts import AlertRow
from service.store.attendance_tables import attendance
from service.store.database import Tx
from service.store.disclosure_tables import patient_disclosures
from service.store.disclosures import unshared_keys
from service.store.erasure_tables import erasures
from service.store.tables import alerts, deliveries, dyads, patient_aliases, patient_merges, responses
from service.store.treatment_tables import treatment_ends

_ARRIVING = (
    *(responses, alerts, attendance, patient_disclosures, erasures, patient_merges, alert_acts),
    treatment_ends,
)


@dataclass(frozen=True, slots=True)
class ReportedDyad:
    """One dyad with what it may be grouped by; ``therapist`` is '' where unknown."""

    row: int
    therapist: str
    site: str | None
    team: str | None
    approach: str | None


@dataclass(frozen=True, slots=True)
class ReportedPatient:
    """One patient, merged ones as one: the key, the rows of all aliases, and the dyads."""

    key: str
    alias_rows: tuple[int, ...]
    dyads: tuple[ReportedDyad, ...]


@dataclass(frozen=True, slots=True)
class AlertStory:
    """One alert: its current version, every version, and every act (without its words)."""

    current: AlertRow
    versions: Sequence[Mapping[str, Any]]
    acts: Sequence[Mapping[str, Any]]


def change_mark(tx: Tx, clinic: str) -> str:
    """Return a text that is another one once anything changed that reports are made from."""
    undone = select(func.count(patient_merges.c.undone_at)).where(patient_merges.c.clinic == clinic)
    moved = select(func.max(deliveries.c.updated_at)).where(deliveries.c.clinic == clinic)
    others = (tx.execute(query).scalar_one() or "" for query in (undone, moved))
    return ".".join([*(str(_last(tx, one, clinic)) for one in _ARRIVING), *map(str, others)])


def privacy_mark(tx: Tx, clinic: str) -> str:
    """Return a text that is another one once a patient was erased, or others are not to be shared."""
    erased = select(func.count(), func.max(erasures.c.row_id)).where(erasures.c.clinic == clinic)
    count, last = tx.execute(erased).one()
    hidden = "|".join(sorted(patients_not_shared(tx, clinic)))
    return f"{count}.{last or 0}.{sha256(hidden.encode()).hexdigest()}"


def patients_not_shared(tx: Tx, clinic: str) -> frozenset[str]:
    """Return the keys of the patients of whom nothing may be shared; of merged ones one word is enough."""
    return frozenset(tx.execute(unshared_keys(clinic)).scalars())


def patient_keys(tx: Tx, clinic: str) -> list[str]:
    """Return the key of every patient who was ever known here, in the order in which they came."""
    known = (
        select(table.c.patient_key).where(table.c.clinic == clinic).order_by(table.c.row_id)
        for table in (patient_aliases, dyads)
    )
    return list(dict.fromkeys(key for query in known for key in tx.execute(query).scalars()))


def named_keys(tx: Tx, clinic: str) -> set[str]:
    """Return the keys of the patients whom a name leads to: not of those merged into another one."""
    named = select(patient_aliases.c.patient_key).distinct().where(patient_aliases.c.clinic == clinic)
    return set(tx.execute(named).scalars())


def patients_with_dyads(tx: Tx, clinic: str, keys: Sequence[str]) -> list[ReportedPatient]:
    """Return these patients, in the same order. Costs two queries."""
    named = select(patient_aliases.c.patient_key, patient_aliases.c.row_id).where(
        patient_aliases.c.clinic == clinic, patient_aliases.c.patient_key.in_(keys)
    )
    aliases: dict[str, list[int]] = {key: [] for key in keys}
    for key, row in tx.execute(named):
        aliases[key].append(row)
    columns = (dyads.c.row_id, dyads.c.therapist, dyads.c.site, dyads.c.team, dyads.c.approach)
    treated = select(dyads.c.patient_key, *columns).where(
        dyads.c.clinic == clinic, dyads.c.patient_key.in_(keys)
    )
    found: dict[str, list[ReportedDyad]] = {key: [] for key in keys}
    for key, *dyad in tx.execute(treated):
        found[key].append(ReportedDyad(*dyad))
    return [ReportedPatient(key, tuple(aliases[key]), tuple(found[key])) for key in keys]


def alert_stories(tx: Tx, clinic: str, dyad_rows: Sequence[int]) -> list[AlertStory]:
    """Return the alerts of these dyads, the first raised first. Costs three queries."""
    of_dyads = (alerts.c.clinic == clinic, alerts.c.dyad_row.in_(dyad_rows))
    current = select(alerts).where(*of_dyads, alerts.c.believed_until.is_(None))
    rows = [AlertRow(**row) for row in tx.execute(current.order_by(alerts.c.raised_at)).mappings()]
    columns = (
        *("id", "version", "believed_from", "believed_until", "status", "score_course", "severity"),
        *("historical", "notice", "news", "rule"),
    )
    versions = select(*(alerts.c[name] for name in columns)).where(*of_dyads)
    ids = [row.id for row in rows]
    acts = select(
        alert_acts.c.alert_id,
        alert_acts.c.alert_version,
        alert_acts.c.act,
        alert_acts.c.step,
        alert_acts.c.at,
    ).where(alert_acts.c.clinic == clinic, alert_acts.c.alert_id.in_(ids))
    of_alert = _grouped(tx.execute(versions.order_by(alerts.c.version)).mappings(), "id")
    done = _grouped(tx.execute(acts.order_by(alert_acts.c.alert_version)).mappings(), "alert_id")
    return [AlertStory(row, of_alert.get(row.id, ()), done.get(row.id, ())) for row in rows]


def all_deliveries(tx: Tx, clinic: str, without: frozenset[str]) -> Generator[Mapping[str, Any], None, None]:
    """Give the deliveries in the order they were queued, but those of some patients (by key).

    Close it within ``tx``: PostgreSQL keeps a cursor open until then.
    """
    columns = (
        *("id", "ehr", "subject_kind", "subject_id", "subject_version", "patient_key", "state", "rung"),
        *("tries", "created_at", "updated_at"),
    )
    query = select(*(deliveries.c[name] for name in columns)).where(deliveries.c.clinic == clinic)
    with tx.execute(query.order_by(deliveries.c.row_id).execution_options(yield_per=1000)) as found:
        yield from (dict(row) for row in found.mappings() if row["patient_key"] not in without)


def _last(tx: Tx, table: Table, clinic: str) -> int:
    return tx.execute(select(func.max(table.c.row_id)).where(table.c.clinic == clinic)).scalar_one() or 0


def _grouped(rows: Any, key: str) -> dict[str, list[Mapping[str, Any]]]:  # noqa: ANN401 - a result of mappings
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    return found
