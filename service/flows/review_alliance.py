"""Bring the stored alerts of a dyad in line with what its ratings say now.

Run in the transaction that changed a rating. The whole dyad is judged anew, so that a late, corrected or
withdrawn response leads to the same alerts as if it had been right and in time from the start. What people
did is part of what is judged: it stays with its alert, and ends or silences what it settled. A review that
runs twice changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from service.alliance.standards import Standards
from service.flows.alert_versions import (
    alerts_of_episodes,
    from_episode,
    is_changed,
    news_of,
    settlements_of,
    without_support,
)
from service.flows.deployment import Write
from service.flows.dyad_state import state_of, write_state
from service.flows.judge_dyad import JudgedDyad, judge_dyad
from service.flows.read_standards import read_standards
from service.flows.store_alert import store_alert
from service.store.alerts import AlertRow, alerts_of_dyad, end_alert, move_alerts
from service.store.patients import Dyad, keep_judged
from service.store.responses import DyadRating


@dataclass(frozen=True, slots=True)
class Review:
    """What a review found: the dyad as judged, and the current version of each of its alerts, by id.

    ``opened``: the alert's id by the response that opened its episode.
    """

    judged: JudgedDyad
    alerts: dict[str, AlertRow]
    deliveries: tuple[str, ...]
    opened: Mapping[str, str]

    def raised_by(self, response_id: str) -> tuple[AlertRow, ...]:
        """Return the alerts that this response opened, raised or raised again."""
        return tuple(
            self.alerts[self.opened[episode.opened_by]] for episode in self.judged.raised_by(response_id)
        )


def review_dyad(
    write: Write,
    dyad: Dyad,
    ratings: Sequence[DyadRating],
    *,
    arriving: Sequence[AlertRow] = (),
    tells_news: bool = True,
    standards: Standards | None = None,
    alerts: Sequence[AlertRow] | None = None,
) -> Review:
    """Judge the dyad by all its ratings, store what changed about its alerts, and queue their deliveries.

    ``arriving`` are alerts of another dyad whose opening responses belong to this one now: they move here.
    Where it ``tells_news`` no more, as after an import, an alert of which nobody was told is historical. One
    that people were told of still changes for all who see it, but that it ended is the only news of it.
    ``standards`` are the clinic's, ``alerts`` the dyad's, where they were read in this transaction already.
    """
    tx, deployment = write.tx, write.deployment
    known = alerts_of_dyad(tx, write.clinic, dyad.row) if alerts is None else alerts
    stored = {row.id: row for row in (*known, *arriving)}
    standards = standards or read_standards(tx, deployment, write.clinic)
    judged = judge_dyad(ratings, deployment, standards, settlements_of(stored.values()))
    # What people do is no part of what is kept: a dyad with an alert that one touched is judged whole.
    is_touched = any(row.touched_by for row in stored.values())
    state = None if is_touched else state_of(judged, ratings, deployment.parameters)
    keep_judged(tx, dyad.row, write_state(state))
    wanted = _wanted(write, dyad, judged, stored)
    wanted = {
        opened_by: _as_told(row, stored.get(row.id), tells_news=tells_news)
        for opened_by, row in wanted.items()
    }
    kept = {row.id for row in wanted.values()}
    rest = [without_support(write, dyad, judged, row) for row in stored.values() if row.id not in kept]
    changed = [row for row in (*wanted.values(), *rest) if is_changed(row, stored.get(row.id))]
    # One live alert per dyad: what ends must end before what begins or arrives.
    for row in changed:
        if row.id in stored:
            end_alert(tx, stored[row.id], write.now)
    move_alerts(tx, [row for row in arriving if row.id not in {one.id for one in changed}], dyad.row)
    told = {
        row.id: replace(row, news=_news(row, stored.get(row.id), tells_news=tells_news)) for row in changed
    }
    deliveries: list[str] = []
    for row in sorted(told.values(), key=lambda row: row.live):
        deliveries += store_alert(write, row, dyad.patient_key)
    opened = {opened_by: row.id for opened_by, row in wanted.items()}
    return Review(judged, stored | told, tuple(deliveries), opened)


def _wanted(
    write: Write, dyad: Dyad, judged: JudgedDyad, stored: Mapping[str, AlertRow]
) -> dict[str, AlertRow]:
    """Return the version that each episode asks for, by the response that opened it."""
    known = alerts_of_episodes(judged.episodes, stored)
    rows: dict[str, AlertRow] = {}
    last: AlertRow | None = None
    for episode in judged.episodes:
        row = from_episode(write, dyad, judged, episode, known[episode.opened_by])
        if row.follows is None and last is not None and _leads_to_another(last):
            row = replace(row, follows=last.id)
        rows[episode.opened_by] = last = row
    return rows


def _as_told(row: AlertRow, before: AlertRow | None, *, tells_news: bool) -> AlertRow:
    """Return an alert as historical where nobody was told of it, and nothing came since that tells them.

    What was historical is raised when it tells them: nobody can have worked on it before.
    """
    if not tells_news:
        return replace(row, historical=before is None or before.historical)
    if before is None or not before.historical:
        return row
    if row.historical or row.notice == before.notice:
        return replace(row, historical=True)
    return replace(row, raised_at=row.updated_at)


def _news(row: AlertRow, before: AlertRow | None, *, tells_news: bool) -> str:
    """Return what a version tells people anew; what they know of is ended for them whatever ended it."""
    news = news_of(row, before)
    return news if tells_news or news == "closed" else ""


def _leads_to_another(row: AlertRow) -> bool:
    """Tell whether what comes after an alert follows it: a person took it up, and did not dismiss it."""
    return row.touched_by is not None and row.status != "dismissed"
