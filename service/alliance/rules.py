"""The named rules that look at earlier ratings only: which ratings each one marks.

Each is built after a study or a convention and called "-like" where a study is named: no formula was checked
word for word against its paper. ``own-baseline`` is the default; one of them may raise alerts, any number may
be shown beside it. Every rule gives a score, higher meaning lower ratings, and fires from its limit on. Each
rating costs the same, however long the series is. Numbers and sources: ``thresholds.toml``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from types import MappingProxyType
from typing import Final

from service.alliance.baseline import Judgement, Tier
from service.alliance.norms import Norm
from service.alliance.parameters import Parameters
from service.alliance.rule_parameters import RuleParameters

DEFAULT_RULE: Final = "own-baseline"
_FEW_THERAPIST_RATINGS: Final = 2


@dataclass(frozen=True, slots=True)
class Session:
    """What is known of one rated session: the client's total, as the default judges it, and what lies beside.

    ``therapist`` is the therapist's own rating on the same range, None where there is none; ``unheard`` are
    those of the sessions since the last rated one, at which the client's form is missing; ``missed`` counts
    the appointments missed just before. Only the rule ``context`` looks at these.
    """

    value: float
    judgement: Judgement
    therapist: float | None = None
    missed: int = 0
    unheard: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Earlier:
    """The earlier ratings of one series as running sums; distances are from the norm's mean, in its points.

    ``steps``: sum of the absolute differences of neighbours; ``ewma``, ``cusum`` and ``run``: the memories of
    the rules of these names (``run``: of ``context``), in spreads; ``told``, ``told_sum``, ``told_squares``:
    how often the therapist rated, and what.
    """

    ratings: int = 0
    sum: float = 0.0
    squares: float = 0.0
    last: float = 0.0
    steps: float = 0.0
    ewma: float = 0.0
    cusum: float = 0.0
    run: float = 0.0
    told: int = 0
    told_sum: float = 0.0
    told_squares: float = 0.0

    @property
    def mean(self) -> float:
        """Return the mean distance; there must be a rating."""
        return self.sum / self.ratings

    @property
    def sd(self) -> float:
        """Return the spread around the own mean (divided by n - 1); there must be two ratings."""
        return _sd(self.ratings, self.sum, self.squares)


@dataclass(frozen=True, slots=True)
class _Case:
    """One rating before a rule: ``y`` is its distance from the norm's mean."""

    y: float
    session: Session
    earlier: Earlier
    norm: Norm
    parameters: Parameters

    @property
    def rules(self) -> RuleParameters:
        return self.parameters.rules


