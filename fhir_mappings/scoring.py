"""From checked answers to scores, in Decimal throughout: floats would move scores over cut-offs."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from fhir_mappings.filled import Answers, Score
from fhir_mappings.instrument import Instrument, ScoreRule

_HUNDREDTH = Decimal("0.01")


def score(instrument: Instrument, answers: Answers) -> tuple[Score, ...]:
    """Compute every score that the instrument defines, in file order.

    Values are in the instrument's own points (SRS total: 0 to 40), rounded once, at the end, half up to two
    places, without trailing zeros. A reversed item counts as ``minimum + maximum - answer``.

    Blanks: ``complete-only`` gives None unless all items are answered; ``prorate-75`` gives, from 75 % of the
    items on, the mean of the answered times the number of items, else None. A score of ``parts`` adds their
    unrounded values and is None if one of them is. A count of what was seen is 0 and a peak None where all
    items are blank; an answer that is its own score is None where it is blank. A bare total is the ``total``
    itself; no other score then has a value.

    Example: SRS 9.2, 9.0, 8.7, 9.4 -> ``(Score("total", Decimal("36.3"), 4, 4, False),)``.
    Source: ``instruments/<id>.toml``, keys ``scores`` and ``citation``. No author's rule for blanks was found
    for any form of the WAI: ``prorate-75`` is ours.
    """
    counted = count_answers(instrument, answers.values)
    sums: dict[str, Decimal | None] = {}
    scores: list[Score] = []
    for rule in instrument.scores:
        answered = sum(link_id in counted for link_id in rule.items)
        if answers.total is None:
            points = sums[rule.id] = _points(rule, counted, answered, sums)
        else:
            points = answers.total if rule.id == "total" else None
        value = None if points is None else _rounded(rule, points)
        of = len(rule.items)
        prorated = rule.missing == "prorate-75" and value is not None and 0 < answered < of
        scores.append(Score(rule.id, value, answered, of, prorated))
    return tuple(scores)


def is_straight_lined(instrument: Instrument, answers: Answers) -> bool:
    """Return whether a complete form with reversed items got the same answer everywhere.

    Such answers contradict themselves: all 7 on the WAI-36 is a total of 168, not 252. False where the form
    has no reversed item, has a blank, or came as a bare total.
    """
    if len(answers.values) != len(instrument.items) or not instrument.has_reversed_items:
        return False
    return len(set(answers.values.values())) == 1


def plain(number: Decimal) -> Decimal:
    """Return the same number written the one plain way: 36.30 -> 36.3, 4E+1 -> 40, -0.0 -> 0."""
    short = (number + 0).normalize()
    exponent = short.as_tuple().exponent
    return short.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else short


def count_answers(instrument: Instrument, values: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return what each answered item counts, by link id in item order, reversed where the key says so.

    ``values`` are in the item's own points, as given.
    """
    return {
        item.link_id: item.minimum + item.maximum - values[item.link_id]
        if item.reversed
        else values[item.link_id]
        for item in instrument.items
        if item.link_id in values
    }


def _points(
    rule: ScoreRule, counted: Mapping[str, Decimal], answered: int, sums: Mapping[str, Decimal | None]
) -> Decimal | None:
    """Return the unrounded sum over all items of the score; a mean is divided only when it is rounded.

    Of a count it is the number of answered items, of a peak the highest of them.
    """
    if rule.parts:
        parts = [points for part in rule.parts if (points := sums[part]) is not None]
        return sum(parts, Decimal(0)) if len(parts) == len(rule.parts) else None
    if rule.kind == "count":
        return Decimal(answered)
    if rule.kind == "peak":
        return max((counted[link_id] for link_id in rule.items if link_id in counted), default=None)
    of = len(rule.items)
    if answered < of and (rule.missing == "complete-only" or answered * 4 < of * 3):
        return None
    points = sum((counted[link_id] for link_id in rule.items if link_id in counted), Decimal(0))
    return points if answered == of else points * of / answered


def _rounded(rule: ScoreRule, points: Decimal) -> Decimal:
    exact = points / len(rule.items) if rule.kind == "mean" else points
    return plain(exact.quantize(_HUNDREDTH, ROUND_HALF_UP))
