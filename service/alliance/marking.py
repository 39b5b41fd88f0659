"""From which rating on a named rule marks, in points of the scale: what alerts say of all but the default.

The default has a usual range. Every other rule compares a rating with what was before it in its own way; what
all have in common is a limit on the scale, which follows from the rule's own formula.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor
from typing import Final

from service.alliance.baseline import judge_ratings
from service.alliance.norms import Norm
from service.alliance.parameters import Parameters
from service.alliance.rules import DEFAULT_RULE, ONLINE_RULES, Earlier, Rule, Session, join, say

# Floats: a limit of 32 must not be told as 31.9.
_ROUNDING: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Marking:
    """The rule marks a rating of ``limit`` and less; ``mean`` and ``last`` are of the ratings before."""

    rule: str
    limit: float
    mean: float
    last: float

    def limit_in(self, places: int) -> float:
        """Return the highest mark of so many decimal places that the rule marks: never rounded up."""
        scale = 10.0**places
        return floor(self.limit * scale + _ROUNDING) / scale


def marking_of(name: str, values: Sequence[float], norm: Norm, parameters: Parameters) -> Marking | None:
    """Return where a rule's limit lay at the last of these ratings of one series, in therapy order.

    None for the default rule, and where the rule did not mark that rating. Raises ``KeyError`` for a name
    that is not in ``ONLINE_RULES``.
    """
    if name == DEFAULT_RULE:
        return None
    rule, earlier = ONLINE_RULES[name], Earlier()
    judgements = judge_ratings(values, norm, parameters)
    *before, here = [Session(value, one) for value, one in zip(values, judgements, strict=True)]
    for session in before:
        earlier = join(earlier, session, norm, parameters)
    if not say(rule, here, earlier, norm, parameters).fired:
        return None
    limit = _limit(rule, here, earlier, norm, parameters)
    return Marking(name, limit, norm.mean + earlier.mean, norm.mean + earlier.last)


def _limit(rule: Rule, here: Session, earlier: Earlier, norm: Norm, parameters: Parameters) -> float:
    """Return the value that scores the rule's limit: below it every rule's score is a line in the value."""
    lower = replace(here, value=here.value - 1)
    score, below = (say(rule, one, earlier, norm, parameters).score or 0.0 for one in (here, lower))
    return here.value + (score - rule.limit(parameters)) / (below - score)
