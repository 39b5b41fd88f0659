"""Waiting for something that another process does, with a limit and a sentence for when it does not come."""

import time
from collections.abc import Callable


class GaveUp(Exception):
    """What was waited for did not come in time; the sentence says what that was."""


def wait_until(holds: Callable[[], object], *, seconds: float, what: str, every: float = 0.2) -> None:
    """Return once ``holds()`` is true. Raises ``GaveUp`` naming ``what`` after so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise GaveUp(f"after {seconds:.0f} s still waiting for {what}")
        time.sleep(every)
