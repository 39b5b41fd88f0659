"""Draws one panel: usual range, check-in line, ratings, gaps, signals, open alerts and repairs.

The look is chosen for print and for eyes that see no colour: each perspective has a shape of its own, each
signal a shape and a letter. Blue and greys only.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from service.alliance.axes import Across, Upright, lay_upright
from service.alliance.baseline import Interval
from service.alliance.markers import (
    BAND,
    BAND_EDGE,
    COLOURS,
    FAINT,
    GREY,
    INK,
    missed_marker,
    point_marker,
    repair_marker,
    signal_marker,
)
from service.alliance.panels import MissedAppointment, Panel, PicturePoint, Trace
from service.alliance.phrases import Phrases
from service.alliance.svg import Place, group, line, polygon, polyline, text, titled
from service.alliance.words import span

DASHES = {"client": "none", "therapist": "6 3", "observer": "2 3", "carer": "8 3 2 3"}
LANE, FOOT, _NO_LANE = 26, 30, 4
# Pixels for each rating, below which its mark is a small one.
_BIG, _SMALL, _CROWDED = 4.5, 2.5, 10
_GAP_LABEL_WIDTH, _MOST_GAP_LABELS = 26, 2
_MARKER_WIDTH, _SMALL_MARKER = 21, 0.55
_LETTER_WIDTH, _ROW = 7, 13


@dataclass(frozen=True, slots=True)
class Layout:
    """The pixels of a picture: its width, where its axes begin and end, a title's and a plot's height.

    ``is_part``: what would stand above the plot and right of it is told in words beside the picture.
    """

    width: float
    left: float
    right: float
    header: float
    plot: float
    is_part: bool = False

    @property
    def height(self) -> float:
        """Return the height of one panel with a signal lane."""
        return self.header + LANE + self.plot + FOOT

    def height_of(self, panel: Panel) -> float:
        """Return the height of a panel; a part without signals has no lane for them."""
        return self.height - LANE + self.lane_of(panel)

    def lane_of(self, panel: Panel) -> float:
        """Return the height of a panel's signal lane."""
        marked = any(point.tier or point.starts_anew for point in panel.points)
        is_used = marked or panel.open_since is not None or panel.repairs
        return LANE if is_used or not self.is_part else _NO_LANE


@dataclass(frozen=True, slots=True)
class Frame:
    """Where one panel lies: its axes, the pixel row of its signal lane; and the language of its words."""

    across: Across
    upright: Upright
    lane: float
    layout: Layout
    phrases: Phrases

    def place(self, point: PicturePoint) -> Place:
        """Return the pixel of a rating."""
        return self.across.x(self.across.position(point)), self.upright.y(point.value)


def draw_panel(panel: Panel, across: Across, top: float, layout: Layout, phrases: Phrases) -> str:
    """Return one panel as an SVG group whose upper edge is at ``top``."""
    plot_top = top + layout.header + layout.lane_of(panel)
    upright = lay_upright(panel, plot_top + layout.plot, plot_top)
    frame = Frame(across, upright, plot_top - LANE / 2 - 2, layout, phrases)
    parts = [] if layout.is_part else [*_heading(panel, across, top)]
    for trace in panel.traces:
        parts += _usual_ranges(trace, frame)
    parts += _grid(frame)
    parts += _cut_off(panel, frame)
    parts += _gap_labels(panel, frame)
    parts += _open_alert(panel, frame)
    if not layout.is_part:
        parts += _axis_start(panel, frame)
    for trace in panel.traces:
        parts += _breaks(trace, frame)
        parts += _lines(trace, frame)
        parts += _points(panel, trace, frame)
        parts += _signals(trace, frame)
    parts += _repairs(panel, frame)
    if not panel.points:
        middle = ((across.left + across.right) / 2, plot_top + layout.plot / 2)
        parts.append(text(middle, phrases.say("picture", "nothing"), text_anchor="middle", fill=GREY))
    return group(parts)


def draw_missed(
    missed: Sequence[MissedAppointment], across: Across, y: float, layout: Layout, phrases: Phrases
) -> Iterator[str]:
    """Yield one strip for all panels: the appointments that the client did not come to."""
    if not missed:
        return
    yield line((across.left, y), (across.right, y), stroke=FAINT)
    if not layout.is_part:
        words = phrases.say("picture", "not_attended")
        yield text((across.right + 6, y + 4), words, fill=GREY, font_size=11)
    positions = Counter(across.at(one.day) for one in missed)
    seen: Counter[float] = Counter()
    for one in missed:
        position = across.at(one.day)
        seen[position] += 1
        # Between two sessions, side by side where there are several.
        after = seen[position] / (positions[position] + 1) if across.by_session else 0
        place = (across.x(position + after), y)
        words = phrases.say("pointed", "late" if one.cancelled_late else "missed", day=one.day.isoformat())
        yield missed_marker(place, cancelled_late=one.cancelled_late, words=words)


