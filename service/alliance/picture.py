"""A trend as one SVG picture: readable in print, in grey, without colour vision, and by a screen reader.

Shapes and words carry every meaning; colour only repeats it, and no red is used. Several instruments stand
one below the other on a shared axis of attended sessions, or of dates where a session number is missing.
"""

from collections.abc import Iterator
from textwrap import wrap

from service.alliance.axes import Across, lay_across
from service.alliance.described import describe_picture
from service.alliance.legend import explain_marks
from service.alliance.markers import GREY, INK
from service.alliance.panels import TrendPicture
from service.alliance.phrases import Phrases, phrases_in
from service.alliance.plot import Layout, draw_missed, draw_panel
from service.alliance.svg import NAMESPACE, element, escape, text

FONTS = "Helvetica, Arial, sans-serif"
STRIP = 26
_WHOLE = Layout(width=800, left=52, right=680, header=26, plot=168)
_TOP = 44
_LEGEND_ROW, _NOTE_ROW, _NOTE_LENGTH = 24, 15, 118
# A letter of 12 pixels in a wide sans serif: what a legend's words need at most.
_LETTER = 7.2


def draw_trend(picture: TrendPicture) -> str:
    """Return the picture as a standalone SVG document, 800 wide and as tall as its panels and notes.

    The same picture gives the same bytes. All texts are escaped; nothing is loaded from elsewhere.
    """
    phrases = phrases_in(picture.language)
    across = lay_across(picture.panels, _WHOLE.left, _WHOLE.right, [one.day for one in picture.missed])
    strip = _TOP + _WHOLE.height * len(picture.panels) + 6
    axis_at = strip + (STRIP if picture.missed else 0)
    legend, legend_end = _lay_legend(picture, axis_at + 28, across, phrases)
    notes = [row for note in picture.footnotes for row in wrap(note, _NOTE_LENGTH)]
    notes_start = legend_end + _LEGEND_ROW + 8
    height = notes_start + _NOTE_ROW * len(notes) + 8
    parts = [
        element("title", escape(picture.title), id="trend-title"),
        element("desc", escape(describe_picture(picture)), id="trend-description"),
        element("rect", width=_WHOLE.width, height=height, fill="#ffffff"),
        text((_WHOLE.left, 26), picture.title, font_size=17, font_weight="bold"),
        *_panels(picture, across, phrases),
        *draw_missed(picture.missed, across, strip, _WHOLE, phrases),
        name_axis(across, axis_at, phrases),
        *legend,
        *(
            text((_WHOLE.left, notes_start + _NOTE_ROW * row), words, fill=INK, font_size=11)
            for row, words in enumerate(notes)
        ),
    ]
    return _document("\n".join(parts), height, phrases.language)


def name_axis(across: Across, y: float, phrases: Phrases) -> str:
    """Return what is counted along the axis, as SVG below its middle."""
    words = phrases.say("picture", "by_session" if across.by_session else "by_date")
    return text(((across.left + across.right) / 2, y), words, text_anchor="middle", fill=GREY)


def _document(content: str, height: float, language: str) -> str:
    width = _WHOLE.width
    return (
        f'<svg xmlns="{NAMESPACE}" role="img" lang="{language}" '
        f'viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" aria-labelledby="trend-title trend-description" '
        f'font-family="{FONTS}" font-size="12" fill="{INK}">\n{content}\n</svg>\n'
    )


def _panels(picture: TrendPicture, across: Across, phrases: Phrases) -> Iterator[str]:
    for place, panel in enumerate(picture.panels):
        yield draw_panel(panel, across, _TOP + _WHOLE.height * place, _WHOLE, phrases)


def _lay_legend(
    picture: TrendPicture, top: float, across: Across, phrases: Phrases
) -> tuple[list[str], float]:
    """Return what explains the picture's marks, in as many rows as they need, and where the last row is."""
    x, y = _WHOLE.left, top
    parts = []
    for mark, words in explain_marks(picture, across, phrases):
        width = 34 + _LETTER * len(words)
        if x > _WHOLE.left and x + width > _WHOLE.width - 16:
            x, y = _WHOLE.left, y + _LEGEND_ROW
        parts += [mark((x + 10, y)), text((x + 26, y + 4), words)]
        x += width + 12
    return parts, y
