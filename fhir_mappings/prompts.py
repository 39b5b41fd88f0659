"""Check-in prompts: a published cut-off was crossed, so talk about it. Never a rupture alert."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from fhir_mappings.filled import Answers, Score
from fhir_mappings.instrument import CutOff, Instrument


@dataclass(frozen=True, slots=True)
class CheckInPrompt:
    """One cut-off that was crossed.

    ``rule`` is the cut-off's id, ``item`` the link id for a rule about single marks (else None), ``score``
    the mark or score that crossed it, in points, and ``source`` where the cut-off is published.
    """

    rule: str
    item: str | None
    score: Decimal
    source: str


def check_in_prompts(
    instrument: Instrument, answers: Answers, scores: Sequence[Score], previous_total: Decimal | None
) -> tuple[CheckInPrompt, ...]:
    """Return the prompts of one rating, in the order of the file's cut-offs, then of its items.

    ``previous_total`` is the total of the client's last rating on this form, None where there is none: then
    nothing fell. A rule about single marks is judged on those that are there, also on an incomplete form; it
    gives one prompt per mark. A rule about a score gives none where the score has no value.
    Source: key ``cut_offs`` of ``instruments/<id>.toml``.
    """
    values: dict[str | None, Decimal | None] = {score.id: score.value for score in scores}
    prompts: list[CheckInPrompt] = []
    for cut_off in instrument.cut_offs:
        if cut_off.kind == "any-item-below":
            prompts += _low_items(instrument, answers, cut_off)
        elif (value := values.get(cut_off.score)) is not None and _crossed(cut_off, value, previous_total):
            prompts.append(CheckInPrompt(cut_off.id, None, value, cut_off.source))
    return tuple(prompts)


def _low_items(instrument: Instrument, answers: Answers, cut_off: CutOff) -> Iterator[CheckInPrompt]:
    for item in instrument.items:
        mark = answers.values.get(item.link_id)
        if mark is not None and _below(cut_off, mark):
            yield CheckInPrompt(cut_off.id, item.link_id, mark, cut_off.source)


def _crossed(cut_off: CutOff, value: Decimal, previous_total: Decimal | None) -> bool:
    if cut_off.kind == "score-below":
        return _below(cut_off, value)
    if previous_total is None:
        return False
    fall = previous_total - value
    return fall > cut_off.value or (cut_off.inclusive and fall == cut_off.value)


def _below(cut_off: CutOff, value: Decimal) -> bool:
    return value < cut_off.value or (cut_off.inclusive and value == cut_off.value)
