"""By which norm and which rule each rating is judged: those in force when it was first received.

A new norm or rule counts for what comes after it; what was judged keeps its own, whatever comes later. That
follows from the moments alone, so judging a dyad again gives the same judgements. Every earlier rating of the
series counts in the baseline of either norm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from service.alliance.baseline import NO_RATINGS, Judgement, Sums, judge_onward
from service.alliance.norms import Norm
from service.alliance.parameters import Parameters
from service.alliance.rules import DEFAULT_RULE, ONLINE_RULES, Earlier, Session, follow_onward, tier_by


@dataclass(frozen=True, slots=True)
class ApprovedNorm:
    """A norm that somebody put into force, and from which instant on."""

    since: str
    norm: Norm


@dataclass(frozen=True, slots=True)
class ChosenRule:
    """The rule that raises alerts from an instant on; '' is: from the beginning."""

    since: str
    rule: str


@dataclass(frozen=True, slots=True)
class Standard:
    """By what one rating is judged."""

    norm: Norm
    rule: str

    @property
    def name(self) -> str:
        """Return norm and rule as one text: no two standards of a series share it."""
        return f"{self.norm.reference} {self.rule}"


@dataclass(frozen=True, slots=True)
class Standards:
    """Everything that is or was in force in one clinic: ``approved`` and ``chosen`` in the order they began.

    ``shipped`` are the norms to begin with, by ``<instrument>-<scale>``. ``rule`` raises alerts where none
    was ever chosen.
    """

    shipped: Mapping[str, Norm]
    approved: Sequence[ApprovedNorm] = ()
    chosen: Sequence[ChosenRule] = ()
    rule: str = DEFAULT_RULE

    def norm_for(self, instrument: str, scale: str, received: str, language: str | None) -> Norm | None:
        """Return the norm of a rating received at an instant, or None: then it is not judged.

        One of the rating's own language goes before one of every language; ``nl-BE`` is served by ``nl``.
        """
        newest: dict[str | None, Norm] = {}
        shipped = self.shipped.get(f"{instrument}-{scale}")
        if not self.approved and (shipped is None or shipped.language is None):
            return shipped
        if shipped is not None:
            newest[shipped.language] = shipped
        for one in self.approved:
            if one.since <= received and (one.norm.instrument, one.norm.scale) == (instrument, scale):
                newest[one.norm.language and one.norm.language.lower()] = one.norm
        asked = language.lower() if language else None
        found = (newest.get(name) for name in (asked, asked and asked.partition("-")[0], None))
        return next((norm for norm in found if norm is not None), None)

    def has_norm(self, instrument: str, scale: str, received: str) -> bool:
        """Return whether there was a norm at an instant, of whatever language."""
        approved = (one.norm for one in self.approved if one.since <= received)
        of_scale = ((norm.instrument, norm.scale) == (instrument, scale) for norm in approved)
        return f"{instrument}-{scale}" in self.shipped or any(of_scale)

    def rule_at(self, received: str) -> str:
        """Return the rule that raised alerts at an instant."""
        return next((one.rule for one in reversed(self.chosen) if one.since <= received), self.rule)


@dataclass(frozen=True, slots=True)
class Memory:
    """All that the next rating of a series needs to be judged by one standard.

    ``earlier`` None: the default rule, which needs the sums alone.
    """

    sums: Sums = NO_RATINGS
    earlier: Earlier | None = None


def judge_by(
    values: Sequence[float], standards: Sequence[Standard | None], parameters: Parameters
) -> tuple[list[Judgement | None], Memory]:
    """Return the judgement of each rating of one series by its own standard, and the memory for the next one.

    ``values`` and ``standards`` are in therapy order; None has no judgement. The memory is good for the last
    one's standard. Costs the same as judging once for each standard in it.
    """
    judged: dict[str, tuple[list[Judgement], Memory]] = {}
    for standard in standards:
        if standard is not None and standard.name not in judged:
            judged[standard.name] = judge_on(Memory(), values, standard, parameters)
    last = standards[-1] if standards else None
    return [
        None if standard is None else judged[standard.name][0][place]
        for place, standard in enumerate(standards)
    ], Memory() if last is None else judged[last.name][1]


def judge_on(
    memory: Memory, values: Sequence[float], standard: Standard, parameters: Parameters
) -> tuple[list[Judgement], Memory]:
    """Return the judgements of ratings that follow those in a memory of this standard, and the memory then.

    The same as judging all of them at once, to the last bit.
    """
    judgements, sums = judge_onward(values, standard.norm, parameters, memory.sums)
    if standard.rule == DEFAULT_RULE:
        return judgements, Memory(sums)
    sessions = [Session(value, judgement) for value, judgement in zip(values, judgements, strict=True)]
    verdicts, earlier = follow_onward(
        sessions, standard.norm, parameters, [standard.rule], memory.earlier or Earlier()
    )
    rule = ONLINE_RULES[standard.rule]
    return [
        replace(judgement, tier=tier_by(rule, verdict, judgement))
        for judgement, verdict in zip(judgements, verdicts[standard.rule], strict=True)
    ], Memory(sums, earlier)
