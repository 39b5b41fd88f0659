"""How long the work for one request may go on: kept with the request, asked by whoever would wait for long.

A context variable, since the work wanders between the event loop and threads; what nobody limited, as the
worker's own work, has no end.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_UNLIMITED = float("inf")
_ends_at: ContextVar[float] = ContextVar("ends_at", default=_UNLIMITED)


@contextmanager
def limited_to(seconds: float) -> Iterator[None]:
    """Limit what the block does; inside another limit the earlier end holds."""
    token = _ends_at.set(min(_ends_at.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _ends_at.reset(token)


@contextmanager
def unlimited() -> Iterator[None]:
    """Let the block take its time: what it does is not for one request alone."""
    token = _ends_at.set(_UNLIMITED)
    try:
        yield
    finally:
        _ends_at.reset(token)


def seconds_left() -> float | None:
    """Return what is left, 0 where nothing is; None without a limit."""
    ends_at = _ends_at.get()
    return None if ends_at == _UNLIMITED else max(0.0, ends_at - time.monotonic())


def is_over() -> bool:
    """Tell whether nothing is left."""
    return time.monotonic() > _ends_at.get()
