"""The files of a clinic's form maps, ``<ehr>/<instrument>.toml``, read together: maps, or every fault.

Example::

    questionnaire = "https://ehr.example/fhir/Questionnaire/4711"
    system = "urn:ehr:answers"        # of codes, where an item names no other
    ignored = ["signature"]           # link ids of the EHR's that say nothing here

    [items.item-1]
    link_id = "4711-1"
    groups = ["4711-page"]            # the groups around it, the outermost first
    value = "coding"                  # decimal, integer, coding, string or boolean
    codes = { seldom = "A1", often = "A2" }

    [scores.total]
    link_id = "4711-sum"
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath
from types import MappingProxyType

from fhir_mappings.errors import InstrumentFileError
from fhir_mappings.form_map import FormMap, MappedItem, ValueKind, answers_of
from fhir_mappings.instrument import AnyItem, ChoiceItem, FlagItem, Instrument, Item, TextItem
from fhir_mappings.toml_table import Table

_NAME = "(name)"
_TOP_KEYS = ("questionnaire", "system", "ignored", "items", "scores")
_ITEM_KEYS = ("link_id", "groups", "value", "system", "codes")
# What each kind of item may be in the EHR; the first where the file does not say.
_OF_TEXT: tuple[ValueKind, ...] = ("string",)
_OF_FLAG: tuple[ValueKind, ...] = ("boolean", "coding", "string")
_OF_CHOICE: tuple[ValueKind, ...] = ("coding", "string")
_OF_SCALE: tuple[ValueKind, ...] = ("coding", "integer", "decimal", "string")
_OF_LINE: tuple[ValueKind, ...] = ("decimal", "integer", "string", "coding")
_OF_SCORE: tuple[ValueKind, ...] = ("decimal", "integer", "string")


@dataclass(frozen=True, slots=True)
class FormMapReport:
    """What files gave: every fault, and the maps by EHR and instrument id; none where there is a fault."""

    faults: tuple[InstrumentFileError, ...]
    maps: Mapping[str, Mapping[str, FormMap]]


def check_form_maps(files: Mapping[str, str], known: Mapping[str, Instrument]) -> FormMapReport:
    """Return the maps of these files (``<ehr>/<instrument>.toml`` -> text), or every fault of all of them."""
    faults: list[InstrumentFileError] = []
    maps: dict[str, dict[str, FormMap]] = {}
    for name, text in sorted(files.items()):
        path = PurePosixPath(name)
        form = _read(name, text, path, known, faults)
        if form is None:
            continue
        others = maps.setdefault(path.parent.name, {})
        if any(
            form.is_of(other.questionnaire) or other.is_of(form.questionnaire) for other in others.values()
        ):
            reason = "is the form of another file of this EHR as well"
            faults.append(InstrumentFileError(name, "questionnaire", reason))
        others[form.instrument] = form
    return FormMapReport(tuple(faults), MappingProxyType({} if faults else maps))


def _read(
    name: str,
    text: str,
    path: PurePosixPath,
    known: Mapping[str, Instrument],
    faults: list[InstrumentFileError],
) -> FormMap | None:
    if len(path.parts) != 2:  # noqa: PLR2004 - a folder and a file
        faults.append(InstrumentFileError(name, _NAME, "must lie in a folder with the name of the EHR"))
    instrument = known.get(path.stem)
    if instrument is None:
        faults.append(InstrumentFileError(name, _NAME, "names no instrument that is known here"))
    try:
        content = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        faults.append(InstrumentFileError(name, "(syntax)", f"not TOML: {error}"))
        return None
    if instrument is None:
        return None
    top = Table(name, "", content)
    form = _form_map(top, instrument)
    faults += top.faults
    return None if top.faults or len(path.parts) != 2 else form  # noqa: PLR2004 - as above


def _form_map(top: Table, instrument: Instrument) -> FormMap:
    top.allow_only(*_TOP_KEYS)
    canonical = top.text("questionnaire")
    if canonical.strip() and not canonical.startswith(("http://", "https://", "urn:")):
        top.fault("questionnaire", "must be a canonical URL, with or without |version")
    system = top.text("system", "") or None
    ignored = frozenset(top.texts("ignored")) if "ignored" in top.content else frozenset()
    items = [*_items(top, instrument, system), *_scores(top, instrument)]
    _refuse_doubled(top, items, ignored)
    return FormMap(instrument.id, canonical, tuple(items), ignored)


def _items(top: Table, instrument: Instrument, system: str | None) -> Iterator[MappedItem]:
    tables = top.named_tables("items")
    by_link = {one.link_id: one for one in instrument.all_items}
    for missing in by_link.keys() - tables.keys():
        # Words never go to an EHR, and may be asked by its form or not.
        if not isinstance(by_link[missing], TextItem):
            top.fault(f"items.{missing}", "is missing: every item of the instrument needs its place")
    for link_id, table in tables.items():
        item = by_link.get(link_id)
        if item is None:
            top.fault(f"items.{link_id}", "is no item of this instrument")
        else:
            yield _mapped(table, link_id, _kinds(item), instrument, system)


def _scores(top: Table, instrument: Instrument) -> Iterator[MappedItem]:
    own = {one.id for one in instrument.scores if one.kind != "answer"}
    for score_id, table in top.named_tables("scores").items():
        if score_id in own:
            yield _mapped(table, score_id, _OF_SCORE, instrument, None)
        else:
            top.fault(f"scores.{score_id}", "is no score of this instrument with an item of its own")


def _kinds(item: AnyItem) -> tuple[ValueKind, ...]:
    if isinstance(item, Item):
        if item.scale is not None:
            return _OF_SCALE
        return _OF_LINE if item.decimal_places else ("integer", "decimal", "string", "coding")
    return {TextItem: _OF_TEXT, FlagItem: _OF_FLAG, ChoiceItem: _OF_CHOICE}[type(item)]


def _mapped(
    table: Table, ours: str, kinds: tuple[ValueKind, ...], instrument: Instrument, system: str | None
) -> MappedItem:
    table.allow_only(*_ITEM_KEYS)
    value = table.word("value", kinds, kinds[0])
    codes = _codes(table, ours, instrument)
    needs_codes = value == "coding" or (value == "string" and kinds in (_OF_CHOICE, _OF_FLAG))
    if needs_codes or codes:
        for answer in answers_of(instrument, ours):
            if answer not in codes:
                table.fault(f"codes.{answer}", "is missing: every answer needs its code")
    if value == "integer" and kinds is _OF_LINE:
        table.fault("value", "must not be integer: the marks of this line have decimals")
    groups = table.texts("groups") if "groups" in table.content else ()
    own_system = table.text("system", system or "") or None
    return MappedItem(ours, table.text("link_id"), value, groups, own_system, MappingProxyType(codes))


def _codes(table: Table, ours: str, instrument: Instrument) -> dict[str, str]:
    found = table.table("codes")
    if found is None:
        return {}
    codes = {answer: found.text(answer) for answer in found.content}
    known = answers_of(instrument, ours)
    for answer in codes:
        if answer not in known:
            found.fault(answer, "is no answer to this item")
    told = list(codes.values())
    for answer, code in codes.items():
        if told.count(code) > 1:
            found.fault(answer, "has the code of another answer as well")
    return codes


def _refuse_doubled(top: Table, items: list[MappedItem], ignored: frozenset[str]) -> None:
    """Note link ids of the EHR's that mean two things: two items, an item and a group, or nothing at all."""
    links = [one.link_id for one in items]
    groups = {group for one in items for group in one.groups}
    for one in items:
        if not one.link_id.strip():
            continue
        key = f"items.{one.ours}.link_id"
        if links.count(one.link_id) > 1:
            top.fault(key, "is the link id of another item as well")
        elif one.link_id in groups:
            top.fault(key, "is the link id of a group as well")
        elif one.link_id in ignored:
            top.fault(key, "is ignored as well")
    for group in sorted(groups & ignored):
        top.fault("ignored", f"names the group {group}, whose items count")
