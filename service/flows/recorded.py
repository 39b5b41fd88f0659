"""What a stored response gave, told again: the same answer as when it was recorded."""

from decimal import Decimal

from fhir_mappings.filled import Filled
from fhir_mappings.prompts import check_in_prompts
from service.flows.deployment import Deployment
from service.flows.judge_dyad import JudgedDyad, judge_dyad
from service.flows.load import filled_from
from service.flows.new_response import Recorded
from service.flows.review_alliance import alert_id
from service.store.alerts import alerts_of_dyad
from service.store.database import Tx
from service.store.deliveries import ids_of_subject
from service.store.responses import ResponseVersion, dyad_ratings


def recorded_again(tx: Tx, deployment: Deployment, stored: ResponseVersion) -> Recorded:
    """Return a stored version with its prompts, the alerts that it raised, and its deliveries."""
    filled = filled_from(stored, deployment.instruments)
    ratings = dyad_ratings(tx, stored.clinic, stored.dyad_row)
    judged = judge_dyad(ratings, deployment.norms, deployment.parameters)
    raised = {alert_id(episode.opened_by) for episode in judged.raised_by(stored.id)}
    alerts = tuple(row for row in alerts_of_dyad(tx, stored.clinic, stored.dyad_row) if row.id in raised)
    before = previous_total(judged, filled)
    return Recorded(
        filled=filled,
        created=False,
        complete=all(one.value is not None for one in filled.scores),
        prompts=check_in_prompts(filled.instrument, filled.answers, filled.scores, before),
        alerts=alerts,
        deliveries=tuple(ids_of_subject(tx, stored.clinic, "response", stored.id)),
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
