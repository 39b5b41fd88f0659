"""An instrument in a few lines for the person who wrote its file, with one form worked through."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from fhir_mappings.elements import range_of
from fhir_mappings.filled import Answers
from fhir_mappings.instrument import CutOff, Instrument, Item
from fhir_mappings.scoring import score

# How far along its range each item of the worked example stands, in turn: a reversed item, or one that is
# keyed to the wrong scale, then moves the scores away from what a person adds up by hand.
_PLACES = (Decimal("0.8"), Decimal("0.5"), Decimal(1), Decimal("0.3"))


def summary(instrument: Instrument) -> str:
    """Return the lines: what it is, its items, scores, cut-offs, a worked example; without a last break."""
    return "\n".join(_lines(instrument))


def example_answers(instrument: Instrument) -> Answers:
    """Return a complete form: every item somewhere in its range, on its step, not all alike."""
    places = ((item, _PLACES[index % len(_PLACES)]) for index, item in enumerate(instrument.items))
    return Answers({item.link_id: _at(item, place) for item, place in places})


def _lines(instrument: Instrument) -> Iterator[str]:
    yield f"{instrument.reference}  {instrument.title} ({instrument.perspective}, {instrument.status})"
    for item in instrument.items:
        turned = ", reversed" if item.reversed else ""
        yield f"  item   {item.link_id}  {item.text}: {range_of(item)} by {item.step:f}{turned}"
    for rule in instrument.scores:
        of = f" of {' + '.join(rule.parts or rule.items)}"
        yield f"  score  {rule.id}  {rule.title}: {rule.kind}{of}, {range_of(rule)}, {rule.missing}"
    for cut_off in instrument.cut_offs:
        yield f"  limit  {cut_off.id}  {_limit(cut_off)} ({cut_off.status})"
    answers = example_answers(instrument)
    given = ", ".join(f"{link_id} {value:f}" for link_id, value in answers.values.items())
    scored = ", ".join(
        f"{one.id} {one.value:f}" for one in score(instrument, answers) if one.value is not None
    )
    yield f"  example  {given}"
    yield f"       ->  {scored}"


def _limit(cut_off: CutOff) -> str:
    what = {
        "score-below": f"{cut_off.score} below",
        "any-item-below": "any item below",
        "score-fell-by": f"{cut_off.score} fell by more than",
    }[cut_off.kind]
    return f"{what} {cut_off.value:f}{' or just that' if cut_off.inclusive else ''}"


def _at(item: Item, place: Decimal) -> Decimal:
    steps = ((item.maximum - item.minimum) * place / item.step).quantize(Decimal(1), ROUND_HALF_UP)
    return item.minimum + steps * item.step
