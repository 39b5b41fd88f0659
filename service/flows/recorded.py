"""What a stored response gave, told again: the same answer as when it was recorded."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from fhir_mappings.completeness import is_complete
from fhir_mappings.filled import Filled
from fhir_mappings.prompts import crossed_cut_offs, prompts_among
from fhir_mappings.scoring import is_straight_lined
from service.flows.alert_versions import alerts_of_episodes, settlements_of
from service.flows.deployment import Deployment
from service.flows.derive_scores import derive_scores
from service.flows.judge_dyad import JudgedDyad, judge_dyad
from service.flows.load import filled_from
from service.flows.new_response import Recorded
from service.flows.read_standards import read_standards
from service.store.alerts import AlertRow, alerts_of_dyad
from service.store.database import Tx
from service.store.deliveries import ids_of_subject
from service.store.patients import patients_identified
from service.store.responses import ResponseVersion, dyad_ratings


def recorded_again(tx: Tx, deployment: Deployment, stored: ResponseVersion) -> Recorded:
    """Return a stored version with its prompts, the alerts that it raised, and its deliveries."""
    ratings = dyad_ratings(tx, stored.clinic, stored.dyad_row)
    rows = alerts_of_dyad(tx, stored.clinic, stored.dyad_row)
    standards = read_standards(tx, deployment, stored.clinic)
    judged = judge_dyad(ratings, deployment, standards, settlements_of(rows))
    known = alerts_of_episodes(judged.episodes, {row.id: row for row in rows})
    raised = [known[episode.opened_by] for episode in judged.raised_by(stored.id)]
    filled = filled_from(stored, deployment.known)
    recorded = tell(
        deployment,
        filled,
        before=previous_total(judged, filled),
        age_years=stored.age_years,
        alerts=[row for row in raised if row is not None],
        deliveries=ids_of_subject(tx, stored.clinic, "response", stored.id),
        created=False,
    )
    return with_doubt(tx, stored, recorded)


def with_doubt(tx: Tx, stored: ResponseVersion, recorded: Recorded) -> Recorded:
    """Return what a version gave, with whether other patients are said to have its patient's identifier."""
    system, value = stored.patient_identifier_system, stored.patient_identifier_value
    if value is None:
        return recorded
    claimed = patients_identified(tx, stored.clinic, system, value)
    return replace(recorded, shared_identifier=len(claimed) > 1)


def tell(
    deployment: Deployment,
    filled: Filled,
    *,
    before: Decimal | None,
    age_years: int | None,
    alerts: Sequence[AlertRow],
    deliveries: Sequence[str],
    created: bool,
) -> Recorded:
    """Return what one version of a response gave; ``before`` is the total before it in its series."""
    form, answers, scores = filled.instrument, filled.answers, filled.scores
    if not filled.scored:
        return _unscored(filled, deliveries, created=created)
    crossed = crossed_cut_offs(form, answers, scores, before, age_years)
    return Recorded(
        filled=filled,
        created=created,
        complete=is_complete(form, answers, scores),
        straight_lined=is_straight_lined(form, answers),
        prompts=prompts_among(crossed),
        clinical_range=tuple(one for one in crossed if one.cut_off.use == "clinical-range"),
        derived=derive_scores(form, answers, deployment.instruments),
        alerts=tuple(alerts),
        deliveries=tuple(deliveries),
    )


def _unscored(filled: Filled, deliveries: Sequence[str], *, created: bool) -> Recorded:
    """Return what a form gives that was never completed: nothing is computed of it."""
    return Recorded(
        filled=filled,
        created=created,
        complete=False,
        straight_lined=False,
        prompts=(),
        clinical_range=(),
        derived=(),
        alerts=(),
        deliveries=tuple(deliveries),
    )


def previous_total(judged: JudgedDyad, filled: Filled) -> Decimal | None:
    """Return the total of the rating before this one in its series, or None."""
    before = None
    for row in judged.rows.values():
        if row.id == filled.id:
            return before
        if row.instrument == filled.instrument.id and row.total is not None:
            before = row.total
    return None
