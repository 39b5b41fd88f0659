"""Made-up answers to any instrument, from a seed: whole forms, blanks, all lowest, all highest."""

import random
from collections.abc import Iterator
from decimal import Decimal

from fhir_mappings.instrument import AnyItem, ChoiceItem, FlagItem, Instrument, Item, TextItem

GivenAnswers = dict[str, object]
WORDS = "made-up words, with ünusual <letters> & signs"
# Of ten forms this many have no blank at all, since a total often needs every item.
_WHOLE_OF_TEN = 4


def answer_sets(instrument: Instrument, count: int, seed: int = 1) -> Iterator[GivenAnswers]:
    """Yield so many sets that the instrument accepts: all lowest and all highest first, then random ones."""
    yield _extreme(instrument, lowest=True)
    yield _extreme(instrument, lowest=False)
    chance = random.Random(f"{instrument.id}/{seed}")  # noqa: S311 - made-up answers, no secrets
    for _ in range(count - 2):
        blanks = 0.0 if chance.randrange(10) < _WHOLE_OF_TEN else chance.uniform(0, 0.6)
        yield random_answers(instrument, chance, blanks)


def complete_answers(instrument: Instrument, shift: int = 1) -> GivenAnswers:
    """Return the same set each time, every item answered, those too that another one must open.

    Another ``shift`` gives other answers.
    """
    opening = {
        item.enabled_when.link_id: item.enabled_when.value
        for item in instrument.all_items
        if item.enabled_when
    }
    return {
        item.link_id: opening.get(item.link_id, _patterned_answer(item, 3 * place + shift))
        for place, item in enumerate(instrument.all_items)
    }


def partial_answers(instrument: Instrument, shift: int = 1) -> GivenAnswers:
    """Return a complete set without its first item that may be left blank and closes no other."""
    given = complete_answers(instrument, shift)
    asked = {item.enabled_when.link_id for item in instrument.all_items if item.enabled_when}
    blank = next(
        item.link_id for item in instrument.all_items if not item.required and item.link_id not in asked
    )
    return {link_id: answer for link_id, answer in given.items() if link_id != blank}


def random_answers(instrument: Instrument, chance: random.Random, blanks: float) -> GivenAnswers:
    """Return one set; an item that may be blank is, with this probability, but never all of them."""
    given: GivenAnswers = {}
    for item in instrument.all_items:
        if is_open(item, given) and (item.required or chance.random() >= blanks):
            given[item.link_id] = _random_answer(item, chance)
    if given:
        return given
    first = instrument.all_items[0]
    return {first.link_id: _random_answer(first, chance)}


def is_open(item: AnyItem, given: GivenAnswers) -> bool:
    """Return whether an item may be answered beside the answers given so far."""
    return item.enabled_when is None or given.get(item.enabled_when.link_id) == item.enabled_when.value


def _random_answer(item: AnyItem, chance: random.Random) -> object:
    match item:
        case Item():
            steps = int((item.maximum - item.minimum) / item.step)
            return item.minimum + item.step * chance.randint(0, steps)
        case FlagItem():
            return chance.random() < 0.8
        case TextItem():
            return WORDS
        case ChoiceItem():
            return _chosen(item, chance)


def _patterned_answer(item: AnyItem, turn: int) -> object:
    match item:
        case Item():
            steps = int((item.maximum - item.minimum) / item.step)
            return item.minimum + item.step * (turn * 11 % (steps + 1))
        case FlagItem():
            return True
        case TextItem():
            return WORDS
        case ChoiceItem():
            codes = [option.code for option in item.options.options if not option.exclusive]
            return codes[turn % 2 :][:2] if item.several else codes[turn % len(codes)]


def _chosen(item: ChoiceItem, chance: random.Random) -> object:
    if not item.several:
        return chance.choice(item.options.options).code
    together = [option.code for option in item.options.options if not option.exclusive]
    alone = [option.code for option in item.options.options if option.exclusive]
    if alone and chance.random() < 0.2:
        return [chance.choice(alone)]
    return chance.sample(together, chance.randint(1, len(together)))


def _extreme(instrument: Instrument, *, lowest: bool) -> GivenAnswers:
    given: GivenAnswers = {}
    for item in instrument.all_items:
        if is_open(item, given):
            given[item.link_id] = _extreme_answer(item, lowest=lowest)
    return given


def _extreme_answer(item: AnyItem, *, lowest: bool) -> object:
    match item:
        case Item():
            return Decimal(item.minimum if lowest else item.maximum)
        case FlagItem():
            return not lowest
        case TextItem():
            return WORDS
        case ChoiceItem():
            code = item.options.options[0 if lowest else -1].code
            return [code] if item.several else code
