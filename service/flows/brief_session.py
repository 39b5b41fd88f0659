"""What a therapist looks at before the next session: put together from what is known of one dyad.

Nothing is judged anew here. The client's own words are shown as they were given; a therapist's private notes
are not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fhir_mappings.alert_states import UNDER_WAY
from fhir_mappings.scoring import count_answers
from service.alliance.context import ContextLine
from service.alliance.lowest import lowest_items
from service.errors import NotFound
from service.flows.act_on_alert import AlertWithActs, with_acts
from service.flows.alert_evidence import fallen_of
from service.flows.deployment import Deployment
from service.flows.dyad_sessions import DyadSessions
from service.flows.find_due import DyadDue
from service.flows.own_words import OwnWords, words_of
from service.flows.show_trend import PatientTrend, TrendQuery, show_trend
from service.flows.trend_series import TrendPoint, TrendSeries
from service.store.attendance import AttendanceRow
from service.store.patients import approach_of
from service.store.sight import WHOLE_SIGHT, Sight

# Words of the last sessions are still in the room; older ones are read in the chart.
_SESSIONS_WITH_WORDS = 3


@dataclass(frozen=True, slots=True)
class LowestAt:
    """The items (link ids) that were lowest at one rating; none where all marks were alike."""

    point: TrendPoint
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BriefMeasure:
    """One form of the dyad: its series, the last rating and the one before, what was lowest lately."""

    series: TrendSeries
    last: TrendPoint
    previous: TrendPoint | None
    lowest: tuple[LowestAt, ...]


@dataclass(frozen=True, slots=True)
class SessionBrief:
    """One dyad before its next session; ``alerts`` are those that a person may still act on.

    ``fallen`` is the part (its id) that fell most with the last of them, else the item that stays lowest.
    ``words`` come newest first. ``patient_key`` is ours, for the audit.
    """

    patient_key: str
    as_of: str
    sessions: DyadSessions
    measures: tuple[BriefMeasure, ...]
    context: tuple[ContextLine, ...]
    alerts: tuple[AlertWithActs, ...]
    due: tuple[DyadDue, ...]
    missed: tuple[AttendanceRow, ...]
    words: tuple[OwnWords, ...]
    fallen: str | None
    approach: str | None


def brief_session(
    deployment: Deployment,
    references: Sequence[str],
    therapist: str | None,
    clinic: str,
    sight: Sight = WHOLE_SIGHT,
    *,
    language: str | None = None,
) -> SessionBrief:
    """Return the brief of a patient with one therapist (a reference), None for the one seen last.

    Its sentences are in ``language``. Raises ``NotFound`` for a patient or dyad never rated here.
    """
    query = TrendQuery(references, language=language)
    return brief_of(deployment, show_trend(deployment, query, clinic, sight), therapist)


def brief_of(deployment: Deployment, trend: PatientTrend, therapist: str | None) -> SessionBrief:
    """Return the brief of a patient whose trend is at hand; raises ``NotFound`` as above."""
    sessions = _sessions_of(trend, therapist)
    own = [one for one in (*trend.series, *trend.beside) if one.therapist == sessions.therapist]
    measures = [_measure(deployment, series, last) for series in own if (last := _scored(series))]
    alerts, approach = _alerts(deployment, trend, sessions.therapist, own)
    return SessionBrief(
        patient_key=trend.patient_key,
        as_of=trend.as_of,
        sessions=sessions,
        measures=tuple(measures),
        context=trend.context_of(sessions.therapist),
        alerts=alerts,
        due=tuple(one for one in trend.due if one.therapist == sessions.therapist),
        missed=sessions.missed,
        words=_own_words(own),
        fallen=_fallen(alerts, measures),
        approach=approach,
    )


def _sessions_of(trend: PatientTrend, therapist: str | None) -> DyadSessions:
    dyads = [one.sessions for one in (*trend.series, *trend.beside)]
    found = [one for one in dyads if therapist in (None, one.therapist)]
    if not found:
        raise NotFound("This patient was never rated with this therapist.")
    return max(found, key=lambda one: (one.last_date, one.first_date))


def _scored(series: TrendSeries) -> list[TrendPoint]:
    return [point for point in series.points if point.rating.scores]


def _measure(deployment: Deployment, series: TrendSeries, points: Sequence[TrendPoint]) -> BriefMeasure:
    recent = points[-deployment.parameters.lowest_of :]
    previous = points[-2] if len(points) > 1 else None
    lowest = [LowestAt(one, _lowest(series, one)) for one in recent if one.marks.answers]
    is_measure = series.instrument.role in ("alliance", "outcome")
    return BriefMeasure(series, points[-1], previous, tuple(lowest) if is_measure else ())


def _lowest(series: TrendSeries, point: TrendPoint) -> tuple[str, ...]:
    counted = count_answers(series.instrument, point.marks.answers)
    return lowest_items({link_id: float(mark) for link_id, mark in counted.items()})


def _alerts(
    deployment: Deployment, trend: PatientTrend, therapist: str, own: Sequence[TrendSeries]
) -> tuple[tuple[AlertWithActs, ...], str | None]:
    rows = [row for row in trend.alerts if row.therapist == therapist and row.status in UNDER_WAY]
    dyad_row = own[0].points[-1].rating.dyad_row
    with deployment.database.read() as tx:
        return tuple(with_acts(tx, row, deployment.known) for row in rows), approach_of(tx, dyad_row)


def _fallen(alerts: Sequence[AlertWithActs], measures: Iterable[BriefMeasure]) -> str | None:
    if alerts:
        return fallen_of(alerts[-1].alert)
    lowest = (one.series.trend.lowest for one in measures if one.series.instrument.role == "alliance")
    return next((one.item for one in lowest if one is not None), None)


def _own_words(own: Iterable[TrendSeries]) -> tuple[OwnWords, ...]:
    found = [
        words
        for series in own
        for point in series.points
        if (words := words_of(point.rating, series.instrument))
    ]
    newest = sorted(found, key=lambda one: (one.response.session_date, one.response.authored), reverse=True)
    days = sorted({one.response.session_date for one in newest}, reverse=True)[:_SESSIONS_WITH_WORDS]
    return tuple(one for one in newest if one.response.session_date in days)
