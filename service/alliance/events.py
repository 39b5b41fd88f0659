"""What happens in a dyad, as following it takes it: ratings, reports, and what people settled."""

from dataclasses import dataclass
from typing import Literal

from service.alliance.baseline import Judgement

Severity = Literal["possible", "marked"]
Word = Literal["resolved", "dismissed"]


@dataclass(frozen=True, slots=True)
class Rated:
    """One rating of a dyad with its judgement; ``key`` is unique in the dyad and names it for the caller.

    ``series`` is the instrument and rater it belongs to; ``value`` is in that instrument's points;
    ``historical`` says that it arrived too long after its session to be news. ``place`` is where it stands in
    the therapy, as text that sorts; '' where nobody's word is asked about.
    """

    key: str
    series: str
    value: float
    judgement: Judgement
    historical: bool = False
    place: str = ""

    @property
    def signal(self) -> Severity | None:
        """Return the tier where it is one that may raise an alert; a watch is for the chart only."""
        tier = self.judgement.tier
        return None if tier == "watch" else tier


@dataclass(frozen=True, slots=True)
class Reported:
    """What a person said on a form about strain in one session; ``key``, ``series``, … as of a ``Rated``.

    ``signal`` is how strong a strain they report, None where they report none; ``resolved`` that they give
    what was before as resolved.
    """

    key: str
    series: str
    signal: Severity | None
    resolved: bool
    historical: bool = False
    place: str = ""


Event = Rated | Reported


@dataclass(frozen=True, slots=True)
class Settlement:
    """A person's last word about an episode: the one that rests on any of these ratings (keys).

    It counts for ratings that come ``after`` this place in the therapy.
    """

    word: Word
    evidence: frozenset[str]
    after: str
