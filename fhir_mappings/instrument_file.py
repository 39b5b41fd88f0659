"""From the text of one instrument file to an ``Instrument``, or to an error naming file, key and reason."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import PurePosixPath
from typing import get_args

from fhir_mappings.errors import InstrumentFileError
from fhir_mappings.instrument import (
    AnswerScale,
    Choice,
    CutOff,
    CutOffKind,
    Instrument,
    Item,
    MissingRule,
    Perspective,
    Push,
    ScoreKind,
    ScoreRule,
)
from fhir_mappings.instrument_rules import (
    check_bare_total,
    check_cut_off,
    check_item,
    check_score,
    find_double,
)
from fhir_mappings.toml_table import Table

# FHIR R4 Questionnaire invariant que-0.
_COMPUTER_NAME = re.compile(r"[A-Z][A-Za-z0-9_]{1,254}")
# semver.org 2.0.0 without pre-release and build: a revision in use is always a released one.
_SEMVER = re.compile(r"(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})", re.ASCII)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

_TOP_KEYS = (
    *("id", "version", "date", "name", "title", "short_title", "perspective", "status", "status_reason"),
    *("description", "timing", "looks_back", "push", "bare_total", "observed_items", "copyright", "citation"),
    *("scales", "items", "scores", "cut_offs"),
)
_SCORE_KEYS = ("id", "title", "kind", "items", "parts", "missing", "minimum", "maximum", "observed", "source")
_LINE_KEYS = ("minimum", "maximum", "step", "lower_anchor", "upper_anchor")


def load_instrument(path_name: str, text: str) -> Instrument:
    """Return the instrument that the text of one TOML file describes.

    ``path_name`` is the file's name as an operator knows it; its last part must be ``<id>.toml``.
    Raises ``InstrumentFileError`` at the first thing wrong: a key missing, unknown or of the wrong type, an
    id named twice or nowhere, a range, step or score range that does not follow from the items.
    """
    top = _parse(path_name, text)
    top.allow_only(*_TOP_KEYS)
    scales = {name: _scale(name, table) for name, table in top.named_tables("scales").items()}
    items = _items(top, scales)
    scores = _scores(top, items)
    instrument = Instrument(
        id=_file_id(top),
        version=_shaped(top, "version", _SEMVER, "must be three numbers such as 1.0.0"),
        name=_shaped(
            top, "name", _COMPUTER_NAME, "must start with a capital and hold letters, digits and _ only"
        ),
        title=top.text("title"),
        short_title=top.text("short_title"),
        perspective=top.word("perspective", get_args(Perspective)),
        status=top.word("status", ("ready", "provisional", "local")),
        status_reason=_status_reason(top),
        date=_date(top),
        description=top.text("description"),
        timing=top.text("timing"),
        looks_back=top.text("looks_back"),
        copyright=top.text("copyright"),
        citation=top.text("citation"),
        push=top.word("push", get_args(Push)),
        bare_total=top.flag("bare_total"),
        observed_items=top.flag("observed_items"),
        items=items,
        scores=scores,
        cut_offs=_cut_offs(top, items, scores),
    )
    check_bare_total(top, instrument)
    return instrument


def _parse(path_name: str, text: str) -> Table:
    try:
        return Table(path_name, "", tomllib.loads(text, parse_float=Decimal))
    except tomllib.TOMLDecodeError as error:
        raise InstrumentFileError(path_name, "(syntax)", f"not TOML: {error}") from error


def _file_id(top: Table) -> str:
    instrument_id = top.id("id")
    if PurePosixPath(top.file).name != f"{instrument_id}.toml":
        raise top.fault("id", "must be the file's name without .toml")
    return instrument_id


def _shaped(table: Table, key: str, shape: re.Pattern[str], reason: str) -> str:
    value = table.text(key)
    if not shape.fullmatch(value):
        raise table.fault(key, reason)
    return value


def _date(top: Table) -> str:
    reason = "must be a date such as 2026-11-25, in quotation marks"
    text = _shaped(top, "date", _ISO_DATE, reason)
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise top.fault("date", reason) from error
    return text


def _status_reason(top: Table) -> str:
    reason = top.text("status_reason", "")
    if (top.text("status") == "provisional") != bool(reason) and top.text("status") != "local":
        raise top.fault(
            "status_reason", "is needed where the status is provisional, and has no place beside ready"
        )
    return reason


def _scale(name: str, table: Table) -> AnswerScale:
    table.allow_only("title", "choices")
    choices = tuple(_choice(entry) for entry in table.tables("choices", required=True))
    if len(choices) == 1:
        raise table.fault("choices", "must be at least two")
    if find_double([choice.code for choice in choices]) is not None:
        raise table.fault("choices", "names a code twice")
    steps = {after.weight - before.weight for before, after in pairwise(choices)}
    if len(steps) != 1 or min(steps) <= 0:
        raise table.fault("choices", "weights must rise in equal steps")
    return AnswerScale(Table(table.file, "scales", {name: name}).id(name), table.text("title"), choices)


def _choice(table: Table) -> Choice:
    table.allow_only("code", "weight", "display")
    return Choice(table.id("code"), table.number("weight"), table.text("display"))


def _items(top: Table, scales: Mapping[str, AnswerScale]) -> tuple[Item, ...]:
    items = tuple(_item(table, scales) for table in top.tables("items", required=True))
    _refuse_double(top, "items", (item.link_id for item in items), "names a link id twice")
    return items


def _item(table: Table, scales: Mapping[str, AnswerScale]) -> Item:
    item = _choice_item(table, scales) if "scale" in table.content else _line_item(table)
    check_item(table, item)
    return item


def _choice_item(table: Table, scales: Mapping[str, AnswerScale]) -> Item:
    """Return an item answered by choice: range, step and anchors are those of its scale."""
    table.allow_only("link_id", "text", "reversed", "scale")
    scale = scales.get(table.text("scale"))
    if scale is None:
        raise table.fault("scale", "names a scale that the file does not define")
    first, second, last = scale.choices[0], scale.choices[1], scale.choices[-1]
    return Item(
        link_id=table.id("link_id"),
        text=table.text("text"),
        minimum=first.weight,
        maximum=last.weight,
        step=second.weight - first.weight,
        reversed=table.flag("reversed", default=False),
        scale=scale,
        lower_anchor=first.display,
        upper_anchor=last.display,
    )


def _line_item(table: Table) -> Item:
    table.allow_only("link_id", "text", "reversed", *_LINE_KEYS)
    return Item(
        link_id=table.id("link_id"),
        text=table.text("text"),
        minimum=table.number("minimum"),
        maximum=table.number("maximum"),
        step=table.number("step"),
        reversed=table.flag("reversed", default=False),
        scale=None,
        lower_anchor=table.text("lower_anchor"),
        upper_anchor=table.text("upper_anchor"),
    )


def _scores(top: Table, items: tuple[Item, ...]) -> tuple[ScoreRule, ...]:
    rules: list[ScoreRule] = []
    for table in top.tables("scores", required=False):
        rule = _score(table, items, rules)
        check_score(table, rule, items, rules)
        rules.append(rule)
    score_ids = [rule.id for rule in rules]
    _refuse_double(top, "scores", score_ids, "names a score id twice")
    _refuse_double(
        top, "scores", [*score_ids, *(item.link_id for item in items)], "shares an id with an item"
    )
    return tuple(rules)


def _score(table: Table, items: tuple[Item, ...], earlier: list[ScoreRule]) -> ScoreRule:
    table.allow_only(*_SCORE_KEYS)
    if ("items" in table.content) == ("parts" in table.content):
        raise table.fault("items", "give either items or parts")
    parts = table.texts("parts") if "parts" in table.content else ()
    return ScoreRule(
        id=table.id("id"),
        title=table.text("title"),
        kind=table.word("kind", get_args(ScoreKind)),
        items=_items_of(parts, items, earlier) if parts else table.texts("items"),
        parts=parts,
        missing=table.word("missing", get_args(MissingRule)),
        minimum=table.number("minimum"),
        maximum=table.number("maximum"),
        observed=table.flag("observed"),
        source=table.text("source"),
    )


def _items_of(parts: tuple[str, ...], items: tuple[Item, ...], earlier: list[ScoreRule]) -> tuple[str, ...]:
    """Return the union of the parts' items in the form's order."""
    united = {link_id for rule in earlier if rule.id in parts for link_id in rule.items}
    return tuple(item.link_id for item in items if item.link_id in united)


def _cut_offs(top: Table, items: tuple[Item, ...], scores: tuple[ScoreRule, ...]) -> tuple[CutOff, ...]:
    cut_offs = tuple(_cut_off(table, items, scores) for table in top.tables("cut_offs", required=False))
    _refuse_double(top, "cut_offs", (cut_off.id for cut_off in cut_offs), "names a cut-off id twice")
    return cut_offs


def _cut_off(table: Table, items: tuple[Item, ...], scores: tuple[ScoreRule, ...]) -> CutOff:
    table.allow_only("id", "kind", "score", "value", "inclusive", "status", "source")
    cut_off = CutOff(
        id=table.id("id"),
        kind=table.word("kind", get_args(CutOffKind)),
        score=table.text("score") if "score" in table.content else None,
        value=table.number("value"),
        inclusive=table.flag("inclusive"),
        status=table.word("status", ("published", "local")),
        source=table.text("source"),
    )
    check_cut_off(table, cut_off, items, scores)
    return cut_off


def _refuse_double(top: Table, key: str, ids: Iterable[str], reason: str) -> None:
    if (double := find_double(ids)) is not None:
        raise top.fault(key, f"{reason}: {double}")
