"""An alliance trend as /v1 shows it. Figures are rounded to two places; the rules used them unrounded."""

from service.alliance.baseline import Interval, Judgement
from service.alliance.coverage import Gap
from service.alliance.norms import METHOD
from service.alliance.parameters import Parameters
from service.api.v1.shown_response import provisional, show_limits, show_prompts
from service.flows.show_trend import PatientTrend, TrendPoint, TrendSeries

Json = dict[str, object]
_PLACES = 2


def show_trend(trend: PatientTrend, patient: str, parameters: Parameters, *, compared: bool = False) -> Json:
    """Return the trend with rule, method and parameters, so that it can be computed again.

    ``compared``: the numbers of the other rules are among the parameters.
    """
    return {
        "patient": patient,
        "as_of": trend.as_of,
        "rule": trend.rule,
        "method": METHOD,
        "parameters": parameters.echoed() | (parameters.rules.echoed() if compared else {}),
        "series": [_series(series) for series in trend.series],
        "other_series": [_series(series) for series in trend.beside],
    }


def _series(series: TrendSeries) -> Json:
    trend, slope, level = series.trend, series.trend.slope, series.trend.level
    return {
        "instrument": series.instrument.id,
        "perspective": series.instrument.perspective,
        "role": series.instrument.role,
        "provisional": provisional(series.instrument),
        "therapist": series.therapist or None,
        "points": [_point(point) for point in series.points],
        "level": None if level is None else _rounded(level.value),
        "level_range": None if level is None else _range(Interval(level.low, level.high)),
        "first_impression": level is None or level.first_impression,
        "slope_per_session": None if slope is None else _rounded(slope.per_session),
        "slope_interval": None if slope is None else [_rounded(slope.low), _rounded(slope.high)],
        "direction": None if slope is None else slope.direction,
        "usual_next": None if trend.usual_next is None else _range(trend.usual_next),
        "coverage": {
            "rated": trend.coverage.rated,
            "attended": trend.coverage.attended,
            "reason": trend.coverage.reason,
        },
        "gaps": [_gap(gap) for gap in trend.gaps],
        "at_maximum_share": None if trend.at_maximum_share is None else _rounded(trend.at_maximum_share),
        "low_start": trend.low_start,
        "notes": list(trend.notes),
        "norms": trend.norm,
        "norms_status": None if series.norm is None else series.norm.status,
        "looking_back": [
            {"criterion": dip.criterion, "fell": dip.fell, "returned": dip.returned}
            for dip in series.comparison.dips
        ],
    }


def _point(point: TrendPoint) -> Json:
    rating = point.rating
    return {
        "session_number": rating.session_number,
        "session_date": rating.session_date,
        "authored": rating.authored,
        "response": rating.id,
        "response_version": rating.version,
        "historical": rating.historical,
        "status": rating.status,
        "scores": rating.scores,
        "check_in_prompts": show_prompts(point.marks.prompts),
        "clinical_range": show_limits(point.marks.clinical_range),
        "straight_lined": point.marks.straight_lined,
        "derived_from": point.derived_from,
        "norms": point.norms,
        "fired": list(point.fired),
    } | _judgement(point.judgement)


def _judgement(judgement: Judgement | None) -> Json:
    if judgement is None:
        return {"tier": None, "usual": None, "fall": None, "z": None}
    return {
        "tier": judgement.tier,
        "usual": _range(Interval(judgement.usual_low, judgement.usual_high)),
        "fall": None if judgement.fall is None else _rounded(judgement.fall),
        "z": None if judgement.z is None else _rounded(judgement.z),
    }


def _gap(gap: Gap) -> Json:
    """Return a stretch without ratings, between two responses (null: before the first, after the last)."""
    return {
        "after": gap.after,
        "before": gap.before,
        "unrated_sessions": gap.unrated_sessions,
        "days": gap.days,
    }


def _range(interval: Interval) -> Json:
    return {"low": _rounded(interval.low), "high": _rounded(interval.high)}


def _rounded(figure: float) -> float:
    return round(figure, _PLACES) + 0.0  # never -0.0