@dataclass(frozen=True, slots=True)
class Rule:
    """One named rule; ``score`` is None while it has too few earlier ratings, ``trial`` says: not for alerts.

    ``after``: the study or convention it is built after; ``limit``: the score from which it fires.
    """

    name: str
    after: str
    score: Callable[[_Case], float | None]
    limit: Callable[[Parameters], float]
    trial: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule says of one rating; ``score`` None: it had too few earlier ratings."""

    score: float | None
    fired: bool


def follow_series(
    sessions: Iterable[Session], norm: Norm, parameters: Parameters, names: Iterable[str]
) -> dict[str, list[Verdict]]:
    """Return each named rule's verdicts over one series, in the order given, which must be therapy order.

    Raises ``KeyError`` for a name that is not in ``ONLINE_RULES``.
    """
    return follow_onward(sessions, norm, parameters, names, Earlier())[0]


def follow_onward(
    sessions: Iterable[Session],
    norm: Norm,
    parameters: Parameters,
    names: Iterable[str],
    earlier: Earlier,
) -> tuple[dict[str, list[Verdict]], Earlier]:
    """Return the verdicts on ratings that follow the earlier ones, and the earlier ones with them in it."""
    told: dict[str, list[Verdict]] = {name: [] for name in names}
    for session in sessions:
        earlier = _hear(earlier, session.unheard)
        for name, verdicts in told.items():
            verdicts.append(say(ONLINE_RULES[name], session, earlier, norm, parameters))
        earlier = join(earlier, session, norm, parameters)
    return told, earlier


def say(rule: Rule, session: Session, earlier: Earlier, norm: Norm, parameters: Parameters) -> Verdict:
    """Return what a rule says of one rating after these earlier ones; it never fires at the first."""
    if not earlier.ratings:
        return Verdict(None, fired=False)
    case = _Case(session.value - norm.mean, session, earlier, norm, parameters)
    score = rule.score(case)
    return Verdict(score, fired=score is not None and score >= rule.limit(parameters))


def join(earlier: Earlier, session: Session, norm: Norm, parameters: Parameters) -> Earlier:
    """Return the earlier ratings with this one among them."""
    y = session.value - norm.mean
    case = _Case(y, session, earlier, norm, parameters)
    joined = replace(
        earlier,
        ratings=earlier.ratings + 1,
        sum=earlier.sum + y,
        squares=earlier.squares + y * y,
        last=y,
        steps=earlier.steps + (abs(y - earlier.last) if earlier.ratings else 0.0),
        ewma=_ewma(case),
        cusum=_cusum(case),
        run=_run(case),
    )
    return joined if session.therapist is None else _hear(joined, (session.therapist,))


def tier_by(rule: Rule, verdict: Verdict, judgement: Judgement) -> Tier | None:
    """Return the tier of a rating where this rule raises the alerts.

    Severity is that of the default's z, whichever rule fires. A rating that the default would mark and this
    rule does not is a *watch*: seen on the chart, and no alert.
    """
    if rule.name == DEFAULT_RULE or judgement.tier is None:
        return judgement.tier if rule.name == DEFAULT_RULE or not verdict.fired else "possible"
    if verdict.fired:
        return "marked" if judgement.tier == "marked" else "possible"
    return "watch"


def _own_baseline(case: _Case) -> float | None:
    """Return z where the fall counts, else at most the score of a usual rating."""
    z, fall = case.session.judgement.z, case.session.judgement.fall
    if z is None or fall is None:
        return None
    return z if _counts(fall, case) else min(z, case.rules.unsure_cap)


def _counts(fall: float, case: _Case) -> bool:
    return fall >= case.parameters.min_fall_sem * case.norm.sem


def _below_mean_rci(case: _Case) -> float:
    return (case.earlier.mean - case.y) / (case.norm.sem * sqrt(1 + 1 / case.earlier.ratings))


def _below_mean_own_sd(case: _Case) -> float | None:
    if case.earlier.ratings < case.rules.own_sd_ratings:
        return None
    return (case.earlier.mean - case.y) / max(case.earlier.sd, case.rules.own_sd_floor)


def _below_mean_pooled_sd(case: _Case) -> float:
    return (case.earlier.mean - case.y) / case.norm.sd_within


def _stricter_sd(case: _Case) -> float | None:
    if case.earlier.ratings < case.rules.stricter_sd_ratings:
        return None
    return (case.earlier.mean - case.y) / max(case.earlier.sd, case.norm.sd_within)


def _last_fall_rci(case: _Case) -> float:
    return (case.earlier.last - case.y) / (sqrt(2) * case.norm.sem)


def _sudden_loss(case: _Case) -> float:
    return (case.earlier.last - case.y) / case.norm.sd_difference


def _control_chart(case: _Case) -> float | None:
    earlier = case.earlier
    if earlier.ratings < case.rules.chart_ratings:
        return None
    sigma = earlier.steps / (earlier.ratings - 1) / case.rules.chart_d2
    return (earlier.mean - case.y) / max(sigma, case.rules.own_sd_floor)


def _ewma_score(case: _Case) -> float:
    weight = case.rules.ewma_weight
    grown = 1 - (1 - weight) ** (2 * case.earlier.ratings)
    return -_ewma(case) / sqrt(weight / (2 - weight) * grown)


def _context(case: _Case) -> float | None:
    z, fall, rules = case.session.judgement.z, case.session.judgement.fall, case.rules
    if z is None or fall is None:
        return None
    own = max(z, rules.context_run_share * _run(case)) if _counts(fall, case) else min(z, rules.unsure_cap)
    dip = min(max(_therapist_dip(case), -rules.context_dip_low), rules.context_dip_high)
    missed = min(case.session.missed, rules.context_missed_most)
    return own + rules.context_dip_weight * dip + rules.context_missed_weight * missed


def _ewma(case: _Case) -> float:
    """Return the moving average with this rating in it; the first rating only begins it."""
    if not case.earlier.ratings:
        return 0.0
    weight = case.rules.ewma_weight
    return weight * (case.y - _pulled_mean(case)) / case.norm.sd_within + (1 - weight) * case.earlier.ewma


def _cusum(case: _Case) -> float:
    if not case.earlier.ratings:
        return 0.0
    below = (_pulled_mean(case) - case.y) / case.norm.sd_within
    return max(0.0, case.earlier.cusum + below - case.rules.cusum_slack)


def _run(case: _Case) -> float:
    z, rules = case.session.judgement.z, case.rules
    if z is None:
        return 0.0
    kept = rules.context_run_kept * case.earlier.run
    return max(0.0, kept + min(z, rules.context_run_cap) - rules.context_run_step)


def _pulled_mean(case: _Case) -> float:
    """Return the own mean, pulled towards the norm's (which is 0 here) while ratings are few."""
    pull = (case.norm.sd_within / case.norm.sd_between) ** 2
    return case.earlier.sum / (pull + case.earlier.ratings)


