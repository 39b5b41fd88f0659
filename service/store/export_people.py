"""Whom a de-identified export is about: patients under their keys, when each began, and their sites."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func, select

from service.store.database import Tx
from service.store.disclosures import unshared_aliases
from service.store.export_rows import Believed
from service.store.responses import IN_ERROR
from service.store.tables import dyads, patient_aliases, responses

_COUNTS = responses.c.status != IN_ERROR


@dataclass(frozen=True, slots=True)
class ExportPatient:
    """One patient, whoever is merged into them; ``first_day`` is the first session date (``YYYY-MM-DD``).

    What was entered in error is no first session, but where there is nothing else.
    """

    key: str
    alias_rows: tuple[int, ...]
    first_day: str


def patients_to_export(tx: Tx, clinic: str, which: Believed) -> list[ExportPatient]:
    """Return every patient with a response who may be shared, in no particular order."""
    first = func.min(case((_COUNTS, responses.c.session_date)))
    rows = tx.execute(
        select(
            patient_aliases.c.patient_key,
            patient_aliases.c.row_id,
            first,
            func.min(responses.c.session_date),
        )
        .join(responses, responses.c.alias_row == patient_aliases.c.row_id)
        .where(patient_aliases.c.clinic == clinic, *_exported(clinic, which))
        .group_by(patient_aliases.c.patient_key, patient_aliases.c.row_id)
        .order_by(patient_aliases.c.row_id)
    )
    aliases: defaultdict[str, list[int]] = defaultdict(list)
    days: defaultdict[str, list[tuple[bool, str]]] = defaultdict(list)
    for key, row, counted, any_day in rows:
        aliases[key].append(row)
        days[key].append((counted is None, counted or any_day))
    return [ExportPatient(key, tuple(found), min(days[key])[1]) for key, found in aliases.items()]


def patients_by_site(tx: Tx, clinic: str, which: Believed) -> dict[str, set[str]]:
    """Return, for each site, the keys of the patients who are exported and were rated there."""
    rows = tx.execute(
        select(dyads.c.site, dyads.c.patient_key)
        .distinct()
        .join(responses, responses.c.dyad_row == dyads.c.row_id)
        .where(dyads.c.clinic == clinic, dyads.c.site.is_not(None), _COUNTS, *_exported(clinic, which))
    )
    found: defaultdict[str, set[str]] = defaultdict(set)
    for site, key in rows:
        found[site].add(key)
    return found


def _exported(clinic: str, which: Believed) -> list[ColumnElement[bool]]:
    return [*which.conditions(responses, clinic), responses.c.alias_row.not_in(unshared_aliases(clinic))]


def first_age(tx: Tx, clinic: str, alias_rows: Collection[int], which: Believed) -> int | None:
    """Return a patient's age in years at the first session that told one."""
    table = responses.c
    told = (table.alias_row.in_(alias_rows), table.age_years.is_not(None), _COUNTS)
    query = select(table.age_years).where(*which.conditions(responses, clinic), *told)
    found: int | None = tx.execute(query.order_by(table.session_date, table.age_years).limit(1)).scalar()
    return found


def dyad_sites(tx: Tx, clinic: str, patient_key: str) -> Mapping[int, str | None]:
    """Return the site of each of a patient's dyads, by the dyad's row."""
    rows = tx.execute(
        select(dyads.c.row_id, dyads.c.site).where(
            dyads.c.clinic == clinic, dyads.c.patient_key == patient_key
        )
    )
    return {row[0]: row[1] for row in rows}
