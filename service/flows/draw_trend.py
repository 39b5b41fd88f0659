"""A patient's trend as one picture: a panel for each instrument, its therapists one after the other."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby, pairwise

from fhir_mappings.instrument import Instrument
from service.alliance.baseline import Interval
from service.alliance.panels import CutOffLine, Panel, PicturePoint, Trace, TrendPicture
from service.alliance.picture import draw_trend
from service.flows.judge_dyad import JUDGED_SCALE
from service.flows.trend_series import TrendPoint, TrendSeries

NEW_THERAPIST = "new therapist"


def draw_patient_trend(series: Sequence[TrendSeries], title: str) -> str:
    """Return the SVG document. Instruments without a total are left out; a blank total is no point."""
    drawn = [one for one in series if JUDGED_SCALE in one.instrument.score_by_id]
    groups = [list(group) for _, group in groupby(drawn, key=lambda series: series.instrument.id)]
    footnotes = [note for group in groups for note in _footnotes(group)]
    return draw_trend(TrendPicture(title, tuple(_panel(group) for group in groups), tuple(footnotes)))


def _footnotes(group: Sequence[TrendSeries]) -> list[str]:
    """Return one note for each series; where there are several, each says of which therapist in order."""
    name = group[0].instrument.short_title
    names = (
        [name] if len(group) == 1 else [f"{name}, therapist {place}" for place in range(1, len(group) + 1)]
    )
    told = [f"{name}: {' '.join(one.trend.notes)}" for name, one in zip(names, group, strict=True)]
    if group[0].instrument.status == "provisional":
        told.append(f"{name}: provisional instrument. {group[0].instrument.status_reason}")
    return told


def _panel(group: Sequence[TrendSeries]) -> Panel:
    instrument = group[0].instrument
    scale = instrument.score_by_id[JUDGED_SCALE]
    return Panel(
        title=instrument.title,
        minimum=float(scale.minimum),
        maximum=float(scale.maximum),
        traces=_traces(group),
        cut_off=_cut_off(instrument),
        places=max((item.decimal_places for item in instrument.items), default=0),
    )


def _traces(group: Sequence[TrendSeries]) -> tuple[Trace, ...]:
    """Return one trace with a break at each new therapist, or one for each where they overlap in time."""
    perspective = group[0].instrument.perspective
    in_turn = all(
        before.points[-1].rating.session_date <= after.points[0].rating.session_date
        for before, after in pairwise(group)
        if before.points and after.points
    )
    if not in_turn:
        return tuple(
            Trace(f"{perspective}, therapist {place}", perspective, tuple(_points(series)), _next(series))
            for place, series in enumerate(group, 1)
        )
    points: list[PicturePoint] = []
    for series in group:
        points += _points(series, starts_anew=NEW_THERAPIST if points else "")
    return (Trace(perspective, perspective, tuple(points), _next(group[-1])),)


def _points(series: TrendSeries, starts_anew: str = "") -> list[PicturePoint]:
    after_gaps = {gap.before for gap in series.trend.gaps if gap.after is not None}
    rated = [point for point in series.points if point.rating.scores.get(JUDGED_SCALE) is not None]
    return [
        _point(point, after_gap=point.rating.id in after_gaps, starts_anew="" if place else starts_anew)
        for place, point in enumerate(rated)
    ]


def _point(point: TrendPoint, *, after_gap: bool, starts_anew: str) -> PicturePoint:
    rating, judgement = point.rating, point.judgement
    return PicturePoint(
        session_number=rating.session_number,
        session_date=date.fromisoformat(rating.session_date),
        value=float(rating.scores[JUDGED_SCALE] or 0),
        usual=None if judgement is None else Interval(judgement.usual_low, judgement.usual_high),
        tier=None if judgement is None else judgement.tier,
        after_gap=after_gap,
        starts_anew=starts_anew,
    )


def _next(series: TrendSeries) -> Interval | None:
    return series.trend.usual_next


def _cut_off(instrument: Instrument) -> CutOffLine | None:
    for cut_off in instrument.cut_offs:
        is_drawn = cut_off.enabled and cut_off.use == "check-in" and cut_off.score == JUDGED_SCALE
        if is_drawn and cut_off.kind == "score-below":
            bound = "at or below" if cut_off.inclusive else "below"
            return CutOffLine(float(cut_off.value), f"check-in {bound} {cut_off.value}")
    return None
