"""A trend as one SVG picture: readable in print, in grey, without colour vision, and by a screen reader.

Shapes and words carry every meaning; colour only repeats it, and no red is used. Several instruments stand
one below the other on a shared axis of attended sessions, or of dates where a session number is missing.
"""

from collections.abc import Iterator
from textwrap import wrap

from service.alliance.axes import Across, lay_across
from service.alliance.panels import CutOffLine, Panel, PicturePoint, Trace, TrendPicture
from service.alliance.plot import BAND, BAND_EDGE, GREY, HEIGHT, INK, draw_panel, point_marker, signal_marker
from service.alliance.svg import element, escape, polygon, text
from service.alliance.words import counted, span

__all__ = ["CutOffLine", "Panel", "PicturePoint", "Trace", "TrendPicture", "describe_picture", "draw_trend"]

WIDTH = 800
_LEFT, _RIGHT, _TOP = 52, 680, 44
_LEGEND_ROW, _NOTE_ROW, _NOTE_LENGTH = 24, 17, 118


def draw_trend(picture: TrendPicture) -> str:
    """Return the picture as a standalone SVG document, 800 wide and as tall as its panels and notes.

    The same picture gives the same bytes. All texts are escaped; nothing is loaded from elsewhere.
    """
    across = lay_across(picture.panels, _LEFT, _RIGHT)
    panels_end = _TOP + HEIGHT * len(picture.panels)
    axis_name = "attended session" if across.by_session else "date of the session"
    legend = list(_legend(picture, panels_end + 34, across))
    notes = [row for note in picture.footnotes for row in wrap(note, _NOTE_LENGTH)]
    notes_start = panels_end + 44 + _LEGEND_ROW * 2
    height = notes_start + _NOTE_ROW * len(notes) + 8
    parts = [
        element("title", escape(picture.title), id="trend-title"),
        element("desc", escape(describe_picture(picture)), id="trend-description"),
        element("rect", width=WIDTH, height=height, fill="#ffffff"),
        text((_LEFT, 26), picture.title, font_size=17, font_weight="bold"),
        *_panels(picture, across),
        text(((_LEFT + _RIGHT) / 2, panels_end + 6), axis_name, text_anchor="middle", fill=GREY),
        *legend,
        *(text((_LEFT, notes_start + _NOTE_ROW * row), words, fill=INK) for row, words in enumerate(notes)),
    ]
    return _document("\n".join(parts), height)


def describe_picture(picture: TrendPicture) -> str:
    """Return in words what the picture shows, for those who do not see it."""
    told = [_describe_trace(panel, trace) for panel in picture.panels for trace in panel.traces]
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


def _legend(picture: TrendPicture, top: float, across: Across) -> Iterator[str]:
    """Yield two rows that explain only what the picture holds: traces and ranges, then signals."""
    traces = {trace.name: trace for panel in picture.panels for trace in panel.traces if trace.points}
    points = [point for panel in picture.panels for point in panel.points]
    x = float(_LEFT)
    for name, trace in traces.items():
        yield point_marker(trace.perspective, (x + 6, top), 4.5)
        yield text((x + 18, top + 4), name)
        x += 34 + 7 * len(name)
    if any(point.usual for point in points):
        corners = [(x, top - 6), (x + 18, top - 6), (x + 18, top + 6), (x, top + 6)]
        yield polygon(corners, fill=BAND, stroke=BAND_EDGE)
        dashed = " (dashed: of the next rating)" if across.by_session else ""
        yield text((x + 26, top + 4), f"usual range, from earlier ratings{dashed}")
    x = float(_LEFT)
    words = {
        "watch": "watch, chart only",
        "possible": "possible strain",
        "marked": "marked dip, possible strain",
    }
    for tier, meaning in words.items():
        if any(point.tier == tier for point in points):
            yield signal_marker(tier, (x + 10, top + _LEGEND_ROW))
            yield text((x + 26, top + _LEGEND_ROW + 4), meaning)
            x += 44 + 7 * len(meaning)
