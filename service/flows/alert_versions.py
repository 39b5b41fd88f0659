"""The next version of an alert, as the ratings of its dyad and the people who touched it have it.

An alert is known by the response that opened it: its id is made from that. One that a person touched is
known by its evidence too, so that a late or corrected rating, which lets another response open the same fall,
leaves what the person did where it was.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from uuid import UUID, uuid5

from fhir_mappings import json_text
from fhir_mappings.alert_states import UNDER_WAY
from service.alliance.episodes import Episode
from service.alliance.events import Settlement
from service.alliance.strain_type import UNTYPED
from service.flows.alert_evidence import evidence_of, evidence_since, type_of_episode
from service.flows.alert_text import text_of, text_without_support
from service.flows.deployment import Write
from service.flows.judge_dyad import JudgedDyad
from service.flows.read_reports import METHODS, RULE
from service.store.alerts import AlertRow
from service.store.database import Tx
from service.store.patients import Dyad
from service.store.responses import patient_of_response

_ALERTS = UUID("0f6cf7e0-9d5a-4b86-9f0e-6f1a3a2b7c55")
NO_NORMS = "none"
# What two versions of an alert may differ in without being news.
_BOOKKEEPING = {"version", "dyad_row", "updated_at", "believed_from", "believed_until", "row_id", "news"}


def alert_id(opened_by: str) -> str:
    """Return the id of the alert that a response opens."""
    return str(uuid5(_ALERTS, opened_by))


def settlements_of(rows: Collection[AlertRow]) -> list[Settlement]:
    """Return what people said last of alerts: that they are settled, or no strain."""
    return [
        Settlement("dismissed" if row.status == "dismissed" else "resolved", _seen(row), row.settled_after)
        for row in rows
        if row.settled_after is not None
    ]


def alerts_of_episodes(
    episodes: Sequence[Episode], stored: Mapping[str, AlertRow]
) -> dict[str, AlertRow | None]:
    """Return the stored alert that each episode goes on with, None for a new one; by what opened the episode.

    Touched ones come first, by their id, then by a rating that both rest on; then the others, by their id.
    """
    by_id = {one.opened_by: stored.get(alert_id(one.opened_by)) for one in episodes}
    found = {opened_by: row for opened_by, row in by_id.items() if row is not None and row.touched_by}
    left = [row for row in stored.values() if row.touched_by and row not in found.values()]
    for episode in episodes:
        row = next((one for one in left if _seen(one) & set(episode.evidence)), None)
        if episode.opened_by not in found and row is not None:
            found[episode.opened_by] = row
            left.remove(row)
    return by_id | found


@dataclass(frozen=True, slots=True)
class _Basis:
    """By which rule, method and norms an episode was opened."""

    rule: str
    method: str
    norms: str


def _basis(judged: JudgedDyad, opened_by: str) -> _Basis:
    if opened_by in judged.reports:
        return _Basis(RULE, METHODS[judged.reports[opened_by].kind], NO_NORMS)
    standard = judged.standards[opened_by]
    return _Basis(standard.rule, standard.norm.method, standard.norm.reference)


def from_episode(
    write: Write, dyad: Dyad, judged: JudgedDyad, episode: Episode, before: AlertRow | None
) -> AlertRow:
    """Return the version that an episode asks for, with what people made of the one before."""
    opened = judged.rows[episode.opened_by]
    basis = _basis(judged, episode.opened_by)
    typed = type_of_episode(judged, episode)
    alias_row, patient = _patient_of(write.tx, write.clinic, episode.opened_by)
    closed = episode.course == "recovered"
    row = AlertRow(
        clinic=write.clinic,
        id=before.id if before else alert_id(episode.opened_by),
        version=before.version + 1 if before else 1,
        dyad_row=dyad.row,
        alias_row=alias_row,
        patient=patient,
        therapist=dyad.therapist,
        status="closed-by-scores" if closed else "open",
        score_course=episode.course,
        severity=episode.severity,
        live=not closed,
        historical=episode.historical,
        opened_by=episode.opened_by,
        series=episode.series,
        rule=basis.rule,
        method=basis.method,
        norms=basis.norms,
        session_number=opened.session_number,
        session_date=opened.session_date,
        type=typed.type,
        type_source=typed.source,
        text=text_of(judged, episode, write.deployment),
        evidence=json_text.dumps(evidence_of(judged, episode, write.deployment)).decode(),
        follows=None,
        touched_by=None,
        touched_at=None,
        raised_at=before.raised_at if before else write.now,
        updated_at=write.now,
        believed_from=write.now,
        notice=_last_notice(episode),
        ended_at=_ended_at(before, write.now) if closed else None,
    )
    return _as_people_left_it(row, before)


def without_support(write: Write, dyad: Dyad, judged: JudgedDyad, row: AlertRow) -> AlertRow:
    """Return an alert as one that the ratings no longer support: withdrawn, unless a person touched it.

    It keeps what it rested on, beside what the same ratings show now, and its text says so.
    """
    evidence = evidence_since(judged, json_text.loads(row.evidence), write.deployment)
    touched = row.touched_by is not None
    return replace(
        row,
        version=row.version + 1,
        dyad_row=dyad.row,
        status=row.status if touched else "withdrawn",
        live=False,
        supported=False,
        type=UNTYPED.type,
        type_source=UNTYPED.source,
        text=text_without_support(row, evidence, write.deployment),
        evidence=json_text.dumps(evidence).decode(),
        ended_at=row.ended_at if touched else _ended_at(row, write.now),
        updated_at=write.now,
        believed_from=write.now,
        row_id=None,
    )


def is_changed(row: AlertRow, before: AlertRow | None) -> bool:
    """Tell whether a version says anything that the one before does not."""
    if before is None:
        return True
    return any(
        getattr(row, column.name) != getattr(before, column.name)
        for column in fields(AlertRow)
        if column.name not in _BOOKKEEPING
    )


def news_of(row: AlertRow, before: AlertRow | None) -> str:
    """Return what a version tells people anew: opened, raised, again, closed, or '' for nothing.

    What is historical tells nothing; what becomes live, from whatever it was, is opened.
    """
    was_live = before is not None and before.live and not before.historical
    if row.historical:
        return ""
    if before is None or not was_live:
        return "opened" if row.live else ""
    if not row.live:
        return "closed"
    if row.notice.startswith("again:") and row.notice != before.notice:
        return "again"
    return "raised" if row.severity != before.severity and row.severity == "marked" else ""


def _seen(row: AlertRow) -> frozenset[str]:
    """Return the responses that an alert rests on."""
    return frozenset(str(one["response"]) for one in json_text.loads(row.evidence))


def _patient_of(tx: Tx, clinic: str, response_id: str) -> tuple[int, str]:
    found = patient_of_response(tx, clinic, response_id)
    if found is None:  # the rating was read in this transaction
        raise LookupError(response_id)
    return found


def _last_notice(episode: Episode) -> str:
    told = [one for one in episode.notices if not one.historical] or episode.notices
    return f"{told[-1].kind}:{told[-1].key}"


def _ended_at(before: AlertRow | None, now: str) -> str:
    return before.ended_at if before and before.ended_at else now


def _as_people_left_it(row: AlertRow, before: AlertRow | None) -> AlertRow:
    """Return the alert with what a person made of it: scores then change its course only."""
    if before is None or before.touched_by is None:
        return row
    return replace(
        row,
        status=before.status,
        live=row.live and before.status in UNDER_WAY,
        follows=before.follows,
        touched_by=before.touched_by,
        touched_at=before.touched_at,
        owner=before.owner,
        mitigations=before.mitigations,
        dismissal=before.dismissal,
        amended=before.amended or (before.status == "in-repair" and row.evidence != before.evidence),
        settled_after=before.settled_after,
        ended_at=before.ended_at,
    )
