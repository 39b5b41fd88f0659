"""Draws one panel: usual range, check-in line, ratings, gaps and signals.

The look is chosen for print and for eyes that see no colour: each perspective has a shape of its own, each
signal a shape and a letter. Blue and greys only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from service.alliance.axes import Across, Upright, lay_upright
from service.alliance.baseline import Interval
from service.alliance.panels import Panel, PicturePoint, Trace
from service.alliance.svg import Place, element, group, line, polygon, polyline, text, titled
from service.alliance.words import span

INK, GREY, FAINT, BAND, BAND_EDGE = "#222222", "#5f6670", "#d9dde2", "#dbe9f4", "#9dbfd8"
COLOURS = {"client": "#005a9c", "therapist": "#444444", "observer": "#6b5b95", "carer": "#1b7f79"}
DASHES = {"client": "none", "therapist": "6 3", "observer": "2 3", "carer": "8 3 2 3"}
HEADER, LANE, PLOT, FOOT = 26, 26, 168, 30
HEIGHT = HEADER + LANE + PLOT + FOOT
_BIG, _SMALL, _CROWDED = 4.5, 2.5, 60
_GAP_LABEL_WIDTH = 26


@dataclass(frozen=True, slots=True)
class Frame:
    """Where one panel lies: its axes, and the pixel row of its signal lane."""

    across: Across
    upright: Upright
    lane: float

    def place(self, point: PicturePoint) -> Place:
        """Return the pixel of a rating."""
        return self.across.x(self.across.position(point)), self.upright.y(point.value)


def draw_panel(panel: Panel, across: Across, top: float) -> str:
    """Return one panel as an SVG group whose upper edge is at ``top``."""
    plot_top = top + HEADER + LANE
    upright = lay_upright(panel, plot_top + PLOT, plot_top)
    frame = Frame(across, upright, plot_top - LANE / 2 - 2)
    parts = [text((across.left, top + 16), panel.title, font_weight="bold", font_size=14)]
    for trace in panel.traces:
        parts += _usual_ranges(trace, frame)
    parts += _grid(frame)
    parts += _cut_off(panel, frame)
    parts += _gap_labels(panel, frame)
    parts += _axis_start(panel, frame)
    for trace in panel.traces:
        parts += _breaks(trace, frame)
        parts += _lines(trace, frame)
        parts += _points(panel, trace, frame)
        parts += _signals(trace, frame)
    if not panel.points:
        middle = ((across.left + across.right) / 2, plot_top + PLOT / 2)
        parts.append(text(middle, "Nothing was rated yet.", text_anchor="middle", fill=GREY))
    return group(parts)


def point_marker(perspective: str, place: Place, size: float, words: str = "") -> str:
    """Return the marker of a perspective: disc, square, triangle or diamond."""
    x, y = place
    content, colour = titled(words) if words else "", COLOURS[perspective]
    if perspective == "client":
        return element("circle", content, cx=x, cy=y, r=size, fill=colour)
    corners = {
        "therapist": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
        "observer": ((0, -1.3), (1.2, 1), (-1.2, 1)),
        "carer": ((0, -1.4), (1.4, 0), (0, 1.4), (-1.4, 0)),
    }[perspective]
    places = [(x + size * right, y + size * down) for right, down in corners]
    return polygon(places, content, fill="#ffffff", stroke=colour, stroke_width=1.6)


def signal_marker(tier: str, place: Place) -> str:
    """Return the marker of a signal: a ring for a watch, an open P or a filled M pointing down."""
    x, y = place
    if tier == "watch":
        return element("circle", cx=x, cy=y, r=8, fill="none", stroke=INK, stroke_dasharray="2 2")
    marked = tier == "marked"
    shape = polygon(
        [(x - 10, y - 8), (x + 10, y - 8), (x, y + 11)],
        fill=INK if marked else "#ffffff",
        stroke=INK,
        stroke_width=1.4,
    )
    letter = text(
        (x, y + 2.5),
        "M" if marked else "P",
        text_anchor="middle",
        font_size=10,
        font_weight="bold",
        fill="#ffffff" if marked else INK,
    )
    return shape + letter


def _grid(frame: Frame) -> Iterator[str]:
    left, right, bottom = frame.across.left, frame.across.right, frame.upright.bottom
    for value in frame.upright.ticks():
        y = frame.upright.y(value)
        yield line((left, y), (right, y), stroke=FAINT)
        yield text((left - 8, y + 4), f"{value:g}", text_anchor="end", fill=GREY)
    yield line((left, bottom), (right, bottom), stroke=GREY)
    for x, words in frame.across.ticks():
        yield line((x, bottom), (x, bottom + 4), stroke=GREY)
        yield text((x, bottom + 17), words, text_anchor="middle", fill=GREY)


def _usual_ranges(trace: Trace, frame: Frame) -> Iterator[str]:
    """Yield the band in runs without a gap, and the next rating's range as an open bar."""
    run: list[tuple[float, Interval]] = []
    for point in trace.points:
        if run and (point.usual is None or point.after_gap or point.starts_anew):
            yield _band(run, frame)
            run = []
        if point.usual is not None:
            run.append((frame.across.x(frame.across.position(point)), point.usual))
    if run:
        yield _band(run, frame)
    if trace.usual_next is not None and trace.points and frame.across.by_session:
        yield _next_range(trace.points[-1], trace.usual_next, frame)


