"""Draws one panel: usual range, check-in line, ratings, gaps, signals, open alerts and repairs.

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
_GAP_LABEL_WIDTH, _MOST_GAP_LABELS = 26, 2
_MARKER_WIDTH, _SMALL_MARKER = 21, 0.55
_LETTER_WIDTH, _ROW = 7, 13


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
    if panel.remark:
        parts.append(text((across.right, top + 16), panel.remark, fill=GREY, font_size=11, text_anchor="end"))
    for trace in panel.traces:
        parts += _usual_ranges(trace, frame)
    parts += _grid(frame)
    parts += _cut_off(panel, frame)
    parts += _gap_labels(panel, frame)
    parts += _open_alert(panel, frame)
    parts += _axis_start(panel, frame)
    for trace in panel.traces:
        parts += _breaks(trace, frame)
        parts += _lines(trace, frame)
        parts += _points(panel, trace, frame)
        parts += _signals(trace, frame)
    parts += _repairs(panel, frame)
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
    # Open, so that another rater's mark of the same score is seen through it.
    return polygon(places, content, fill="#ffffff", fill_opacity=0, stroke=colour, stroke_width=1.6)


def signal_marker(tier: str, place: Place, size: float = 1) -> str:
    """Return the marker of a signal: a ring for a watch, an open P or a filled M pointing down.

    A small one (``size`` below 1) has no letter: filled is marked.
    """
    x, y = place
    if tier == "watch":
        return element("circle", cx=x, cy=y, r=8 * size, fill="none", stroke=INK, stroke_dasharray="2 2")
    marked = tier == "marked"
    corners = [(x - 10 * size, y - 8 * size), (x + 10 * size, y - 8 * size), (x, y + 11 * size)]
    shape = polygon(corners, fill=INK if marked else "#ffffff", stroke=INK, stroke_width=1.4)
    return shape if size < 1 else shape + _letter(place, "M" if marked else "P", "#ffffff" if marked else INK)


def repair_marker(place: Place, words: str = "") -> str:
    """Return the marker of a repair that a person recorded: an R in a box."""
    x, y = place
    corners = [(x - 8, y - 8), (x + 8, y - 8), (x + 8, y + 8), (x - 8, y + 8)]
    content = titled(words) if words else ""
    return polygon(corners, content, fill="#ffffff", stroke=INK, stroke_width=1.4) + _letter(
        (x, y + 1), "R", INK
    )


def missed_marker(place: Place, *, cancelled_late: bool, words: str = "") -> str:
    """Return the marker of an appointment not attended: a cross, or a stroke where it was cancelled late."""
    x, y = place
    strokes = [line((x - 4, y + 4), (x + 4, y - 4), stroke=INK, stroke_width=1.6)]
    if not cancelled_late:
        strokes.append(line((x - 4, y - 4), (x + 4, y + 4), stroke=INK, stroke_width=1.6))
    return group([*([titled(words)] if words else []), *strokes])


def _letter(place: Place, letter: str, fill: str) -> str:
    x, y = place
    return text((x, y + 2.5), letter, text_anchor="middle", font_size=10, font_weight="bold", fill=fill)


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
    start, end = max(frame.across.left, first_x - 5), min(frame.across.right, last_x + 5)
    wide = [(start, first), *run, (end, last)]
    upper = [(x, frame.upright.y(usual.high)) for x, usual in wide]
    lower = [(x, frame.upright.y(usual.low)) for x, usual in reversed(wide)]
    return polygon([*upper, *lower], fill=BAND, stroke=BAND_EDGE, stroke_width=0.8)


def _next_range(last: PicturePoint, usual: Interval, frame: Frame) -> str:
    x = frame.across.x(frame.across.position(last) + 1)
    high, low = frame.upright.y(usual.high), frame.upright.y(usual.low)
    start, end = x - 6, min(frame.across.right, x + 6)
    bar = [(start, high), (end, high), (end, low), (start, low)]
    words = titled(f"usual range of the next rating: {span(usual.low, usual.high, 1)}")
    return polygon(bar, words, fill="#ffffff", stroke=BAND_EDGE, stroke_width=1.4, stroke_dasharray="3 2")


def _cut_off(panel: Panel, frame: Frame) -> Iterator[str]:
    if panel.cut_off is None:
        return
    y, right = frame.upright.y(panel.cut_off.value), frame.across.right
    yield line((frame.across.left, y), (right, y), stroke=GREY, stroke_width=1.2, stroke_dasharray="8 3 2 3")
    yield text((right + 6, y + 4), panel.cut_off.label, fill=GREY, font_size=11)


def _open_alert(panel: Panel, frame: Frame) -> Iterator[str]:
    """Yield a bar from the session that opened the alert to the end, or to where a new therapist began."""
    opened = panel.open_since
    if opened is None:
        return
    start, right = frame.place(opened)[0], frame.across.right
    breaks = [
        _break_x(point, trace, frame)
        for trace in panel.traces
        for point in trace.points
        if point.starts_anew and point.session_date > opened.session_date
    ]
    end = min([right, *breaks])
    words = titled(f"alert open since {opened.session_name}")
    corners = [(start, frame.lane - 1.5), (end, frame.lane - 1.5), (end, frame.lane + 1.5)]
    yield polygon([*corners, (start, frame.lane + 1.5)], words, fill=GREY)
    if end == right:
        yield text((right + 6, frame.lane + 4), "alert open", fill=INK, font_size=11)


def _repairs(panel: Panel, frame: Frame) -> Iterator[str]:
    taken = [frame.place(point)[0] for point in panel.points if point.tier not in (None, "watch")]
    for day in panel.repairs:
        x = frame.across.x(frame.across.at(day))
        # Beside a signal of the same session, not upon it.
        x += 22 if any(abs(x - other) < _MARKER_WIDTH for other in taken) else 0
        yield repair_marker((x, frame.lane), f"repair recorded by a person, {day.isoformat()}")


def _breaks(trace: Trace, frame: Frame) -> Iterator[str]:
    """Yield an upright line where something began anew, and its words above it where there is room."""
    signals = [frame.place(point)[0] for point in trace.points if point.tier not in (None, "watch")]
    told_up_to = frame.across.left
    for point in trace.points:
        if not point.starts_anew:
            continue
        x, width = _break_x(point, trace, frame), len(point.starts_anew) * _LETTER_WIDTH
        yield line(
            (x, frame.upright.bottom),
            (x, frame.lane - 8),
            stroke=GREY,
            stroke_dasharray="1 3",
            stroke_width=1.6,
        )
        on_left = x + width > frame.across.right
        start = x - width - 4 if on_left else x + 4
        if start >= told_up_to and not any(start - 10 < other < start + width + 10 for other in signals):
            yield text((start, frame.lane + 4), point.starts_anew, fill=GREY, font_size=11)
            told_up_to = start + width


def _break_x(point: PicturePoint, trace: Trace, frame: Frame) -> float:
    """Return the pixel halfway between a point and the one before it, at most half a session before it."""
    own, before = frame.place(point)[0], trace.points[trace.points.index(point) - 1]
    if frame.across.by_session:
        return frame.across.x(frame.across.position(point) - 0.5)
    return (own + frame.place(before)[0]) / 2


def _lines(trace: Trace, frame: Frame) -> Iterator[str]:
    colour, dash = COLOURS[trace.perspective], DASHES[trace.perspective]
    for run in _runs(trace):
        places = [frame.place(point) for point in run]
        yield polyline(places, stroke=colour, stroke_width=1.6, stroke_dasharray=dash)
    for earlier, later in pairwise(trace.points):
        if later.after_gap and not later.starts_anew:
            ends = frame.place(earlier), frame.place(later)
            yield line(*ends, stroke=colour, stroke_width=1, stroke_dasharray="1 4")


def _gap_labels(panel: Panel, frame: Frame) -> Iterator[str]:
    """Yield one word for each gap that is wide enough, however many traces share it.

    Where gaps are the rule, as with a form that is given now and then, the broken line says enough.
    """
    stretches = {
        (frame.place(earlier)[0], frame.place(later)[0])
        for trace in panel.traces
        for earlier, later in pairwise(trace.points)
        if later.after_gap and not later.starts_anew
    }
    if len(stretches) > _MOST_GAP_LABELS:
        return
    for left, right in sorted(stretches):
        if right - left > _GAP_LABEL_WIDTH:
            middle = ((left + right) / 2, frame.upright.bottom - 6)
            yield text(middle, "gap", text_anchor="middle", fill=GREY, font_size=11, font_style="italic")


def _axis_start(panel: Panel, frame: Frame) -> Iterator[str]:
    """Yield a warning where the axis leaves out the lower part of the scale."""
    if frame.upright.low > panel.minimum:
        words = f"axis starts at {frame.upright.low:g}"
        y = frame.upright.bottom + 4
        if panel.cut_off is not None and abs(frame.upright.y(panel.cut_off.value) + 4 - y) < _ROW:
            y += _ROW
        place = (frame.across.right + 6, y)
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
    """Yield the signals; all are small where two of them would lie upon each other."""
    found = [point for point in trace.points if point.tier not in (None, "watch")]
    places = [frame.place(point)[0] for point in found]
    close = any(later - earlier < _MARKER_WIDTH for earlier, later in pairwise(places))
    size = _SMALL_MARKER if close else 1
    for point in trace.points:
        x, y = frame.place(point)
        if point.tier == "watch":
            yield signal_marker("watch", (x, y), _SMALL_MARKER if len(trace.points) > _CROWDED else 1)
        elif point.tier is not None:
            yield line((x, frame.lane + 11 * size), (x, y - 6), stroke=INK, stroke_dasharray="1 2")
            yield signal_marker(point.tier, (x, frame.lane), size)
