"""Python's search for garbage, made rarer while many short-lived objects come and go.

Hardly any of the objects of an import point at each other in a ring; looking for those took a seventh of it.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_RARELY = (50_000, 20, 100)
_lock = threading.Lock()
_usual: list[tuple[int, int, int]] = []


@contextmanager
def rarely_searched() -> Iterator[None]:
    """Let the search begin rarely until the last of all such blocks, in whatever threads, has ended."""
    with _lock:
        _usual.append(gc.get_threshold())
        gc.set_threshold(*_RARELY)
    try:
        yield
    finally:
        with _lock:
            before = _usual.pop()
            if not _usual:
                gc.set_threshold(*before)
