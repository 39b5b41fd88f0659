"""Instants: UTC text of fixed width that sorts as it happened, and the clock that gives them."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def as_instant(moment: datetime) -> str:
    """Return a moment as stored: ``2026-03-02T09:50:00.000000Z``. The moment must have a zone."""
    # Three times as fast as strftime, and every row is written with several.
    return f"{moment.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"


def to_millisecond(moment: datetime) -> datetime:
    """Return the last whole millisecond that is not after a moment."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def from_instant(text: str) -> datetime:
    """Return the moment that ``as_instant`` wrote."""
    return datetime.fromisoformat(text)
