"""A trend as one SVG picture: readable in print, in grey, without colour vision, and by a screen reader.

Shapes and words carry every meaning; colour only repeats it, and no red is used. Several instruments stand
one below the other on a shared axis of attended sessions, or of dates where a session number is missing.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from textwrap import wrap

from fhir_mappings.instrument import Perspective
from service.alliance.axes import Across, lay_across
from service.alliance.panels import Panel, Trace, TrendPicture
from service.alliance.plot import (
    BAND,
    BAND_EDGE,
    FAINT,
    GREY,
    HEIGHT,
    INK,
    draw_panel,
    missed_marker,
    point_marker,
    repair_marker,
    signal_marker,
)
from service.alliance.svg import Place, element, escape, line, polygon, text
from service.alliance.words import counted, span

WIDTH = 800
_LEFT, _RIGHT, _TOP = 52, 680, 44
_LEGEND_ROW, _NOTE_ROW, _NOTE_LENGTH, _STRIP = 24, 15, 118, 26
# A letter of 12 pixels in a wide sans serif: what a legend's words need at most.
_LETTER = 7.2


def draw_trend(picture: TrendPicture) -> str:
    """Return the picture as a standalone SVG document, 800 wide and as tall as its panels and notes.

    The same picture gives the same bytes. All texts are escaped; nothing is loaded from elsewhere.
    """
    across = lay_across(picture.panels, _LEFT, _RIGHT, [one.day for one in picture.missed])
    strip = _TOP + HEIGHT * len(picture.panels) + 6
    axis_at = strip + (_STRIP if picture.missed else 0)
    axis_name = "attended session" if across.by_session else "date of the session"
    legend, legend_end = _lay_legend(picture, axis_at + 28, across)
    notes = [row for note in picture.footnotes for row in wrap(note, _NOTE_LENGTH)]
    notes_start = legend_end + _LEGEND_ROW + 8
    height = notes_start + _NOTE_ROW * len(notes) + 8
    parts = [
        element("title", escape(picture.title), id="trend-title"),
        element("desc", escape(describe_picture(picture)), id="trend-description"),
        element("rect", width=WIDTH, height=height, fill="#ffffff"),
        text((_LEFT, 26), picture.title, font_size=17, font_weight="bold"),
        *_panels(picture, across),
        *_missed(picture, across, strip),
        text(((_LEFT + _RIGHT) / 2, axis_at), axis_name, text_anchor="middle", fill=GREY),
        *legend,
        *(
            text((_LEFT, notes_start + _NOTE_ROW * row), words, fill=INK, font_size=11)
            for row, words in enumerate(notes)
        ),
    ]
    return _document("\n".join(parts), height)


def describe_picture(picture: TrendPicture) -> str:
    """Return in words what the picture shows, for those who do not see it."""
    told = [_describe_trace(panel, trace) for panel in picture.panels for trace in panel.traces]
    told += [
        f"{panel.title}: the alert of {panel.open_since.session_name} is open."
        for panel in picture.panels
        if panel.open_since is not None
    ]
    told += [
        f"{panel.title}: a person recorded a repair on {day.isoformat()}."
        for panel in picture.panels
        for day in panel.repairs
    ]
    told += [f"{one.told.capitalize()}." for one in picture.missed]
    return " ".join(told) or "Nothing was rated yet."


def _document(content: str, height: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" lang="en" viewBox="0 0 {WIDTH} {height:g}" '
        f'width="{WIDTH}" height="{height:g}" aria-labelledby="trend-title trend-description" '
        f'font-family="Helvetica, Arial, sans-serif" font-size="12" fill="{INK}">\n{content}\n</svg>\n'
    )


def _panels(picture: TrendPicture, across: Across) -> Iterator[str]:
    for place, panel in enumerate(picture.panels):
        yield draw_panel(panel, across, _TOP + HEIGHT * place)


def _describe_trace(panel: Panel, trace: Trace) -> str:
    if not trace.points:
        return f"{panel.title}, {trace.name}: nothing was rated yet."
    first, last = trace.points[0], trace.points[-1]
    start = f"{panel.told(first.value)} at {first.session_name}"
    end = f"{panel.told(last.value)} at {last.session_name}"
    told = [f"{panel.title}, {trace.name}: {counted(len(trace.points), 'rating')}, {start} to {end}."]
    for tier in ("marked", "possible", "watch"):
        at = [point.session_name for point in trace.points if point.tier == tier]
        if at:
            told.append(f"{tier.capitalize()} at {', '.join(at)}.")
    if trace.usual_next is not None:
        usual = span(trace.usual_next.low, trace.usual_next.high, panel.places)
        told.append(f"Usual range of the next rating: {usual}.")
    return " ".join(told)


def _missed(picture: TrendPicture, across: Across, y: float) -> Iterator[str]:
    """Yield one strip for all panels: the appointments that the client did not come to."""
    if not picture.missed:
        return
    yield line((across.left, y), (across.right, y), stroke=FAINT)
    yield text((across.right + 6, y + 4), "not attended", fill=GREY, font_size=11)
    positions = Counter(across.at(one.day) for one in picture.missed)
    seen: Counter[float] = Counter()
    for one in picture.missed:
        position = across.at(one.day)
        seen[position] += 1
        # Between two sessions, side by side where there are several.
        after = seen[position] / (positions[position] + 1) if across.by_session else 0
        place = (across.x(position + after), y)
        yield missed_marker(place, cancelled_late=one.cancelled_late, words=one.told)


def _lay_legend(picture: TrendPicture, top: float, across: Across) -> tuple[list[str], float]:
    """Return what explains the picture's marks, in as many rows as they need, and where the last row is."""
    x, y = float(_LEFT), top
    parts = []
    for mark, words in _legend(picture, across):
        width = 34 + _LETTER * len(words)
        if x > _LEFT and x + width > WIDTH - 16:
            x, y = float(_LEFT), y + _LEGEND_ROW
        parts += [mark((x + 10, y)), text((x + 26, y + 4), words)]
        x += width + 12
    return parts, y


def _legend(picture: TrendPicture, across: Across) -> Iterator[tuple[Callable[[Place], str], str]]:
    """Yield a mark with its words for everything that the picture holds."""
    points = [point for panel in picture.panels for point in panel.points]
    traces = {trace.name: trace for panel in picture.panels for trace in panel.traces if trace.points}
    for name, trace in traces.items():
        yield partial(_trace_mark, trace.perspective), name
    if any(point.usual for point in points):
        dashed = " (dashed: of the next rating)" if across.by_session else ""
        yield _range_mark, f"usual range, from earlier ratings{dashed}"
    words = {
        "watch": "watch, chart only",
        "possible": "P: possible strain",
        "marked": "M: marked dip, possible strain",
    }
    for tier, meaning in words.items():
        if any(point.tier == tier for point in points):
            yield partial(signal_marker, tier), meaning
    if any(point.after_gap for point in points):
        yield _gap_mark, "gap: no ratings"
    if any(point.starts_anew for point in points):
        yield _break_mark, "a new therapist: a baseline of its own"
    if any(panel.open_since for panel in picture.panels):
        yield _open_mark, "alert open"
    if any(panel.repairs for panel in picture.panels):
        yield repair_marker, "R: repair recorded by a person"
    for late in sorted({one.cancelled_late for one in picture.missed}):
        yield partial(missed_marker, cancelled_late=late), "cancelled late" if late else "missed"


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
