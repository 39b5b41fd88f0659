"""The few SVG elements that a trend picture needs, as text; every text and attribute is escaped."""

from collections.abc import Iterable
from html import escape as escape_html

Place = tuple[float, float]
NAMESPACE = "http://www.w3.org/2000/svg"


def escape(text: str) -> str:
    """Return text safe inside XML elements and attributes; characters XML forbids are left out."""
    return escape_html("".join(character for character in text if _allowed(character)))


def element(name: str, content: str = "", /, **attributes: float | str) -> str:
    """Return one element; ``content`` is SVG already, attribute names take ``_`` for ``-``.

    Numbers are rounded to two places.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_written(value)}"' for key, value in attributes.items()
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def text(place: Place, words: str, **attributes: float | str) -> str:
    """Return a text at a place, escaped."""
    return element("text", escape(words), x=place[0], y=place[1], **attributes)


def line(start: Place, end: Place, **attributes: float | str) -> str:
    """Return a straight line."""
    return element("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], **attributes)


def polyline(places: Iterable[Place], **attributes: float | str) -> str:
    """Return an open run of lines."""
    return element("polyline", points=_places(places), fill="none", **attributes)


def polygon(places: Iterable[Place], content: str = "", /, **attributes: float | str) -> str:
    """Return a closed shape."""
    return element("polygon", content, points=_places(places), **attributes)


def group(parts: Iterable[str], **attributes: float | str) -> str:
    """Return the parts together, one a line."""
    return element("g", "\n".join(("", *parts, "")), **attributes)


def titled(words: str) -> str:
    """Return the title that a pointer shows when it rests on the element around it."""
    return element("title", escape(words))


def _places(places: Iterable[Place]) -> str:
    return " ".join(f"{_written(x)},{_written(y)}" for x, y in places)


def _written(value: float | str) -> str:
    return escape(value) if isinstance(value, str) else f"{round(value, 2):g}"


def _allowed(character: str) -> bool:
    # https://www.w3.org/TR/xml/#charsets
    if character < " ":
        return character in "\t\n\r"
    return not ("\ud800" <= character <= "\udfff" or character in "\ufffe\uffff")
