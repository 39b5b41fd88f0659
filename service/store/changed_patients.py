"""Of which patients anything changed that flat tables show: their keys, whatever it was."""

from collections.abc import Iterator

from sqlalchemy import Select, or_, select

from service.store.attendance_tables import attendance
from service.store.database import Tx
from service.store.disclosure_tables import patient_disclosures
from service.store.tables import alerts, dyads, patient_aliases, patient_merges, responses
from service.store.treatment_tables import treatment_ends

_OF_ALIAS = (attendance, treatment_ends)
_OF_DYAD = (responses, alerts)


def patients_changed(tx: Tx, clinic: str, since: str) -> set[str]:
    """Return the keys of the patients of whom anything was stored after this instant."""
    return {key for query in _changes(clinic, since) for key in tx.execute(query).scalars()}


def _changes(clinic: str, since: str) -> Iterator[Select[str]]:
    aliases = patient_aliases.c
    for table in _OF_DYAD:
        yield (
            select(dyads.c.patient_key)
            .join(table, table.c.dyad_row == dyads.c.row_id)
            .where(table.c.clinic == clinic, table.c.believed_from > since)
        )
    for table in _OF_ALIAS:
        yield (
            select(aliases.patient_key)
            .join(table, table.c.alias_row == aliases.row_id)
            .where(table.c.clinic == clinic, table.c.believed_from > since)
        )
    yield select(dyads.c.patient_key).where(dyads.c.clinic == clinic, dyads.c.said_at > since)
    told = patient_disclosures.c
    yield (
        select(aliases.patient_key)
        .join(patient_disclosures, (told.clinic == aliases.clinic) & (told.own_key == aliases.own_key))
        .where(told.clinic == clinic, told.believed_from > since)
    )
    merged = patient_merges.c
    changed = or_(merged.merged_at > since, merged.undone_at > since)
    for key in (merged.from_key, merged.into_key):
        yield select(key).where(merged.clinic == clinic, changed)