def told_beside(panel: Panel, phrases: Phrases) -> list[str]:
    """Return what a whole picture writes beside a panel's title and right of its axis, in words."""
    low = lay_upright(panel, 1, 0).low
    told = [panel.remark, "" if panel.cut_off is None else panel.cut_off.label]
    told.append(_axis_words(low, phrases) if low > panel.minimum else "")
    return [one for one in told if one]


def _heading(panel: Panel, across: Across, top: float) -> Iterator[str]:
    yield text((across.left, top + 16), panel.title, font_weight="bold", font_size=14)
    if panel.remark:
        yield text((across.right, top + 16), panel.remark, fill=GREY, font_size=11, text_anchor="end")


def _axis_words(low: float, phrases: Phrases) -> str:
    return phrases.say("picture", "axis_starts", value=f"{low:g}")


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
    told = span(usual.low, usual.high, 1)
    words = titled(frame.phrases.say("pointed", "usual_next", usual=told))
    return polygon(bar, words, fill="#ffffff", stroke=BAND_EDGE, stroke_width=1.4, stroke_dasharray="3 2")


def _cut_off(panel: Panel, frame: Frame) -> Iterator[str]:
    if panel.cut_off is None:
        return
    y, right = frame.upright.y(panel.cut_off.value), frame.across.right
    yield line((frame.across.left, y), (right, y), stroke=GREY, stroke_width=1.2, stroke_dasharray="8 3 2 3")
    if not frame.layout.is_part:
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
    since = frame.phrases.short_session(opened.session)
    words = titled(frame.phrases.say("pointed", "alert_open", session=since))
    corners = [(start, frame.lane - 1.5), (end, frame.lane - 1.5), (end, frame.lane + 1.5)]
    yield polygon([*corners, (start, frame.lane + 1.5)], words, fill=GREY)
    if end == right and not frame.layout.is_part:
        told = frame.phrases.say("picture", "alert_open")
        yield text((right + 6, frame.lane + 4), told, fill=INK, font_size=11)


def _repairs(panel: Panel, frame: Frame) -> Iterator[str]:
    taken = [frame.place(point)[0] for point in panel.points if point.tier not in (None, "watch")]
    for day in panel.repairs:
        x = frame.across.x(frame.across.at(day))
        # Beside a signal of the same session, not upon it.
        x += 22 if any(abs(x - other) < _MARKER_WIDTH for other in taken) else 0
        words = frame.phrases.say("pointed", "repair", day=day.isoformat())
        yield repair_marker((x, frame.lane), words)


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
            words = frame.phrases.say("picture", "gap")
            yield text(middle, words, text_anchor="middle", fill=GREY, font_size=11, font_style="italic")


def _axis_start(panel: Panel, frame: Frame) -> Iterator[str]:
    """Yield a warning where the axis leaves out the lower part of the scale."""
    if frame.upright.low > panel.minimum:
        words = _axis_words(frame.upright.low, frame.phrases)
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
    size = _SMALL if _is_crowded(trace, frame) else _BIG
    for point in trace.points:
        words = _point_words(panel, trace, point, frame.phrases)
        yield point_marker(trace.perspective, frame.place(point), size, words)


def _point_words(panel: Panel, trace: Trace, point: PicturePoint, phrases: Phrases) -> str:
    session, value = phrases.short_session(point.session), panel.told(point.value)
    words = [phrases.say("pointed", "score", rater=trace.name, session=session, value=value)]
    if point.usual is not None:
        usual = span(point.usual.low, point.usual.high, panel.places)
        words.append(phrases.say("pointed", "usual", usual=usual))
    if point.tier is not None:
        words.append(phrases.say("picture", point.tier))
    return "; ".join(words)


def _is_crowded(trace: Trace, frame: Frame) -> bool:
    return len(trace.points) * _CROWDED > frame.across.right - frame.across.left


def _signals(trace: Trace, frame: Frame) -> Iterator[str]:
    """Yield the signals; all are small where two of them would lie upon each other."""
    found = [point for point in trace.points if point.tier not in (None, "watch")]
    places = [frame.place(point)[0] for point in found]
    close = any(later - earlier < _MARKER_WIDTH for earlier, later in pairwise(places))
    size = _SMALL_MARKER if close else 1
    for point in trace.points:
        x, y = frame.place(point)
        if point.tier == "watch":
            yield signal_marker("watch", (x, y), _SMALL_MARKER if _is_crowded(trace, frame) else 1)
        elif point.tier is not None:
            yield line((x, frame.lane + 11 * size), (x, y - 6), stroke=INK, stroke_dasharray="1 2")
            yield signal_marker(point.tier, (x, frame.lane), size)
