"""The marks of a trend picture: a shape of its own for each perspective and each signal.

Shapes and letters carry every meaning; colour only repeats it.
"""

from service.alliance.svg import Place, element, group, line, polygon, text, titled

INK, GREY, FAINT, BAND, BAND_EDGE = "#222222", "#5f6670", "#d9dde2", "#dbe9f4", "#9dbfd8"
COLOURS = {"client": "#005a9c", "therapist": "#444444", "observer": "#6b5b95", "carer": "#1b7f79"}


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
