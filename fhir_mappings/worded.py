"""An instrument in other words: what is asked and shown changes, what is answered and scored does not."""

from dataclasses import replace

from fhir_mappings.instrument import AnyItem, ChoiceItem, Instrument, Item
from fhir_mappings.words import Words


def worded(instrument: Instrument, words: Words) -> Instrument:
    """Return the instrument with the texts of these words, which must be words of this instrument.

    CAUTION: for showing only. The displays of codes are the instrument's own in any language.
    """
    return replace(
        instrument,
        title=words.title,
        description=words.description,
        copyright=words.copyright or instrument.copyright,
        all_items=tuple(_item(item, words) for item in instrument.all_items),
        scores=tuple(replace(rule, title=words.scores[rule.id]) for rule in instrument.scores),
    )


def _item(item: AnyItem, words: Words) -> AnyItem:
    text = words.items[item.link_id]
    if isinstance(item, Item):
        return _number(replace(item, text=text), words)
    if isinstance(item, ChoiceItem):
        told = words.choices[item.options.id]
        options = tuple(replace(one, display=told[one.code]) for one in item.options.options)
        return replace(item, text=text, options=replace(item.options, options=options))
    return replace(item, text=text)


def _number(item: Item, words: Words) -> Item:
    if item.scale is None:
        lower, upper = words.anchors[item.link_id]
        return replace(item, lower_anchor=lower, upper_anchor=upper)
    told = words.choices[item.scale.id]
    choices = tuple(replace(one, display=told[one.code]) for one in item.scale.choices)
    lower, upper = choices[0].display, choices[-1].display
    scale = replace(item.scale, choices=choices)
    return replace(item, scale=scale, lower_anchor=lower, upper_anchor=upper)
