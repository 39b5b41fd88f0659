"""Numbers and counts as people read them."""

_MINUS = "\N{MINUS SIGN}"
_TO = "\N{EN DASH}"


def number(value: float, places: int) -> str:
    """Return a number with fixed places and a true minus sign, never a negative zero."""
    text = f"{value:.{places}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", _MINUS)


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, the plural made by an s: ``(1, rating) -> 1 rating``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def span(low: float, high: float, places: int) -> str:
    """Return a range, its ends rounded and joined by an en dash."""
    return f"{number(low, places)}{_TO}{number(high, places)}"
