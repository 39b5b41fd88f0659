"""What other rules say of a series beside the one that raises alerts: for comparison, never an alert."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.alliance.baseline import judge_ratings
from service.alliance.criteria import CRITERIA, look_back
from service.alliance.norms import Norm
from service.alliance.parameters import Parameters
from service.alliance.rules import ONLINE_RULES, Session, follow_series
from service.flows.hear_beside import HeardRating

COMPARABLE = (*ONLINE_RULES, *CRITERIA)


@dataclass(frozen=True, slots=True)
class FoundDip:
    """A fall that a criterion found looking back, by response ids; ``returned`` None: not in its window."""

    criterion: str
    fell: str
    returned: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the asked rules say of one series: which of them fired at a response, and the dips found."""

    fired: Mapping[str, tuple[str, ...]]
    dips: tuple[FoundDip, ...]


NOT_COMPARED = Comparison({}, ())


def compare_rules(
    names: Sequence[str], rated: Sequence[HeardRating], norm: Norm | None, parameters: Parameters
) -> Comparison:
    """Return what the named rules say of a series' rated responses, in therapy order, by one norm.

    Without a norm, or a name, nothing is compared.
    """
    if norm is None or not names:
        return NOT_COMPARED
    values = [one.value for one in rated]
    judgements = judge_ratings(values, norm, parameters)
    sessions = [
        Session(one.value, judgement, one.therapist, one.missed, one.unheard)
        for one, judgement in zip(rated, judgements, strict=True)
    ]
    online = [name for name in ONLINE_RULES if name in names]
    verdicts = follow_series(sessions, norm, parameters, online)
    fired = {
        one.key: tuple(name for name in online if verdicts[name][place].fired)
        for place, one in enumerate(rated)
    }
    dips = [
        FoundDip(name, rated[dip.fell].key, None if dip.returned is None else rated[dip.returned].key)
        for name in CRITERIA
        if name in names
        for dip in look_back(name, values, norm, parameters)
    ]
    return Comparison(fired, tuple(dips))
