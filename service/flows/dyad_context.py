"""The context of each dyad of a patient: the therapist's own dip, what was missed or not filled, the gap."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from service.alliance.context import ContextLine, dip_lines, gap_lines, missed_lines, missing_lines
from service.alliance.pairs import last_in_own_units
from service.alliance.phrases import Phrases, phrases_in
from service.flows.deployment import Deployment
from service.flows.dyad_sessions import DyadSessions
from service.flows.find_due import DyadDue
from service.flows.judge_dyad import JUDGED_SCALE
from service.flows.pair_series import PairedSeries
from service.flows.trend_series import TrendSeries


@dataclass(frozen=True, slots=True)
class DyadContext:
    """The lines of one therapist ('' where unknown); never none."""

    therapist: str
    lines: tuple[ContextLine, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known of a patient's dyads, from which their context is told, and in which language."""

    series: Sequence[TrendSeries]
    pairs: Sequence[PairedSeries]
    due: Sequence[DyadDue]
    sessions: Mapping[str, DyadSessions]
    language: str | None


def find_context(deployment: Deployment, beside: Beside) -> tuple[DyadContext, ...]:
    """Return the context of each dyad that has any, in the order of their first rating."""
    found = (DyadContext(one, tuple(_lines(deployment, beside, one))) for one in beside.sessions)
    return tuple(one for one in found if one.lines)


def _lines(deployment: Deployment, beside: Beside, therapist: str) -> Iterable[ContextLine]:
    sessions, phrases = beside.sessions[therapist], phrases_in(beside.language)
    for series in beside.series:
        if series.therapist == therapist and series.instrument.perspective == "therapist":
            yield from _dip(deployment, series, beside.series, phrases)
    yield from missed_lines(sessions.count_missed_after_the_last(), phrases)
    for one in beside.due:
        form = deployment.instruments[one.due.instrument]
        is_asked_of_client = form.role == "alliance" and form.perspective == "client"
        # A measure that was never begun is not missing.
        if one.therapist == therapist and is_asked_of_client and one.due.last_rated is not None:
            yield from missing_lines(form.short_title, len(one.due.missed), phrases)
    for paired in beside.pairs:
        if paired.client.therapist == therapist:
            yield from gap_lines(paired.pairs.usual_gap, phrases)


def _dip(
    deployment: Deployment, series: TrendSeries, all_series: Sequence[TrendSeries], phrases: Phrases
) -> list[ContextLine]:
    """Return the dip of a therapist's last rating, unless the client has rated a later session."""
    scale = series.instrument.score_by_id.get(JUDGED_SCALE)
    points = [judged.point for judged in series.trend.points if judged.point.value is not None]
    clients = [
        judged.point.session_date
        for one in all_series
        if one.therapist == series.therapist and one.instrument.perspective == "client"
        for judged in one.trend.points
        if judged.point.value is not None
    ]
    if scale is None or not points or points[-1].session_date < max(clients, default=points[-1].session_date):
        return []
    length = float(scale.maximum - scale.minimum)
    units = last_in_own_units(points, length, deployment.parameters)
    return dip_lines(series.instrument.short_title, units, deployment.parameters, phrases)
