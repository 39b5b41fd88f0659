"""The scores and cut-offs of an instrument file; what has a fault is read as None (``item_tables.py``)."""

from collections.abc import Mapping
from typing import get_args

from fhir_mappings.instrument import (
    AnyItem,
    CutOff,
    CutOffKind,
    CutOffUse,
    Direction,
    MissingRule,
    ScoreKind,
    ScoreRule,
)
from fhir_mappings.instrument_rules import check_cut_off, check_score, find_double
from fhir_mappings.toml_table import Table

_SCORE_KEYS = (
    *("id", "title", "kind", "items", "parts", "missing", "minimum", "maximum", "observed", "source"),
    "direction",
)
_CUT_OFF_KEYS = (
    *("id", "kind", "score", "value", "inclusive", "status", "source", "use", "age_from", "age_to"),
    "enabled",
)

Items = Mapping[str, AnyItem | None]
Scores = Mapping[str, ScoreRule | None]


def read_scores(top: Table, items: Items) -> dict[str, ScoreRule | None]:
    """Return the scores of a file by id, in file order; None for one with a fault."""
    found: dict[str, ScoreRule | None] = {}
    ids: list[str] = []
    for table in top.tables("scores", required=False):
        rule = _score(table, items, found)
        if table.sound:
            check_score(table, rule, items, found)
        ids.append(rule.id)
        found[rule.id] = rule if table.sound else None
        if rule.id in items and rule.kind != "answer":
            top.fault("scores", f"shares an id with an item: {rule.id}")
    if (double := find_double(ids)) is not None:
        top.fault("scores", f"names a score id twice: {double}")
    return found


def _score(table: Table, items: Items, earlier: Scores) -> ScoreRule:
    table.allow_only(*_SCORE_KEYS)
    if ("items" in table.content) == ("parts" in table.content):
        table.fault("items", "give either items or parts")
    parts = table.texts("parts") if "parts" in table.content else ()
    keyed = table.texts("items") if "items" in table.content else _items_of(parts, items, earlier)
    return ScoreRule(
        id=table.id("id"),
        title=table.text("title"),
        kind=table.word("kind", get_args(ScoreKind)),
        items=keyed,
        parts=parts,
        missing=table.word("missing", get_args(MissingRule)),
        minimum=table.number("minimum"),
        maximum=table.number("maximum"),
        observed=table.flag("observed"),
        source=table.text("source"),
        direction=table.word("direction", get_args(Direction), "high-is-good"),
    )


def _items_of(parts: tuple[str, ...], items: Items, earlier: Scores) -> tuple[str, ...]:
    """Return the link ids of the items of all parts, in the order of the form."""
    rules = [rule for part in parts if (rule := earlier.get(part))]
    return tuple(link_id for link_id in items if any(link_id in rule.items for rule in rules))


def read_cut_offs(top: Table, items: Items, scores: Scores) -> tuple[CutOff, ...]:
    """Return the cut-offs of a file, in file order."""
    found = []
    for table in top.tables("cut_offs", required=False):
        cut_off = _cut_off(table)
        if table.sound:
            check_cut_off(table, cut_off, items, scores)
        found.append(cut_off)
    if (double := find_double([cut_off.id for cut_off in found])) is not None:
        top.fault("cut_offs", f"names a cut-off id twice: {double}")
    return tuple(found)


def _cut_off(table: Table) -> CutOff:
    table.allow_only(*_CUT_OFF_KEYS)
    return CutOff(
        id=table.id("id"),
        kind=table.word("kind", get_args(CutOffKind)),
        score=table.text("score") if "score" in table.content else None,
        value=table.number("value"),
        inclusive=table.flag("inclusive"),
        status=table.word("status", ("published", "local")),
        source=table.text("source"),
        use=table.word("use", get_args(CutOffUse), "check-in"),
        age_from=table.years("age_from"),
        age_to=table.years("age_to"),
        enabled=table.flag("enabled", default=True),
    )
