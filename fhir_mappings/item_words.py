"""How an item is answered, in words for people who check an instrument's file."""

from fhir_mappings.instrument import AnyItem, ChoiceItem, FlagItem, Item


def answer_words(item: AnyItem) -> str:
    """Return what answers an item takes: ``1 to 5 by 1, slight to intense; only when happened is yes``."""
    parts = [_kind_words(item)]
    if item.required:
        parts.append("required")
    if item.enabled_when:
        value = item.enabled_when.value
        shown = ("yes" if value else "no") if isinstance(value, bool) else value
        parts.append(f"only when {item.enabled_when.link_id} is {shown}")
    return "; ".join(parts)


def _kind_words(item: AnyItem) -> str:
    if isinstance(item, Item):
        anchors = f"{item.lower_anchor} to {item.upper_anchor}"
        return f"{item.minimum:f} to {item.maximum:f} by {item.step:f}, {anchors}"
    if isinstance(item, ChoiceItem):
        codes = [f"{one.code} (alone)" if one.exclusive else one.code for one in item.options.options]
        return f"{'several' if item.several else 'one'} of {', '.join(codes)}"
    return "yes or no" if isinstance(item, FlagItem) else "own words"
