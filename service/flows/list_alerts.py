"""List rupture alerts and, on request, the watch points beside them.

A watch point is a rating in the tier *watch*: it was never stored as an alert, so it is found by judging the
dyads anew. Without a patient only dyads rated lately are judged, so that the list costs what is news.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import Literal

from service.alliance.standards import Standards
from service.clock import as_instant, from_instant
from service.flows.alert_evidence import evidence_at
from service.flows.deployment import Deployment
from service.flows.judge_dyad import JUDGED_SCALE, judge_dyad
from service.flows.patient_references import reference_here
from service.flows.read_standards import read_standards
from service.settings import Settings
from service.store.alerts import AlertQuery, AlertRow, list_alerts
from service.store.database import Tx
from service.store.patient_ratings import PatientRating, ratings_of_patient, ratings_of_recent_dyads
from service.store.patients import alias_rows
from service.store.responses import RatingRow
from service.store.sight import WHOLE_SIGHT, Sight
from service.store.treatment_ends import TreatmentEnd, standing_ends


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: after this entry of the alerts, or of the watch points that follow them."""

    part: Literal["alerts", "watch"]
    at: str
    key: str


# Later than every instant: the place before the first watch point.
_BEFORE_ALL = Place("watch", "~", "")


@dataclass(frozen=True, slots=True)
class AlertListQuery:
    """What the list is narrowed to; an absent field narrows nothing.

    ``references`` are the FHIR references that mean one patient; ``since`` is an instant: updated since.
    ``sight``: what the caller may see.
    """

    references: Sequence[str] | None = None
    therapist: str | None = None
    status: str | None = None
    since: str | None = None
    watch: bool = False
    historical: bool = False
    after: Place | None = None
    limit: int = 50
    sight: Sight = WHOLE_SIGHT


@dataclass(frozen=True, slots=True)
class WatchPoint:
    """A rating in the tier *watch*, with what the rule saw; ``therapist`` is '' where unknown."""

    rating: PatientRating
    rule: str
    method: str
    norms: str
    evidence: dict[str, object]

    @property
    def place(self) -> tuple[str, str]:
        """Return what the list is sorted by, falling."""
        return self.rating.believed_from, self.rating.id


@dataclass(frozen=True, slots=True)
class AlertPage:
    """One page: alerts, the latest change first, then watch points likewise. ``next`` None: the last page.

    ``ends`` are the ends of treatment that stand, by the row of the dyad.
    """

    alerts: tuple[AlertRow, ...]
    watch: tuple[WatchPoint, ...]
    next: Place | None
    ends: Mapping[int, TreatmentEnd] = field(default_factory=dict)

    @property
    def patients(self) -> set[str]:
        """The references of all patients whom it names, for the audit."""
        return {one.patient for one in self.alerts} | {one.rating.patient for one in self.watch}


def list_alert_page(deployment: Deployment, query: AlertListQuery, clinic: str) -> AlertPage:
    """Return one page of at most ``limit`` entries; a patient never seen here has none."""
    with deployment.database.read() as tx:
        page = _page(tx, deployment, query, clinic)
        return replace(page, ends=standing_ends(tx, clinic, [row.dyad_row for row in page.alerts]))


def _page(tx: Tx, deployment: Deployment, query: AlertListQuery, clinic: str) -> AlertPage:
    aliases = None if query.references is None else alias_rows(tx, clinic, list(query.references))
    found = _alerts(tx, query, clinic, aliases)
    if len(found) > query.limit:
        last = found[query.limit - 1]
        return AlertPage(tuple(found[:-1]), (), Place("alerts", last.updated_at, str(last.row_id)))
    if not query.watch or query.status is not None:
        return AlertPage(tuple(found), (), None)
    points = _watch_points(tx, deployment, query, clinic, aliases)
    return _with_watch(found, points, query)


def _alerts(tx: Tx, query: AlertListQuery, clinic: str, aliases: list[int] | None) -> list[AlertRow]:
    if query.after is not None and query.after.part == "watch":
        return []
    wanted = AlertQuery(
        alias_rows=aliases,
        therapist=query.therapist,
        status=query.status,
        since=query.since,
        include_historical=query.historical,
        after=None if query.after is None else (query.after.at, int(query.after.key)),
        limit=query.limit + 1,
        sight=query.sight,
    )
    return list_alerts(tx, clinic, wanted)


def _with_watch(alerts: list[AlertRow], points: list[WatchPoint], query: AlertListQuery) -> AlertPage:
    start = query.after if query.after is not None and query.after.part == "watch" else _BEFORE_ALL
    later = [point for point in points if point.place < (start.at, start.key)]
    shown = later[: query.limit - len(alerts)]
    if len(shown) == len(later):
        return AlertPage(tuple(alerts), tuple(shown), None)
    last = Place("watch", *shown[-1].place) if shown else _BEFORE_ALL
    return AlertPage(tuple(alerts), tuple(shown), last)


def _watch_points(
    tx: Tx, deployment: Deployment, query: AlertListQuery, clinic: str, aliases: list[int] | None
) -> list[WatchPoint]:
    """Return the watch points that the query asks for, the latest first."""
    if aliases is None:
        # Whoever is rated later than so many days after the session is historical: no news.
        days = timedelta(days=deployment.settings.historical_after_days)
        start = from_instant(query.since) if query.since else deployment.clock()
        ratings = ratings_of_recent_dyads(tx, clinic, as_instant(start - days), therapist=query.therapist)
    else:
        ratings = ratings_of_patient(tx, clinic, aliases)
    standards = read_standards(tx, deployment, clinic)
    by_dyad = groupby(sorted(ratings, key=attrgetter("dyad_row")), key=attrgetter("dyad_row"))
    points = [point for _, rows in by_dyad for point in _watched(list(rows), deployment, standards)]
    settings = deployment.settings
    asked = [point for point in points if _is_asked_for(point.rating, query, settings)]
    return sorted(asked, key=attrgetter("place"), reverse=True)


def _watched(rows: list[PatientRating], deployment: Deployment, standards: Standards) -> list[WatchPoint]:
    judged = judge_dyad([as_rating_row(row) for row in rows], deployment, standards)
    points = []
    for row in rows:
        judgement = judged.judgements.get(row.id)
        if judgement is not None and judgement.tier == "watch":
            by = judged.standards[row.id]
            seen = evidence_at(judged, row.id, deployment)
            points.append(WatchPoint(row, by.rule, by.norm.method, by.norm.reference, seen))
    return points


def _is_asked_for(rating: PatientRating, query: AlertListQuery, settings: Settings) -> bool:
    return (
        query.sight.takes(reference_here(rating.patient, settings), rating.therapist, rating.perspective)
        and (query.historical or not rating.historical)
        and query.therapist in (None, rating.therapist)
        and (query.since is None or rating.believed_from >= query.since)
    )


def as_rating_row(rating: PatientRating) -> RatingRow:
    """Return a patient's rating as one of its dyad's."""
    return RatingRow(
        id=rating.id,
        version=rating.version,
        instrument=rating.instrument,
        session_date=rating.session_date,
        session_number=rating.session_number,
        authored=rating.authored,
        historical=rating.historical,
        total=rating.scores.get(JUDGED_SCALE),
        answers=rating.answers,
        language=rating.language,
        received_at=rating.received_at,
    )
