"""What must hold between instruments: forms derived from others, and scales and names that they share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from fhir_mappings.instrument import AnswerScale, ChoiceItem, Instrument, Item, OptionList


@dataclass(frozen=True, slots=True)
class Clash:
    """One instrument does not fit another; ``key`` is the key of its file."""

    instrument: str
    key: str
    reason: str


def find_clashes(instruments: Mapping[str, Instrument]) -> list[Clash]:
    """Return what does not fit together, in the order of the instruments; of two that clash the later one.

    A computer name belongs to one form. A scale or list of options of one id is the same in all forms, since
    it becomes one CodeSystem. A derived form has items of the form that it is derived from, and the same
    perspective; its texts may differ.
    """
    found: list[Clash] = []
    names: set[str] = set()
    lists: dict[str, AnswerScale | OptionList] = {}
    for one in instruments.values():
        if one.name in names:
            found.append(Clash(one.id, "name", "is the name of another form"))
        names.add(one.name)
        found += _list_clashes(one, lists)
        found += _derivation_clashes(one, instruments)
    return found


def _list_clashes(one: Instrument, lists: dict[str, AnswerScale | OptionList]) -> Iterator[Clash]:
    own = {listed.id: listed for item in one.all_items if (listed := _list_of(item)) is not None}
    for list_id, listed in own.items():
        if lists.setdefault(list_id, listed) != listed:
            key = "scales" if isinstance(listed, AnswerScale) else "options"
            yield Clash(one.id, f"{key}.{list_id}", "is not what another form has under this id")


def _list_of(item: object) -> AnswerScale | OptionList | None:
    if isinstance(item, ChoiceItem):
        return item.options
    return item.scale if isinstance(item, Item) else None


def _derivation_clashes(one: Instrument, instruments: Mapping[str, Instrument]) -> Iterator[Clash]:
    if one.derived_from is None:
        return
    whole = instruments.get(one.derived_from)
    if whole is None or whole.derived_from is not None or whole.perspective != one.perspective:
        yield Clash(one.id, "derived_from", "names no whole form of the same perspective")
        return
    by_link_id = {item.link_id: item for item in whole.all_items}
    for place, item in enumerate(one.all_items):
        other = by_link_id.get(item.link_id)
        if other is None or replace(other, text=item.text, question=item.question) != item:
            yield Clash(one.id, f"items[{place}]", "is not the same in the form derived from")
