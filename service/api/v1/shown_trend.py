"""An alliance trend as /v1 shows it. Figures are rounded to two places; the rules used them unrounded."""

from service.alliance.baseline import Interval, Judgement
from service.alliance.change import Change
from service.alliance.coverage import Coverage, Gap
from service.alliance.norms import METHOD
from service.alliance.notes import say_unknown
from service.alliance.pairs import Side
from service.alliance.parameters import Parameters
from service.alliance.phrases import Phrases, phrases_in
from service.alliance.plan import Window
from service.api.v1.shown_end import show_end
from service.api.v1.shown_response import provisional, show_limits, show_prompts
from service.api.v1.shown_words import show_context
from service.flows.find_due import DyadDue
from service.flows.pair_series import PairedSeries
from service.flows.show_trend import PatientTrend
from service.flows.trend_series import TrendPoint, TrendSeries
from service.store.alerts import AlertRow
from service.store.attendance import AttendanceRow

Json = dict[str, object]
_PLACES = 2


def show_trend(trend: PatientTrend, patient: str, parameters: Parameters, *, compared: bool = False) -> Json:
    """Return the trend with rule, method and parameters, so that it can be computed again.

    ``compared``: the numbers of the other rules are among the parameters.
    """
    phrases = phrases_in(trend.language)
    return {
        "patient": patient,
        "as_of": trend.as_of,
        "rule": trend.rule,
        "method": METHOD,
        "parameters": parameters.echoed() | (parameters.rules.echoed() if compared else {}),
        "series": [_series(series, phrases) for series in trend.series],
        "other_series": [_series(series, phrases) for series in trend.beside],
        "pairs": [_pairs(paired) for paired in trend.pairs],
        "due": [show_due(one) for one in trend.due],
        "missed_sessions": [show_missed(row) for row in trend.missed],
        "context": [
            {"therapist": one.therapist or None} | show_context(line)
            for one in trend.context
            for line in one.lines
        ],
        "alerts": [_alert(row) for row in trend.alerts],
        "treatment_ends": [{"therapist": one.therapist or None} | show_end(one) for one in trend.ends],
    }


def _series(series: TrendSeries, phrases: Phrases) -> Json:
    trend, slope, level = series.trend, series.trend.slope, series.trend.level
    return {
        "instrument": series.instrument.id,
        "perspective": series.instrument.perspective,
        "role": series.instrument.role,
        "provisional": provisional(series.instrument),
        "therapist": series.therapist or None,
        "points": [show_point(point) for point in series.points],
        "level": None if level is None else _rounded(level.value),
        "level_range": None if level is None else show_range(Interval(level.low, level.high)),
        "level_half_width": None if level is None else _rounded(level.high - level.value),
        "first_impression": level is None or level.first_impression,
        "slope_per_session": None if slope is None else _rounded(slope.per_session),
        "slope_interval": None if slope is None else [_rounded(slope.low), _rounded(slope.high)],
        "direction": None if slope is None else slope.direction,
        "usual_next": None if trend.usual_next is None else show_range(trend.usual_next),
        "coverage": _coverage(series, trend.coverage),
        "gaps": [_gap(gap, phrases) for gap in trend.gaps],
        "at_maximum_share": None if trend.at_maximum_share is None else _rounded(trend.at_maximum_share),
        "low_start": trend.low_start,
        "first_to_last": show_change(trend.first_to_last),
        "last_to_this": show_change(trend.last_to_this),
        "lowest_item": show_lowest(series),
        "notes": list(trend.notes),
        "norms": trend.norm,
        "norms_status": None if series.norm is None else series.norm.status,
        "looking_back": [
            {"criterion": dip.criterion, "fell": dip.fell, "returned": dip.returned}
            for dip in series.comparison.dips
        ],
    }


def show_point(point: TrendPoint) -> Json:
    """Return one rating with its scores, marks and judgement."""
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
        "items": point.marks.answers,
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
        "usual": show_range(Interval(judgement.usual_low, judgement.usual_high)),
        "fall": None if judgement.fall is None else _rounded(judgement.fall),
        "z": None if judgement.z is None else _rounded(judgement.z),
    }


