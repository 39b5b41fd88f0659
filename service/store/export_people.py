"""Whom a de-identified export is about: patients under their keys, when each began, and their sites."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from service.store.database import Tx
from service.store.disclosures import unshared_aliases
from service.store.tables import dyads, patient_aliases, responses


@dataclass(frozen=True, slots=True)
class ExportPatient:
    """One patient, whoever is merged into them; ``first_day`` is the first session date (``YYYY-MM-DD``)."""

    key: str
    alias_rows: tuple[int, ...]
    first_day: str


def patients_to_export(tx: Tx, clinic: str) -> list[ExportPatient]:
    """Return every patient with a current response who may be shared, in no particular order."""
    rows = tx.execute(
        select(patient_aliases.c.patient_key, patient_aliases.c.row_id, func.min(responses.c.session_date))
        .join(
            responses,
            (responses.c.clinic == patient_aliases.c.clinic)
            & (responses.c.alias_row == patient_aliases.c.row_id),
        )
        .where(
            patient_aliases.c.clinic == clinic,
            patient_aliases.c.row_id.not_in(unshared_aliases(clinic)),
            responses.c.believed_until.is_(None),
        )
        .group_by(patient_aliases.c.patient_key, patient_aliases.c.row_id)
        .order_by(patient_aliases.c.row_id)
    )
    found: dict[str, ExportPatient] = {}
    for key, row, first in rows:
        known = found.get(key, ExportPatient(key, (), first))
        found[key] = ExportPatient(key, (*known.alias_rows, row), min(known.first_day, first))
    return list(found.values())


def site_sizes(tx: Tx, clinic: str) -> Mapping[str, int]:
    """Return how many patients each site has."""
    rows = tx.execute(
        select(dyads.c.site, func.count(dyads.c.patient_key.distinct()))
        .where(dyads.c.clinic == clinic, dyads.c.site.is_not(None))
        .group_by(dyads.c.site)
    )
    return {row[0]: row[1] for row in rows}


def dyad_sites(tx: Tx, clinic: str, patient_key: str) -> Mapping[int, str | None]:
    """Return the site of each of a patient's dyads, by the dyad's row."""
    rows = tx.execute(
        select(dyads.c.row_id, dyads.c.site).where(
            dyads.c.clinic == clinic, dyads.c.patient_key == patient_key
        )
    )
    return {row[0]: row[1] for row in rows}
