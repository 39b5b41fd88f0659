"""A patient's trend as one picture: a panel for each measure, its raters side by side.

Forms of one measure on the same scale share a panel: client and therapist stand in one. Outcome has panels of
its own after those of the alliance.
"""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from fhir_mappings.instrument import CutOff, ScoreRule
from fhir_mappings.prompts import fits_age
from service.alliance.baseline import Interval
from service.alliance.panels import CutOffLine, MissedAppointment, Panel, PicturePoint, Trace, TrendPicture
from service.alliance.phrases import Phrases, phrases_in
from service.alliance.picture import draw_trend
from service.alliance.picture_parts import PictureParts, split_trend
from service.flows.judge_dyad import JUDGED_SCALE
from service.flows.show_trend import PatientTrend
from service.flows.trend_series import TrendPoint, TrendSeries
from service.store.alerts import AlertRow

_DRAWN_BESIDE = "outcome"


def draw_patient_trend(trend: PatientTrend, patient: str) -> str:
    """Return the SVG document, in the trend's language."""
    return draw_trend(_picture(trend, patient))


def split_patient_trend(trend: PatientTrend, patient: str) -> PictureParts:
    """Return the same in parts, for a page."""
    return split_trend(_picture(trend, patient))


def _picture(trend: PatientTrend, patient: str) -> TrendPicture:
    """Return what is drawn. Forms without a total are left out; a blank total is no point."""
    phrases = phrases_in(trend.language)
    drawn = [one for one in trend.series if JUDGED_SCALE in one.instrument.score_by_id]
    beside = [
        one
        for one in trend.beside
        if JUDGED_SCALE in one.instrument.score_by_id and one.instrument.role == _DRAWN_BESIDE
    ]
    groups = _by_measure([*drawn, *beside])
    return TrendPicture(
        title=phrases.say("picture", "alliance" if drawn or not beside else "outcome", patient=patient),
        panels=tuple(_panel(group, trend.alerts, phrases) for group in groups),
        footnotes=tuple(note for group in groups for note in _footnotes(group, phrases)),
        missed=tuple(
            MissedAppointment(date.fromisoformat(row.session_date), row.status == "late-cancelled")
            for row in trend.missed
        ),
        language=phrases.language,
    )


def _by_measure(drawn: Sequence[TrendSeries]) -> list[list[TrendSeries]]:
    """Return the series that share a panel, in the order of their first one."""
    groups: list[list[TrendSeries]] = []
    for one in drawn:
        shared = next((group for group in groups if _shares_panel(one, group)), None)
        if shared is None:
            groups.append([one])
        else:
            shared.append(one)
    return groups


def _shares_panel(one: TrendSeries, group: Sequence[TrendSeries]) -> bool:
    """Tell whether a series is of another rater on the same scale, or of another therapist on the same form.

    The form of another kind of client (a child's) is no second rater.
    """
    own, first = _scale(one), _scale(group[0])
    form, other = one.instrument, group[0].instrument
    if (form.family, own.minimum, own.maximum) != (other.family, first.minimum, first.maximum):
        return False
    return form.role == other.role and all(
        form.id == beside.instrument.id
        for beside in group
        if beside.instrument.perspective == form.perspective
    )


def _footnotes(group: Sequence[TrendSeries], phrases: Phrases) -> list[str]:
    """Return one note for each series; where a form has several, each says of which therapist in order.

    Gaps and missed appointments are drawn, so they are not told again.
    """
    told = []
    for one in group:
        same = [other for other in group if other.instrument.id == one.instrument.id]
        name = one.instrument.short_title
        place = same.index(one) + 1
        named = name if len(same) == 1 else phrases.say("raters", "several", rater=name, place=place)
        told.append(f"{named}: {' '.join(one.trend.undrawn_notes)}")
        if one.instrument.status == "provisional" and place == 1:
            reason = one.instrument.status_reason
            told.append(phrases.say("picture", "provisional", form=name, reason=reason))
    return told