def _gap(gap: Gap, phrases: Phrases) -> Json:
    """Return a stretch without ratings, between two responses (null: before the first, after the last)."""
    return {
        "after": gap.after,
        "before": gap.before,
        "unrated_sessions": gap.unrated_sessions,
        "days": gap.days,
        "cannot_say": say_unknown(gap, phrases),
    }


def _coverage(series: TrendSeries, coverage: Coverage) -> Json:
    return {
        "rated": coverage.rated,
        "attended": coverage.attended,
        "reason": coverage.reason,
        "basis": "session-numbers" if series.sessions.recorded is None else "attendance",
        "first_sessions": None
        if coverage.first_attended is None
        else {"rated": coverage.first_rated, "attended": coverage.first_attended},
        "sessions_between": coverage.sessions_between,
        "days_between": coverage.days_between,
    }


def show_change(change: Change | None) -> Json | None:
    """Return a reliable change, with the reliability that it rests on."""
    if change is None:
        return None
    return {
        "from": change.earlier,
        "to": change.later,
        "points": _rounded(change.points),
        "needed": _rounded(change.needed),
        "verdict": change.verdict,
        "reliability": change.reliability,
        "sem": change.sem,
        "basis": change.basis,
    }


def show_lowest(series: TrendSeries) -> Json | None:
    """Return the item that stays lowest, None where none does."""
    lowest = series.trend.lowest
    if lowest is None:
        return None
    name = series.instrument.item_by_link_id[lowest.item].text
    return {"item": lowest.item, "name": name, "ratings": lowest.ratings, "of": lowest.of}


def _pairs(paired: PairedSeries) -> Json:
    shown = {point.rating.id: point.rating for point in paired.client.points}
    gap = paired.pairs.usual_gap
    return {
        "therapist": paired.client.therapist or None,
        "client_instrument": paired.client.instrument.id,
        "therapist_instrument": paired.therapist.instrument.id,
        "usual_gap": None if gap is None else _rounded(gap),
        "sessions": [
            {
                "session_number": shown[pair.client.key].session_number,
                "session_date": shown[pair.client.key].session_date,
                "client": _side(pair.client),
                "therapist": _side(pair.therapist),
            }
            for pair in paired.pairs.pairs
            if pair.client.key in shown
        ],
    }


def _side(side: Side) -> Json:
    return {
        "response": side.key,
        "score": side.value,
        "change": None if side.change is None else _rounded(side.change),
        "own_units": None if side.own_units is None else _rounded(side.own_units),
    }


def show_due(one: DyadDue) -> Json:
    """Return how one measure of the measuring plan stands."""
    due = one.due
    return {
        "therapist": one.therapist or None,
        "measure": due.measure,
        "instrument": due.instrument,
        "last_rated_session": due.last_rated,
        "sessions": show_window(due.window),
        "due_next": due.due_next,
        "missed": [show_window(window) for window in due.missed],
    }


def show_window(window: Window) -> Json:
    """Return a run of attended sessions."""
    return {"from": window.first, "to": window.last}


def show_missed(row: AttendanceRow) -> Json:
    """Return an appointment that the client did not come to."""
    return {
        "status": row.status,
        "session_date": row.session_date,
        "session_number": row.session_number,
        "therapist": row.therapist or None,
    }


def _alert(row: AlertRow) -> Json:
    """Return where an alert stands in the trend; the alert itself is read at /v1/rupture-alerts."""
    return {
        "id": row.id,
        "instrument": row.series,
        "response": row.opened_by,
        "therapist": row.therapist or None,
        "session_number": row.session_number,
        "session_date": row.session_date,
        "severity": row.severity,
        "status": row.status,
        "score_course": row.score_course,
        "live": row.live,
        "historical": row.historical,
    }


def show_range(interval: Interval) -> Json:
    """Return a range in the scale's points."""
    return {"low": _rounded(interval.low), "high": _rounded(interval.high)}


def _rounded(figure: float) -> float:
    return round(figure, _PLACES) + 0.0  # never -0.0
