"""What two writes come to that met in PostgreSQL: the one that lost is done again, from the beginning."""

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from service.errors import LostRace

_Asked = ParamSpec("_Asked")
_Given = TypeVar("_Given")

_MOST_TIMES = 6
_LONGEST_PAUSE_SECONDS = 0.05


def repeat_lost_races(flow: Callable[_Asked, _Given]) -> Callable[_Asked, _Given]:
    """Return a flow that is done again where it lost a race, at most six times.

    For flows that are one write transaction and change nothing else: the second time they see what the winner
    wrote, and answer accordingly. Raises ``LostRace`` where it is lost each time.
    """

    @wraps(flow)
    def repeated(*args: _Asked.args, **kwargs: _Asked.kwargs) -> _Given:
        for times in range(1, _MOST_TIMES):
            try:
                return flow(*args, **kwargs)
            except LostRace:
                # Two that met are kept from meeting again; nothing here is secret.
                time.sleep(random.uniform(0, _LONGEST_PAUSE_SECONDS * times))  # noqa: S311
        return flow(*args, **kwargs)

    return repeated
