"""Whether a rating moved by more than its measurement error: reliable change.

Source: Jacobson & Truax 1991, J Consult Clin Psychol 59:12-19. A change counts where it is at least
``change_z`` · √2 · SEM points; below that the two ratings cannot be told apart.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

from service.alliance.coverage import SeriesPoint
from service.alliance.norms import Norm
from service.alliance.parameters import Parameters

Verdict = Literal["better", "same", "worse"]


@dataclass(frozen=True, slots=True)
class Change:
    """The change from one rating to another (by their keys), in the scale's points.

    ``points`` is above 0 for a rise; ``needed`` is the least that is told apart from measurement error.
    ``same`` says only that it is less than that. ``reliability`` (0 to 1), ``sem`` and ``basis`` are the
    norm's: other figures in the literature give other limits.
    """

    earlier: str
    later: str
    points: float
    needed: float
    verdict: Verdict
    reliability: float
    sem: float
    basis: str


def judge_change(
    earlier: SeriesPoint, later: SeriesPoint, norm: Norm | None, parameters: Parameters
) -> Change | None:
    """Return the change between two ratings on the norm's scale, or None without a norm or a value."""
    if norm is None or earlier.value is None or later.value is None:
        return None
    points, needed = later.value - earlier.value, parameters.change_z * sqrt(2) * norm.sem
    return Change(
        earlier=earlier.key,
        later=later.key,
        points=points,
        needed=needed,
        verdict=_verdict(points, needed),
        reliability=norm.alpha,
        sem=norm.sem,
        basis=norm.sem_basis,
    )


def _verdict(points: float, needed: float) -> Verdict:
    if abs(points) < needed:
        return "same"
    return "better" if points > 0 else "worse"
