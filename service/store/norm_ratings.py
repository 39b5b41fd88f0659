"""All ratings of one instrument in a clinic: what a norm is fitted from and tried on."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, bindparam, select

from service.store.database import Tx
from service.store.disclosures import unshared_keys
from service.store.responses import IN_ERROR, therapy_place
from service.store.tables import dyads, responses, scores


@dataclass(frozen=True, slots=True)
class NormRating:
    """One rating that has a total; ``patient_key`` is ours, ``answers`` is JSON text as stored."""

    dyad_row: int
    patient_key: str
    session_date: str
    session_number: int | None
    authored_at: str
    received_at: str
    language: str | None
    answers: str
    total: Decimal


_RATINGS: Select[Any] = (
    select(
        responses.c.dyad_row,
        dyads.c.patient_key,
        responses.c.session_date,
        responses.c.session_number,
        responses.c.authored_at,
        responses.c.received_at,
        responses.c.language,
        responses.c.answers,
        scores.c.value,
    )
    .join(dyads, dyads.c.row_id == responses.c.dyad_row)
    .join(scores, (scores.c.response_row == responses.c.row_id) & (scores.c.part == bindparam("scale")))
    .where(
        responses.c.clinic == bindparam("clinic"),
        responses.c.instrument == bindparam("instrument"),
        responses.c.status != IN_ERROR,
        responses.c.believed_until.is_(None),
        scores.c.value.is_not(None),
    )
)


def series_of_instrument(tx: Tx, clinic: str, instrument: str, scale: str) -> list[list[NormRating]]:
    """Return the ratings of every dyad on one scale, each series in therapy order, none of them empty.

    Patients who are not to be shared count for no figure of the clinic.
    """
    by_dyad: dict[int, list[NormRating]] = {}
    asked = {"clinic": clinic, "instrument": instrument, "scale": scale}
    shared = dyads.c.patient_key.not_in(unshared_keys(clinic))
    for row in tx.execute(_RATINGS.where(shared), asked):
        by_dyad.setdefault(row.dyad_row, []).append(NormRating(*row))
    return [sorted(by_dyad[dyad], key=therapy_place) for dyad in sorted(by_dyad)]


def rated_instruments(tx: Tx, clinic: str) -> list[str]:
    """Return the ids of the instruments of which a clinic has responses, in order."""
    used = select(responses.c.instrument).where(responses.c.clinic == clinic)
    return sorted(tx.execute(used.distinct()).scalars())
