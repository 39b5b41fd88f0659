"""Python's search for garbage: rarer while many objects come and go, never among what stays."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Usual is after every 700 new objects: a request or a delivery makes thousands, nearly all of which go by
# themselves, and looking for the others took a quarter of a delivery's time.
_SELDOM = (20_000, 10, 10)
_RARELY = (200_000, 20, 100)
_lock = threading.Lock()
_usual: list[tuple[int, int, int]] = []


def leave_out_what_is_here() -> None:
    """Search no more among the objects that are there now, and seldom; call it once all that stays is made.

    Modules, models and routes are some 200,000 objects: a whole search took 0.13 s, and whoever asked
    just then waited for it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SELDOM)


# Hardly any objects of an import point at each other in a ring; looking for those took a seventh of its time.
# Some do, and so keep what is large: ``search_lately_made`` finds those.
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


def search_lately_made() -> None:
    """Search now among what was made since the last search: call it where little of that is still in use.

    The search begins by counting objects, not bytes: a few that keep a batch's texts could be hundreds of
    megabytes before there are enough of them.
    """
    gc.collect(1)
