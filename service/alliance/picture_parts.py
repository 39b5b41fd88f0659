"""A trend in parts, for a page: plots alone as SVG; titles, legend and notes as words that the page sets.

So they are read on a phone and on paper, where a whole picture would be too small or reach beyond the edge.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from service.alliance.axes import Across, lay_across
from service.alliance.described import describe_missed, describe_panel
from service.alliance.legend import explain_marks
from service.alliance.markers import INK
from service.alliance.panels import Panel, TrendPicture
from service.alliance.phrases import Phrases, phrases_in
from service.alliance.picture import FONTS, STRIP, name_axis
from service.alliance.plot import Layout, draw_missed, draw_panel, told_beside
from service.alliance.svg import NAMESPACE, element

_WIDE = Layout(width=720, left=32, right=710, header=4, plot=160, is_part=True)
# As wide as a phone's card, so that its letters are as large as they are given.
_NARROW = Layout(width=330, left=26, right=318, header=4, plot=100, is_part=True)
_AXIS = 24
_MARK_WIDTH, _MARK_HEIGHT = 24, 24


@dataclass(frozen=True, slots=True)
class PanelPart:
    """One measure: its title, what is to be known of its axis and lines, and its plot in two widths (SVG)."""

    title: str
    beside: tuple[str, ...]
    wide: str
    narrow: str


@dataclass(frozen=True, slots=True)
class ExplainedMark:
    """A mark of the plots (SVG) with what it means."""

    mark: str
    words: str


@dataclass(frozen=True, slots=True)
class PictureParts:
    """A picture in parts, in order; no panel: nothing was rated. ``language`` is that of every word."""

    language: str
    panels: tuple[PanelPart, ...]
    legend: tuple[ExplainedMark, ...]
    notes: tuple[str, ...]


def split_trend(picture: TrendPicture) -> PictureParts:
    """Return the parts of a picture. All texts in the SVG are escaped; those beside it are plain."""
    phrases = phrases_in(picture.language)
    across = _across(picture, _WIDE)
    return PictureParts(
        language=phrases.language,
        panels=tuple(_panels(picture, phrases)),
        legend=tuple(
            ExplainedMark(_mark(mark((_MARK_WIDTH / 2, _MARK_HEIGHT / 2 - 1))), words)
            for mark, words in explain_marks(picture, across, phrases)
        ),
        notes=picture.footnotes,
    )


def _across(picture: TrendPicture, layout: Layout) -> Across:
    return lay_across(picture.panels, layout.left, layout.right, [one.day for one in picture.missed])


def _panels(picture: TrendPicture, phrases: Phrases) -> Iterator[PanelPart]:
    for panel in picture.panels:
        yield PanelPart(
            title=panel.title,
            beside=tuple(told_beside(panel, phrases)),
            wide=_plot(picture, panel, _WIDE, phrases),
            narrow=_plot(picture, panel, _NARROW, phrases),
        )


def _plot(picture: TrendPicture, panel: Panel, layout: Layout, phrases: Phrases) -> str:
    """Return one panel's plot; the last has what belongs to all of them below it."""
    across, height = _across(picture, layout), layout.height_of(panel)
    told, drawn = [describe_panel(panel, phrases)], [draw_panel(panel, across, 0, layout, phrases)]
    if panel is picture.panels[-1]:
        told.append(describe_missed(picture, phrases))
        drawn += draw_missed(picture.missed, across, height + 6, layout, phrases)
        height += _AXIS + (STRIP if picture.missed else 0)
        drawn.append(name_axis(across, height - 10, phrases))
    return element(
        "svg",
        "\n".join(drawn),
        xmlns=NAMESPACE,
        role="img",
        aria_label=" ".join(one for one in told if one),
        viewBox=f"0 0 {layout.width:g} {height:g}",
        font_family=FONTS,
        font_size=12,
        fill=INK,
    )


def _mark(drawn: str) -> str:
    return element(
        "svg",
        drawn,
        xmlns=NAMESPACE,
        aria_hidden="true",
        viewBox=f"0 0 {_MARK_WIDTH} {_MARK_HEIGHT}",
        width=_MARK_WIDTH,
        height=_MARK_HEIGHT,
        font_family=FONTS,
        fill=INK,
    )
