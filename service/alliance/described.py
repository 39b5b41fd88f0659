"""What a trend picture shows, in words: for those who do not see it."""

from service.alliance.panels import Panel, Trace, TrendPicture
from service.alliance.phrases import Phrases, phrases_in
from service.alliance.words import span

_TIERS = ("marked", "possible", "watch")


def describe_picture(picture: TrendPicture) -> str:
    """Return in words what a whole picture shows, in its language."""
    phrases = phrases_in(picture.language)
    told = [describe_panel(panel, phrases) for panel in picture.panels]
    told.append(describe_missed(picture, phrases))
    return " ".join(one for one in told if one) or phrases.say("picture", "nothing")


def describe_panel(panel: Panel, phrases: Phrases) -> str:
    """Return each trace's course with its signals, whether an alert is open, and what was repaired."""
    told = [_describe_trace(panel, trace, phrases) for trace in panel.traces]
    if panel.open_since is not None:
        since = phrases.short_session(panel.open_since.session)
        told.append(phrases.say("described", "alert_open", panel=panel.title, session=since))
    told += [
        phrases.say("described", "repair", panel=panel.title, day=day.isoformat()) for day in panel.repairs
    ]
    return " ".join(told)


def describe_missed(picture: TrendPicture, phrases: Phrases) -> str:
    """Return which appointments the client did not come to; '' where there was none."""
    return " ".join(
        phrases.say("described", "late" if one.cancelled_late else "missed", day=one.day.isoformat())
        for one in picture.missed
    )


def _describe_trace(panel: Panel, trace: Trace, phrases: Phrases) -> str:
    named = {"panel": panel.title, "rater": trace.name}
    if not trace.points:
        return phrases.say("described", "nothing", **named)
    first, last = trace.points[0], trace.points[-1]
    course = phrases.say(
        "described",
        "course",
        **named,
        ratings=phrases.ratings(len(trace.points)),
        first=panel.told(first.value),
        start=phrases.short_session(first.session),
        last=panel.told(last.value),
        end=phrases.short_session(last.session),
    )
    told = [course, *_describe_signals(trace, phrases)]
    if trace.usual_next is not None:
        usual = span(trace.usual_next.low, trace.usual_next.high, panel.places)
        told.append(phrases.say("described", "usual_next", usual=usual))
    return " ".join(told)


def _describe_signals(trace: Trace, phrases: Phrases) -> list[str]:
    at = {
        tier: [phrases.short_session(point.session) for point in trace.points if point.tier == tier]
        for tier in _TIERS
    }
    return [
        phrases.say("described", tier, sessions=", ".join(sessions))
        for tier, sessions in at.items()
        if sessions
    ]
