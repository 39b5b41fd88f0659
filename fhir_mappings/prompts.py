"""Cut-offs that were crossed, and those among them that are check-in prompts. Never a rupture alert."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from fhir_mappings.filled import Answers, Score
from fhir_mappings.instrument import CutOff, Instrument


@dataclass(frozen=True, slots=True)
class CrossedCutOff:
    """One cut-off that was crossed by a score, or by a single mark.

    ``item`` is the link id for a rule about single marks (else None), ``score`` the mark or score in points.
    """

    cut_off: CutOff
    item: str | None
    score: Decimal


@dataclass(frozen=True, slots=True)
class CheckInPrompt:
    """One cut-off was crossed, so talk about it.

    ``rule`` is the cut-off's id, ``item`` the link id for a rule about single marks (else None), ``score``
    the mark or score that crossed it, in points, and ``source`` where the cut-off is published.
    """

    rule: str
    item: str | None
    score: Decimal
    source: str


def check_in_prompts(
    instrument: Instrument,
    answers: Answers,
    scores: Sequence[Score],
    previous_total: Decimal | None,
    age_years: int | None = None,
) -> tuple[CheckInPrompt, ...]:
    """Return the prompts of one rating: the crossed cut-offs whose use is ``check-in``, in their order."""
    return prompts_among(crossed_cut_offs(instrument, answers, scores, previous_total, age_years))


def prompts_among(crossed: Sequence[CrossedCutOff]) -> tuple[CheckInPrompt, ...]:
    """Return the prompts among crossed cut-offs; the others only say where a person stands."""
    return tuple(
        CheckInPrompt(one.cut_off.id, one.item, one.score, one.cut_off.source)
        for one in crossed
        if one.cut_off.use == "check-in"
    )


def crossed_cut_offs(
    instrument: Instrument,
    answers: Answers,
    scores: Sequence[Score],
    previous_total: Decimal | None,
    age_years: int | None = None,
) -> tuple[CrossedCutOff, ...]:
    """Return the cut-offs that one rating crosses, in the order of the file, then of its items.

    ``previous_total`` is the total of the client's last rating on this form, None where there is none: then
    nothing fell. A rule about single marks is judged on those that are there, also on an incomplete form; it
    is crossed once per mark. A rule about a score is not crossed where the score has no value, nor one bound
    to ages where ``age_years`` is None or outside them, nor one that is off.
    Source: key ``cut_offs`` of ``instruments/<id>.toml``.
    """
    values: dict[str | None, Decimal | None] = {score.id: score.value for score in scores}
    crossed: list[CrossedCutOff] = []
    for cut_off in instrument.cut_offs:
        if not cut_off.enabled or not fits_age(cut_off, age_years):
            continue
        if cut_off.kind == "any-item-below":
            crossed += _low_items(instrument, answers, cut_off)
        elif (value := values.get(cut_off.score)) is not None and _crossed(cut_off, value, previous_total):
            crossed.append(CrossedCutOff(cut_off, None, value))
    return tuple(crossed)


def fits_age(cut_off: CutOff, age_years: int | None) -> bool:
    """Return whether a cut-off is judged at an age, in whole years; one bound to ages needs it known."""
    if cut_off.age_from is None and cut_off.age_to is None:
        return True
    if age_years is None:
        return False
    youngest = 0 if cut_off.age_from is None else cut_off.age_from
    return youngest <= age_years and (cut_off.age_to is None or age_years <= cut_off.age_to)


def _low_items(instrument: Instrument, answers: Answers, cut_off: CutOff) -> Iterator[CrossedCutOff]:
    for item in instrument.items:
        mark = answers.values.get(item.link_id)
        if mark is not None and _below(cut_off, mark):
            yield CrossedCutOff(cut_off, item.link_id, mark)


def _crossed(cut_off: CutOff, value: Decimal, previous_total: Decimal | None) -> bool:
    if cut_off.kind == "score-below":
        return _below(cut_off, value)
    if previous_total is None:
        return False
    fall = previous_total - value
    return fall > cut_off.value or (cut_off.inclusive and fall == cut_off.value)


def _below(cut_off: CutOff, value: Decimal) -> bool:
    return value < cut_off.value or (cut_off.inclusive and value == cut_off.value)
