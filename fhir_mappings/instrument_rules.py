"""What must hold between the parts of an instrument file: ranges, keys and cut-offs that fit each other.

Each check raises ``InstrumentFileError`` naming the key of the table that it was given.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from fhir_mappings.instrument import CutOff, Instrument, Item, ScoreRule
from fhir_mappings.toml_table import Table


def find_double(ids: Iterable[str]) -> str | None:
    """Return the first id that stands there a second time, or None."""
    seen: set[str] = set()
    for entry in ids:
        if entry in seen:
            return entry
        seen.add(entry)
    return None


def check_item(table: Table, item: Item) -> None:
    """Refuse an item without room between minimum and maximum, or whose step does not divide that room."""
    if item.minimum >= item.maximum:
        raise table.fault("minimum", "must be less than the maximum")
    if item.step <= 0 or (item.maximum - item.minimum) % item.step != 0:
        raise table.fault("step", "must be more than 0 and divide the range without rest")


def check_score(table: Table, rule: ScoreRule, items: Sequence[Item], earlier: Sequence[ScoreRule]) -> None:
    """Refuse a score whose key, id or range does not follow from the items and the scores before it.

    By convention a mean, and only a mean, has an id that ends in ``-mean``.
    """
    if (rule.kind == "mean") != rule.id.endswith("-mean"):
        raise table.fault("id", "ends in -mean where, and only where, the kind is mean")
    _check_parts(table, rule, earlier)
    by_link_id = {item.link_id: item for item in items}
    for link_id in rule.items:
        if link_id not in by_link_id:
            raise table.fault("items", f"names an item that the form does not have: {link_id}")
    keyed = [by_link_id[link_id] for link_id in rule.items]
    divisor = len(keyed) if rule.kind == "mean" else 1
    for key, given, sum_of_items in (
        ("minimum", rule.minimum, sum(item.minimum for item in keyed)),
        ("maximum", rule.maximum, sum(item.maximum for item in keyed)),
    ):
        if given * divisor != sum_of_items:
            raise table.fault(key, "is not what the items give")


def _check_parts(table: Table, rule: ScoreRule, earlier: Sequence[ScoreRule]) -> None:
    """Refuse parts that are not sums of items, do not stand before the total, or share an item."""
    plain = {score.id: score for score in earlier if score.kind == "sum" and not score.parts}
    for part in rule.parts:
        if part not in plain:
            raise table.fault("parts", f"names no sum of items that stands before it: {part}")
    if rule.parts and sum(len(plain[part].items) for part in rule.parts) != len(rule.items):
        raise table.fault("parts", "counts an item twice")


def check_cut_off(table: Table, cut_off: CutOff, items: Sequence[Item], scores: Sequence[ScoreRule]) -> None:
    """Refuse a cut-off that names no score of the form, or whose value nothing could cross."""
    if cut_off.kind == "any-item-below":
        if cut_off.score is not None:
            raise table.fault("score", "has no place in any-item-below")
        if any(item.reversed for item in items):
            raise table.fault("kind", "any-item-below has no meaning on a form with reversed items")
        ranges = [(item.minimum, item.maximum) for item in items]
    else:
        ranges = [_score_range(table, cut_off, scores)]
    if not all(low < cut_off.value <= high for low, high in ranges):
        raise table.fault("value", "lies where nothing can cross it")


def _score_range(table: Table, cut_off: CutOff, scores: Sequence[ScoreRule]) -> tuple[Decimal, Decimal]:
    """Return the open lower and closed upper bound of a cut-off on one score."""
    rule = next((score for score in scores if score.id == cut_off.score), None)
    if rule is None:
        raise table.fault("score", "names no score of the form")
    if cut_off.kind == "score-fell-by":
        if rule.id != "total":
            raise table.fault("score", "a fall is judged on the total only")
        return Decimal(0), rule.maximum - rule.minimum
    return rule.minimum, rule.maximum


def check_bare_total(top: Table, instrument: Instrument) -> None:
    """Refuse ``bare_total`` on a form whose total is not the plain sum of all its items.

    A total alone then says all that the form's scores say; its step is that of the items.
    """
    if not instrument.bare_total:
        return
    total = instrument.score_by_id.get("total")
    if (
        len(instrument.scores) != 1
        or total is None
        or len(total.items) != len(instrument.items)
        or total.missing != "complete-only"
        or len({item.step for item in instrument.items}) != 1
    ):
        raise top.fault("bare_total", "needs one score, a complete-only total of all items with one step")