def _panel(group: Sequence[TrendSeries], alerts: Sequence[AlertRow], phrases: Phrases) -> Panel:
    instrument, scale = group[0].instrument, _scale(group[0])
    points = {point.rating.id: point for one in group for point in one.points}
    ids = {one.instrument.id for one in group}
    own = [row for row in alerts if row.series in ids and row.opened_by in points and not row.historical]
    live = next((row for row in own if row.live), None)
    return Panel(
        title=_title(group, phrases),
        minimum=float(scale.minimum),
        maximum=float(scale.maximum),
        traces=tuple(trace for series in _by_form(group) for trace in _traces(series, phrases)),
        cut_off=_cut_off(group, phrases),
        places=max((item.decimal_places for item in instrument.items), default=0),
        remark=phrases.say("picture", "beside") if instrument.role == _DRAWN_BESIDE else "",
        open_since=None if live is None else _point(points[live.opened_by]),
        repairs=tuple(
            date.fromisoformat(row.touched_at[:10])
            for row in own
            if row.status == "repaired" and row.touched_at is not None
        ),
    )


def _title(group: Sequence[TrendSeries], phrases: Phrases) -> str:
    """Return the measure's title, with its rater where it has one only."""
    instrument = group[0].instrument
    measure, _, rater = instrument.title.rpartition(" (")
    if any(one.instrument.perspective != instrument.perspective for one in group):
        return measure
    if rater == f"{instrument.perspective})":
        return f"{measure} ({phrases.say('raters', instrument.perspective)})"
    return instrument.title


def _by_form(group: Sequence[TrendSeries]) -> list[list[TrendSeries]]:
    forms = dict.fromkeys(one.instrument.id for one in group)
    return [[one for one in group if one.instrument.id == form] for form in forms]


def _traces(group: Sequence[TrendSeries], phrases: Phrases) -> tuple[Trace, ...]:
    """Return one trace with a break at each new therapist, or one for each where they overlap in time."""
    perspective = group[0].instrument.perspective
    rater = phrases.say("raters", perspective)
    in_turn = all(
        before.points[-1].rating.session_date <= after.points[0].rating.session_date
        for before, after in pairwise(group)
        if before.points and after.points
    )
    if not in_turn:
        return tuple(
            Trace(
                phrases.say("raters", "several", rater=rater, place=place),
                perspective,
                tuple(_points(series)),
                _next(series),
            )
            for place, series in enumerate(group, 1)
        )
    points: list[PicturePoint] = []
    for series in group:
        points += _points(series, phrases.say("picture", "new_therapist") if points else "")
    return (Trace(rater, perspective, tuple(points), _next(group[-1])),)


def _points(series: TrendSeries, starts_anew: str = "") -> list[PicturePoint]:
    after_gaps = {gap.before for gap in series.trend.gaps if gap.after is not None}
    rated = [point for point in series.points if point.rating.scores.get(JUDGED_SCALE) is not None]
    return [
        _point(point, after_gap=point.rating.id in after_gaps, starts_anew="" if place else starts_anew)
        for place, point in enumerate(rated)
    ]


def _point(point: TrendPoint, *, after_gap: bool = False, starts_anew: str = "") -> PicturePoint:
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


def _scale(series: TrendSeries) -> ScoreRule:
    return series.instrument.score_by_id[JUDGED_SCALE]


def _cut_off(group: Sequence[TrendSeries], phrases: Phrases) -> CutOffLine | None:
    """Return the line of the panel's first form that has one; one bound to ages by the last age known."""
    for series in group:
        ages = [point.rating.age_years for point in series.points if point.rating.age_years is not None]
        for cut_off in series.instrument.cut_offs:
            if _is_drawn(cut_off, ages[-1] if ages else None):
                use = "check_in" if cut_off.use == "check-in" else "clinical"
                key = f"{use}_{'at' if cut_off.inclusive else 'below'}"
                return CutOffLine(float(cut_off.value), phrases.say("picture", key, value=cut_off.value))
    return None


def _is_drawn(cut_off: CutOff, age_years: int | None) -> bool:
    is_of_total = cut_off.score == JUDGED_SCALE and cut_off.kind == "score-below"
    return cut_off.enabled and is_of_total and fits_age(cut_off, age_years)