def _band(run: list[tuple[float, Interval]], frame: Frame) -> str:
    # A lone range, or the end of a run, still needs some width to be seen.
    (first_x, first), (last_x, last) = run[0], run[-1]
    wide = [(first_x - 5, first), *run, (last_x + 5, last)]
    upper = [(x, frame.upright.y(usual.high)) for x, usual in wide]
    lower = [(x, frame.upright.y(usual.low)) for x, usual in reversed(wide)]
    return polygon([*upper, *lower], fill=BAND, stroke=BAND_EDGE, stroke_width=0.8)


def _next_range(last: PicturePoint, usual: Interval, frame: Frame) -> str:
    x = frame.across.x(frame.across.position(last) + 1)
    high, low = frame.upright.y(usual.high), frame.upright.y(usual.low)
    bar = [(x - 6, high), (x + 6, high), (x + 6, low), (x - 6, low)]
    words = titled(f"usual range of the next rating: {span(usual.low, usual.high, 1)}")
    return polygon(bar, words, fill="#ffffff", stroke=BAND_EDGE, stroke_width=1.4, stroke_dasharray="3 2")


def _cut_off(panel: Panel, frame: Frame) -> Iterator[str]:
    if panel.cut_off is None:
        return
    y, right = frame.upright.y(panel.cut_off.value), frame.across.right
    yield line((frame.across.left, y), (right, y), stroke=GREY, stroke_width=1.2, stroke_dasharray="8 3 2 3")
    yield text((right + 6, y + 4), panel.cut_off.label, fill=GREY, font_size=11)


def _breaks(trace: Trace, frame: Frame) -> Iterator[str]:
    """Yield an upright line where something began anew, half a step before the point."""
    bottom, top = frame.upright.bottom, frame.upright.top
    for point in trace.points:
        if point.starts_anew:
            x = frame.across.x(frame.across.position(point) - 0.5)
            yield line((x, bottom), (x, top), stroke=GREY, stroke_dasharray="1 3", stroke_width=1.6)
            yield text((x + 4, bottom - 6), point.starts_anew, fill=GREY, font_size=11)


def _lines(trace: Trace, frame: Frame) -> Iterator[str]:
    colour, dash = COLOURS[trace.perspective], DASHES[trace.perspective]
    for run in _runs(trace):
        places = [frame.place(point) for point in run]
        yield polyline(places, stroke=colour, stroke_width=1.6, stroke_dasharray=dash)


def _gap_labels(panel: Panel, frame: Frame) -> Iterator[str]:
    """Yield one word for each gap that is wide enough, however many traces share it."""
    stretches = {
        (frame.place(earlier)[0], frame.place(later)[0])
        for trace in panel.traces
        for earlier, later in pairwise(trace.points)
        if later.after_gap and not later.starts_anew
    }
    for left, right in sorted(stretches):
        if right - left > _GAP_LABEL_WIDTH:
            middle = ((left + right) / 2, frame.upright.bottom - 6)
            yield text(middle, "gap", text_anchor="middle", fill=GREY, font_size=11, font_style="italic")


def _axis_start(panel: Panel, frame: Frame) -> Iterator[str]:
    """Yield a warning where the axis leaves out the lower part of the scale."""
    if frame.upright.low > panel.minimum:
        words = f"axis starts at {frame.upright.low:g}"
        place = (frame.across.right + 6, frame.upright.bottom + 4)
        yield text(place, words, fill=GREY, font_size=11)


def _runs(trace: Trace) -> list[list[PicturePoint]]:
    runs: list[list[PicturePoint]] = []
    for point in trace.points:
        if not runs or point.after_gap or point.starts_anew:
            runs.append([])
        runs[-1].append(point)
    return [run for run in runs if len(run) > 1]


def _points(panel: Panel, trace: Trace, frame: Frame) -> Iterator[str]:
    size = _BIG if len(trace.points) <= _CROWDED else _SMALL
    for point in trace.points:
        words = f"{trace.name}, {point.session_name}: {panel.told(point.value)}"
        if point.usual is not None:
            words += f"; usual range {span(point.usual.low, point.usual.high, panel.places)}"
        if point.tier is not None:
            words += f"; {point.tier}"
        yield point_marker(trace.perspective, frame.place(point), size, words)


def _signals(trace: Trace, frame: Frame) -> Iterator[str]:
    for point in trace.points:
        x, y = frame.place(point)
        if point.tier == "watch":
            yield signal_marker("watch", (x, y))
        elif point.tier is not None:
            yield line((x, frame.lane + 11), (x, y - 6), stroke=INK, stroke_dasharray="1 2")
            yield signal_marker(point.tier, (x, frame.lane))
