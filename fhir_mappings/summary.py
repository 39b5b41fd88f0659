"""An instrument in a few lines for the person who wrote its file, with one form worked through."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from fhir_mappings.elements import range_of
from fhir_mappings.filled import Answer, Answers, answers_by_kind
from fhir_mappings.instrument import AnyItem, ChoiceItem, Condition, CutOff, FlagItem, Instrument, Item
from fhir_mappings.item_words import answer_words
from fhir_mappings.scoring import score

# How far along its range each item of the worked example stands, in turn: a reversed item, or one that is
# keyed to the wrong scale, then moves the scores away from what a person adds up by hand.
_PLACES = (Decimal("0.8"), Decimal("0.5"), Decimal(1), Decimal("0.3"))


def summary(instrument: Instrument) -> str:
    """Return the lines: what it is, its items, scores, cut-offs, a worked example; without a last break."""
    return "\n".join(_lines(instrument))


def example_answers(instrument: Instrument) -> Answers:
    """Return a complete form: every open item answered, numbers somewhere in their range, not all alike."""
    found: dict[str, Answer] = {}
    numbers = 0
    for item in instrument.all_items:
        if item.enabled_when and found.get(item.enabled_when.link_id) not in _wanted(item.enabled_when):
            continue
        found[item.link_id] = _example(item, _PLACES[numbers % len(_PLACES)])
        numbers += isinstance(item, Item)
    return answers_by_kind(found)


def _wanted(condition: Condition) -> tuple[Answer, ...]:
    """Return the answers that open an item: yes or no as it is, a code as the only one chosen."""
    return (condition.value,) if isinstance(condition.value, bool) else ((condition.value,),)


def _example(item: AnyItem, place: Decimal) -> Answer:
    match item:
        case Item():
            return _at(item, place)
        case ChoiceItem():
            return (item.options.options[0].code,)
        case FlagItem():
            return True
    return "in own words"


def _lines(instrument: Instrument) -> Iterator[str]:
    yield f"{instrument.reference}  {instrument.title} ({instrument.perspective}, {instrument.status})"
    for item in instrument.all_items:
        turned = ", reversed" if isinstance(item, Item) and item.reversed else ""
        yield f"  item   {item.link_id}  {item.text}: {answer_words(item)}{turned}"
    for rule in instrument.scores:
        of = f" of {' + '.join(rule.parts or rule.items)}"
        yield f"  score  {rule.id}  {rule.title}: {rule.kind}{of}, {range_of(rule)}, {rule.missing}"
    for cut_off in instrument.cut_offs:
        yield f"  limit  {cut_off.id}  {_limit(cut_off)} ({cut_off.status})"
    answers = example_answers(instrument)
    rated = instrument.item_by_link_id
    given = (_given(rated[link_id], value) for link_id, value in answers.values.items())
    scores = (one for one in score(instrument, answers) if one.value is not None)
    yield f"  example  {', '.join(given) or 'no item counts'}"
    yield f"       ->  {', '.join(f'{one.id} {one.value:f}' for one in scores) or 'no score'}"


def _given(item: Item, value: Decimal) -> str:
    turned = f" (counts {item.minimum + item.maximum - value:f})" if item.reversed else ""
    return f"{item.link_id} {value:f}{turned}"


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