def _therapist_dip(case: _Case) -> float:
    """Return how far the therapist's rating lies below the own earlier ones, in their spreads."""
    told, earlier, rules = case.session.therapist, case.earlier, case.rules
    if told is None or earlier.told < _FEW_THERAPIST_RATINGS:
        return 0.0
    spread = rules.context_early_dip_sd
    if earlier.told > _FEW_THERAPIST_RATINGS:
        spread = max(_sd(earlier.told, earlier.told_sum, earlier.told_squares), rules.context_dip_sd)
    return (earlier.told_sum / earlier.told - told) / spread


def _hear(earlier: Earlier, told: Sequence[float]) -> Earlier:
    """Return the earlier ratings with these of the therapist among them."""
    if not told:
        return earlier
    return replace(
        earlier,
        told=earlier.told + len(told),
        told_sum=earlier.told_sum + sum(told),
        told_squares=earlier.told_squares + sum(one * one for one in told),
    )


def _sd(count: int, total: float, squares: float) -> float:
    return sqrt(max(0.0, squares - total * total / count) / (count - 1))


_RULES = (
    Rule(DEFAULT_RULE, "the client's own shrunken baseline", _own_baseline, lambda p: p.alert_z),
    Rule("below-mean-rci", "reliable change", _below_mean_rci, lambda p: p.rules.rci_z),
    Rule(
        "below-mean-own-sd-1",
        "Strauss-like (2006), Chen-like (2018)",
        _below_mean_own_sd,
        lambda p: p.rules.own_sd_1,
    ),
    Rule(
        "below-mean-own-sd-2",
        "Stiles-like (2004), Rubel-like (2018)",
        _below_mean_own_sd,
        lambda p: p.rules.own_sd_2,
    ),
    Rule(
        "below-mean-pooled-sd",
        "one spread for all clients",
        _below_mean_pooled_sd,
        lambda p: p.rules.pooled_sd,
    ),
    Rule("stricter-sd-1", "Gumz-like (2012)", _stricter_sd, lambda p: p.rules.stricter_sd_1),
    Rule("stricter-sd-2", "Gumz-like (2012)", _stricter_sd, lambda p: p.rules.stricter_sd_2),
    Rule("last-fall-rci", "McLaughlin-like (2014)", _last_fall_rci, lambda p: p.rules.rci_z),
    Rule("sudden-loss", "Zilcha-Mano-like (2019)", _sudden_loss, lambda p: p.rules.sudden_loss),
    Rule(
        "control-chart-2",
        "Lipner-like (2022), Eubanks-Carter-like (2012)",
        _control_chart,
        lambda p: p.rules.chart_sigma_2,
    ),
    Rule(
        "control-chart-3",
        "Lipner-like (2022), Eubanks-Carter-like (2012)",
        _control_chart,
        lambda p: p.rules.chart_sigma_3,
    ),
    Rule("ewma", "moving average with exponential weights", _ewma_score, lambda p: p.rules.ewma_limit),
    Rule("cusum", "cumulative sum", _cusum, lambda p: p.rules.cusum_limit),
    Rule(
        "context",
        "own baseline with run, therapist's dip and missed appointments; weights assumed",
        _context,
        lambda p: p.rules.context_limit,
        trial=True,
    ),
)
ONLINE_RULES: Mapping[str, Rule] = MappingProxyType({rule.name: rule for rule in _RULES})
# A trial is shown for comparison only.
ALERT_RULES: tuple[str, ...] = tuple(rule.name for rule in _RULES if not rule.trial)
