"""What the marks of a trend picture mean."""

from collections.abc import Callable, Iterator
from functools import partial

from fhir_mappings.instrument import Perspective
from service.alliance.axes import Across
from service.alliance.markers import (
    BAND,
    BAND_EDGE,
    GREY,
    missed_marker,
    point_marker,
    repair_marker,
    signal_marker,
)
from service.alliance.panels import TrendPicture
from service.alliance.phrases import Phrases
from service.alliance.svg import Place, line, polygon

_SIGNALS = ("watch", "possible", "marked")


def explain_marks(
    picture: TrendPicture, across: Across, phrases: Phrases
) -> Iterator[tuple[Callable[[Place], str], str]]:
    """Yield a mark with its words for everything that the picture holds."""
    points = [point for panel in picture.panels for point in panel.points]
    traces = {trace.name: trace for panel in picture.panels for trace in panel.traces if trace.points}
    for name, trace in traces.items():
        yield partial(_trace_mark, trace.perspective), name
    if any(point.usual for point in points):
        yield _range_mark, phrases.say("legend", "usual_next" if across.by_session else "usual")
    for tier in _SIGNALS:
        if any(point.tier == tier for point in points):
            yield partial(signal_marker, tier), phrases.say("legend", tier)
    if any(point.after_gap for point in points):
        yield _gap_mark, phrases.say("legend", "gap")
    if any(point.starts_anew for point in points):
        yield _break_mark, phrases.say("legend", "new_therapist")
    if any(panel.open_since for panel in picture.panels):
        yield _open_mark, phrases.say("legend", "alert_open")
    if any(panel.repairs for panel in picture.panels):
        yield repair_marker, phrases.say("legend", "repair")
    for late in sorted({one.cancelled_late for one in picture.missed}):
        yield partial(missed_marker, cancelled_late=late), phrases.say("legend", "late" if late else "missed")


def _trace_mark(perspective: Perspective, place: Place) -> str:
    return point_marker(perspective, place, 4.5)


def _range_mark(place: Place) -> str:
    x, y = place
    corners = [(x - 9, y - 6), (x + 9, y - 6), (x + 9, y + 6), (x - 9, y + 6)]
    return polygon(corners, fill=BAND, stroke=BAND_EDGE)


def _break_mark(place: Place) -> str:
    x, y = place
    return line((x, y - 7), (x, y + 7), stroke=GREY, stroke_dasharray="1 3", stroke_width=1.6)


def _open_mark(place: Place) -> str:
    x, y = place
    return line((x - 10, y), (x + 10, y), stroke=GREY, stroke_width=3)


def _gap_mark(place: Place) -> str:
    x, y = place
    return line((x - 10, y), (x + 10, y), stroke=GREY, stroke_dasharray="1 4")
