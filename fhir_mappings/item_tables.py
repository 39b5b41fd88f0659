"""The items of an instrument file, with the scales and option lists that they are answered by.

What has a fault is read as None, so that whoever refers to it finds that it is there and judges no further.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from fhir_mappings.instrument import (
    AnswerScale,
    AnyItem,
    Choice,
    ChoiceItem,
    Condition,
    FlagItem,
    Item,
    Option,
    OptionList,
    TextItem,
)
from fhir_mappings.instrument_rules import check_item, find_double
from fhir_mappings.toml_table import Table

_KINDS = ("number", "yes-no", "one-of", "several-of", "text")
_BASE_KEYS = ("link_id", "text", "question", "kind", "required", "enabled_when")
_LINE_KEYS = ("minimum", "maximum", "step", "lower_anchor", "upper_anchor", "reversed")

Scales = Mapping[str, AnswerScale | None]
OptionLists = Mapping[str, OptionList | None]
Items = Mapping[str, AnyItem | None]


@dataclass(frozen=True, slots=True)
class _Base:
    """What every item has."""

    link_id: str
    text: str
    required: bool
    condition: Condition | None
    question: str


def read_items(top: Table) -> dict[str, AnyItem | None]:
    """Return the items of a file by link id, in file order; None for one with a fault."""
    scales = {name: _scale(name, table) for name, table in top.named_tables("scales").items()}
    options = {name: _options(name, table) for name, table in top.named_tables("options").items()}
    tables = top.tables("items", required=True)
    found: dict[str, AnyItem | None] = {}
    for table in tables:
        item = _item(table, scales, options, found)
        found[str(table.content.get("link_id"))] = item if table.sound else None
    link_ids = [str(table.content.get("link_id", table.place)) for table in tables]
    if (double := find_double(link_ids)) is not None:
        top.fault("items", f"names a link id twice: {double}")
    return found


def _scale(name: str, table: Table) -> AnswerScale | None:
    table.allow_only("title", "choices")
    choices = tuple(_choice(entry) for entry in table.tables("choices", required=True))
    if table.sound:
        _check_codes(table, [choice.code for choice in choices])
    steps = {after.weight - before.weight for before, after in pairwise(choices)}
    if table.sound and (len(steps) != 1 or min(steps) <= 0):
        table.fault("choices", "weights must rise in equal steps")
    scale = AnswerScale(_list_id(table, "scales", name), table.text("title"), choices)
    return scale if table.sound else None


def _choice(table: Table) -> Choice:
    table.allow_only("code", "weight", "display")
    return Choice(table.id("code"), table.number("weight"), table.text("display"))


def _options(name: str, table: Table) -> OptionList | None:
    table.allow_only("title", "choices")
    options = tuple(_option(entry) for entry in table.tables("choices", required=True))
    if table.sound:
        _check_codes(table, [option.code for option in options])
    listed = OptionList(_list_id(table, "options", name), table.text("title"), options)
    return listed if table.sound else None


def _option(table: Table) -> Option:
    table.allow_only("code", "display", "exclusive")
    return Option(table.id("code"), table.text("display"), table.flag("exclusive", default=False))


def _list_id(table: Table, key: str, name: str) -> str:
    return Table(table.file, key, {name: name}, table.faults).id(name)


def _check_codes(table: Table, codes: list[str]) -> None:
    if len(codes) == 1:
        table.fault("choices", "must be at least two")
    if find_double(codes) is not None:
        table.fault("choices", "names a code twice")


def _item(table: Table, scales: Scales, options: OptionLists, earlier: Items) -> AnyItem | None:
    """Return one item; None where it refers to something that has a fault of its own."""
    kind = table.word("kind", _KINDS, "number")
    base = _Base(
        table.id("link_id"),
        table.text("text"),
        table.flag("required", default=False),
        _condition(table, earlier),
        table.text("question", ""),
    )
    if kind == "number":
        return _number_item(table, base, scales)
    if kind in ("one-of", "several-of"):
        return _choice_item(table, base, options, several=kind == "several-of")
    table.allow_only(*_BASE_KEYS)
    made = FlagItem if kind == "yes-no" else TextItem
    return made(base.link_id, base.text, base.required, base.condition, base.question)


def _condition(table: Table, earlier: Items) -> Condition | None:
    inner = table.table("enabled_when")
    if inner is None:
        return None
    inner.allow_only("item", "is")
    link_id, value = inner.text("item"), inner.content.get("is")
    asked = earlier.get(link_id)
    if inner.sound and link_id not in earlier:
        inner.fault("item", "names no item that stands before this one")
    if asked is None:
        return None
    if isinstance(value, bool) and isinstance(asked, FlagItem):
        return Condition(link_id, value)
    codes = _codes_of_one(asked)
    if isinstance(value, str) and value in codes:
        return Condition(link_id, value)
    inner.fault("is", "is no answer that the other item can have, or that item is not yes-no or one-of")
    return None


def _codes_of_one(item: AnyItem) -> list[str]:
    """Return the codes that one may choose one of; none where several may be chosen, or nothing is."""
    if not isinstance(item, ChoiceItem) or item.several:
        return []
    return [option.code for option in item.options.options]


def _choice_item(table: Table, base: _Base, options: OptionLists, *, several: bool) -> ChoiceItem | None:
    table.allow_only(*_BASE_KEYS, "options")
    name = table.text("options")
    if name.strip() and name not in options:
        table.fault("options", "names a list of options that the file does not define")
    listed = options.get(name)
    if listed is None:
        return None
    return ChoiceItem(base.link_id, base.text, listed, several, base.required, base.condition, base.question)


def _number_item(table: Table, base: _Base, scales: Scales) -> Item | None:
    item = _scale_item(table, base, scales) if "scale" in table.content else _line_item(table, base)
    if item is not None and table.sound:
        check_item(table, item)
    return item


def _scale_item(table: Table, base: _Base, scales: Scales) -> Item | None:
    """Return an item answered by choice: range, step and anchors are those of its scale."""
    table.allow_only(*_BASE_KEYS, "reversed", "scale")
    name, turned = table.text("scale"), table.flag("reversed", default=False)
    if name.strip() and name not in scales:
        table.fault("scale", "names a scale that the file does not define")
    scale = scales.get(name)
    if scale is None:
        return None
    first, second, last = scale.choices[0], scale.choices[1], scale.choices[-1]
    return Item(
        link_id=base.link_id,
        text=base.text,
        minimum=first.weight,
        maximum=last.weight,
        step=second.weight - first.weight,
        reversed=turned,
        scale=scale,
        lower_anchor=first.display,
        upper_anchor=last.display,
        required=base.required,
        enabled_when=base.condition,
        question=base.question,
    )


def _line_item(table: Table, base: _Base) -> Item:
    table.allow_only(*_BASE_KEYS, *_LINE_KEYS)
    return Item(
        link_id=base.link_id,
        text=base.text,
        minimum=table.number("minimum"),
        maximum=table.number("maximum"),
        step=table.number("step"),
        reversed=table.flag("reversed", default=False),
        scale=None,
        lower_anchor=table.text("lower_anchor"),
        upper_anchor=table.text("upper_anchor"),
        required=base.required,
        enabled_when=base.condition,
        question=base.question,
    )
