"""Fit a clinic's own norms from its ratings, each a new version that judges nothing until it is approved."""

from collections.abc import Sequence

from fhir_mappings.instrument import Instrument
from service.alliance.fitting import FitData, fit_norm
from service.alliance.norms import Norm, write_norm
from service.clock import as_instant
from service.flows.deployment import Deployment
from service.flows.judge_dyad import JUDGED_SCALE, norm_of
from service.flows.norm_scale import items_as_they_count, scale_of
from service.flows.read_standards import read_standards
from service.store.database import Tx
from service.store.norm_ratings import NormRating, rated_instruments, series_of_instrument
from service.store.norms import NewNorm, insert_norm, stored_norms

_FITTED = "fitted-"


def instruments_to_fit(tx: Tx, deployment: Deployment, clinic: str) -> list[Instrument]:
    """Return the measures of the alliance with a total that this clinic has responses of."""
    rated = [deployment.known[name] for name in rated_instruments(tx, clinic) if name in deployment.known]
    return [one for one in rated if can_be_fitted(one)]


def can_be_fitted(instrument: Instrument) -> bool:
    """Tell whether norms of an instrument judge anything: a measure of the alliance with a total."""
    return instrument.role == "alliance" and JUDGED_SCALE in instrument.score_by_id


def fit_clinic_norm(
    tx: Tx, deployment: Deployment, clinic: str, instrument: Instrument, language: str | None = None
) -> Norm:
    """Return the norm that this clinic's ratings give, stored as a new version; nothing is overwritten.

    ``language``: of responses in it alone, dialects included. Raises ``TooLittleToFit``.
    """
    now = as_instant(deployment.clock())
    series = series_in_language(series_of_instrument(tx, clinic, instrument.id, JUDGED_SCALE), language)
    before = norm_of(instrument, read_standards(tx, deployment, clinic), now, language)
    scale = scale_of(instrument, clinic, language)
    norm = fit_norm(_as_data(series, instrument), scale, _next_version(tx, clinic, scale.norm_id), before)
    new = NewNorm(
        clinic=clinic, norm_id=norm.norm_id, version=norm.version, text=write_norm(norm), created_at=now
    )
    insert_norm(tx, new)
    return norm


def series_in_language(
    series: Sequence[Sequence[NormRating]], language: str | None
) -> list[Sequence[NormRating]]:
    """Return the series with what was answered in a language alone; None: every one. None is empty."""
    if language is None:
        return list(series)
    kept = [[row for row in one if _speaks(row.language, language)] for one in series]
    return [one for one in kept if one]


def _speaks(found: str | None, language: str) -> bool:
    tag, asked = (found or "").lower(), language.lower()
    return tag == asked or tag.startswith(f"{asked}-")


def _as_data(series: Sequence[Sequence[NormRating]], instrument: Instrument) -> FitData:
    rows = [row for one in series for row in one]
    forms = (items_as_they_count(instrument, row.answers) for row in rows)
    return FitData(
        series=[[float(row.total) for row in one] for one in series],
        forms=[form for form in forms if form is not None],
        clients=len({row.patient_key for row in rows}),
        first_date=min((row.session_date for row in rows), default=None),
        last_date=max((row.session_date for row in rows), default=None),
    )


def _next_version(tx: Tx, clinic: str, norm_id: str) -> str:
    numbers = [
        int(row.version.removeprefix(_FITTED))
        for row in stored_norms(tx, clinic)
        if row.norm_id == norm_id and row.version.removeprefix(_FITTED).isdecimal()
    ]
    return f"{_FITTED}{max(numbers, default=0) + 1}"
