"""Bring the stored alerts of a dyad in line with what its ratings say now.

Run in the transaction that changed a rating. The whole dyad is judged anew, so that a late, corrected or
withdrawn response leads to the same alerts as if it had been right and in time from the start. An alert is
known by the response that opened it: its id is made from that, so a review that runs twice changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from uuid import UUID, uuid5

from fhir_mappings import json_text
from service.alliance.episodes import Episode
from service.flows.alert_evidence import evidence_of, text_of
from service.flows.deployment import Write
from service.flows.dyad_state import state_of, write_state
from service.flows.judge_dyad import JudgedDyad, judge_dyad
from service.flows.queue_delivery import queue
from service.flows.read_standards import read_standards
from service.store.alerts import AlertRow, alerts_of_dyad, end_alert, insert_alert, move_alerts
from service.store.database import Tx
from service.store.patients import Dyad, keep_judged
from service.store.responses import DyadRating, ResponseVersion, find_current

_ALERTS = UUID("0f6cf7e0-9d5a-4b86-9f0e-6f1a3a2b7c55")
# In these a person still has something to do.
_OPEN = frozenset({"open", "acknowledged", "in-repair"})
# What two versions of an alert may differ in without being news.
_BOOKKEEPING = {"version", "dyad_row", "updated_at", "believed_from", "believed_until", "row_id"}


@dataclass(frozen=True, slots=True)
class Review:
    """What a review found: the dyad as judged, and the current version of each of its alerts, by id."""

    judged: JudgedDyad
    alerts: dict[str, AlertRow]
    deliveries: tuple[str, ...]

    def raised_by(self, response_id: str) -> tuple[AlertRow, ...]:
        """Return the alerts that this response opened, raised or raised again."""
        return tuple(
            self.alerts[alert_id(episode.opened_by)] for episode in self.judged.raised_by(response_id)
        )


def alert_id(opened_by: str) -> str:
    """Return the id of the alert that a response opens."""
    return str(uuid5(_ALERTS, opened_by))


def review_dyad(
    write: Write, dyad: Dyad, ratings: Sequence[DyadRating], *, arriving: Sequence[AlertRow] = ()
) -> Review:
    """Judge the dyad by all its ratings, store what changed about its alerts, and queue their deliveries.

    ``arriving`` are alerts of another dyad whose opening responses belong to this one now: they move here.
    """
    tx, deployment = write.tx, write.deployment
    judged = judge_dyad(ratings, deployment, read_standards(tx, deployment, write.clinic))
    keep_judged(tx, dyad.row, write_state(state_of(judged, ratings, deployment.parameters)))
    stored = {row.id: row for row in (*alerts_of_dyad(tx, write.clinic, dyad.row), *arriving)}
    wanted = _wanted(write, dyad, judged, stored)
    changed = [row for row in wanted if _is_news(row, stored.get(row.id))]
    # One live alert per dyad: what ends must end before what begins or arrives.
    for row in changed:
        if row.id in stored:
            end_alert(tx, stored[row.id], write.now)
    move_alerts(tx, [row for row in arriving if row.id not in {one.id for one in changed}], dyad.row)
    deliveries = []
    for row in sorted(changed, key=lambda row: row.live):
        insert_alert(tx, row)
        if not row.historical:
            deliveries.append(queue(write, "alert", row.id, row.version, patient_key=dyad.patient_key))
    current = stored | {row.id: row for row in changed}
    return Review(judged, current, tuple(deliveries))


def _wanted(
    write: Write,
    dyad: Dyad,
    judged: JudgedDyad,
    stored: dict[str, AlertRow],
) -> list[AlertRow]:
    rows = []
    for episode in judged.episodes:
        before = stored.get(alert_id(episode.opened_by))
        row = _from_episode(write, dyad, judged, episode, before)
        rows.append(_as_people_left_it(row, before))
    kept = {row.id for row in rows}
    rows.extend(_unsupported(row, dyad, write.now) for row in stored.values() if row.id not in kept)
    return rows


def _from_episode(
    write: Write,
    dyad: Dyad,
    judged: JudgedDyad,
    episode: Episode,
    before: AlertRow | None,
) -> AlertRow:
    opened = judged.rows[episode.opened_by]
    standard = judged.standards[episode.opened_by]
    opening = _opening_response(write.tx, write.clinic, episode.opened_by)
    closed = episode.course == "recovered"
    return AlertRow(
        clinic=write.clinic,
        id=alert_id(episode.opened_by),
        version=before.version + 1 if before else 1,
        dyad_row=dyad.row,
        alias_row=opening.alias_row,
        patient=opening.patient,
        therapist=dyad.therapist,
        status="closed-by-scores" if closed else "open",
        score_course=episode.course,
        severity=episode.severity,
        live=not closed,
        historical=episode.historical,
        opened_by=episode.opened_by,
        series=episode.series,
        rule=standard.rule,
        method=standard.norm.method,
        norms=standard.norm.reference,
        session_number=opened.session_number,
        session_date=opened.session_date,
        type="unknown",
        type_source="none",
        text=text_of(judged, episode, write.deployment),
        evidence=json_text.dumps(evidence_of(judged, episode)).decode(),
        follows=None,
        touched_by=None,
        touched_at=None,
        raised_at=before.raised_at if before else write.now,
        updated_at=write.now,
        believed_from=write.now,
    )


def _opening_response(tx: Tx, clinic: str, response_id: str) -> ResponseVersion:
    found = find_current(tx, clinic, response_id)
    if found is None:  # the rating was read in this transaction
        raise LookupError(response_id)
    return found


def _as_people_left_it(row: AlertRow, before: AlertRow | None) -> AlertRow:
    """Return the alert with what a person made of it: scores then change its course only."""
    if before is None or before.touched_by is None:
        return row
    return replace(
        row,
        status=before.status,
        live=row.live and before.status in _OPEN,
        type=before.type,
        type_source=before.type_source,
        follows=before.follows,
        touched_by=before.touched_by,
        touched_at=before.touched_at,
    )


def _unsupported(row: AlertRow, dyad: Dyad, now: str) -> AlertRow:
    """Return the alert as no longer supported by the ratings: withdrawn, unless a person touched it."""
    return replace(
        row,
        version=row.version + 1,
        dyad_row=dyad.row,
        status=row.status if row.touched_by else "withdrawn",
        live=False,
        updated_at=now,
        believed_from=now,
        row_id=None,
    )


def _is_news(row: AlertRow, before: AlertRow | None) -> bool:
    if before is None:
        return True
    return any(
        getattr(row, column.name) != getattr(before, column.name)
        for column in fields(AlertRow)
        if column.name not in _BOOKKEEPING
    )
