"""What must hold between the parts of an instrument file: ranges, keys and cut-offs that fit each other.

Each check notes a fault at the key of the table that it was given. What it compares with may be None: it is
there but has a fault of its own, so that nothing more can be said.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from fhir_mappings.instrument import AnyItem, CutOff, Instrument, Item, ScoreRule, TextItem
from fhir_mappings.toml_table import Table

# By convention these kinds of score, and only these, have ids that end so.
_ENDINGS = {"mean": "-mean", "count": "-count", "peak": "-peak"}
# An Observation's id is that of its response (36 characters), a full stop and its part; FHIR allows 64.
LONGEST_PART = 27


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
        table.fault("minimum", "must be less than the maximum")
    if item.step <= 0 or (item.maximum - item.minimum) % item.step != 0:
        table.fault("step", "must be more than 0 and divide the range without rest")


def check_score(
    table: Table,
    rule: ScoreRule,
    items: Mapping[str, AnyItem | None],
    earlier: Mapping[str, ScoreRule | None],
) -> None:
    """Refuse a score whose key, id, missing rule or range does not follow from items and earlier scores."""
    if len(rule.id) > LONGEST_PART:
        table.fault("id", f"of a score has at most {LONGEST_PART} characters")
    for kind, ending in _ENDINGS.items():
        if (rule.kind == kind) != rule.id.endswith(ending):
            table.fault("id", f"ends in {ending} where, and only where, the kind is {kind}")
    _check_missing(table, rule)
    _check_parts(table, rule, earlier)
    keyed = _keyed(table, rule, items)
    if not table.sound or None in [*keyed, *(earlier[part] for part in rule.parts)]:
        return
    rated = [item for item in keyed if isinstance(item, Item)]
    if rule.kind not in ("sum", "mean") and any(item.reversed for item in rated):
        table.fault("items", f"a reversed item has no place in a score of kind {rule.kind}")
    low, high = _range(rule, rated)
    divisor = len(rated) if rule.kind == "mean" else 1
    for key, given, expected in (("minimum", rule.minimum, low), ("maximum", rule.maximum, high)):
        if given * divisor != expected:
            table.fault(key, "is not what the items give")


def _check_missing(table: Table, rule: ScoreRule) -> None:
    if (rule.kind in ("count", "peak")) != (rule.missing == "blank-is-not-seen"):
        table.fault("missing", "is blank-is-not-seen where, and only where, the kind is count or peak")
    if rule.kind == "answer" and (rule.missing != "complete-only" or rule.items != (rule.id,)):
        table.fault("items", "an answer has one item, that of its own id, and is complete-only")


def _check_parts(table: Table, rule: ScoreRule, earlier: Mapping[str, ScoreRule | None]) -> None:
    """Refuse parts that are not sums of items, do not stand before the total, or share an item."""
    counted = 0
    for part in rule.parts:
        score = earlier.get(part)
        counted += len(score.items) if score else 0
        if part not in earlier or (score and (score.kind != "sum" or score.parts)):
            table.fault("parts", f"names no sum of items that stands before it: {part}")
    if rule.parts and rule.kind not in ("sum", "mean"):
        table.fault("parts", "have a place in a sum or a mean only")
    if counted > len(rule.items):
        table.fault("parts", "counts an item twice")


def _keyed(table: Table, rule: ScoreRule, items: Mapping[str, AnyItem | None]) -> list[AnyItem | None]:
    for link_id in rule.items:
        if link_id not in items:
            table.fault("items", f"names an item that the form does not have: {link_id}")
        elif not isinstance(items[link_id], Item | None):
            table.fault("items", f"names an item that is not answered by a number: {link_id}")
    return [items.get(link_id) for link_id in rule.items]


def _range(rule: ScoreRule, items: Sequence[Item]) -> tuple[Decimal, Decimal]:
    """Return the lowest and highest value that the items can give; of a mean, that of their sum."""
    if rule.kind == "count":
        return Decimal(0), Decimal(len(items))
    lows, highs = [item.minimum for item in items], [item.maximum for item in items]
    if rule.kind == "peak":
        return min(lows), max(highs)
    return sum(lows, Decimal(0)), sum(highs, Decimal(0))


def check_cut_off(
    table: Table,
    cut_off: CutOff,
    items: Mapping[str, AnyItem | None],
    scores: Mapping[str, ScoreRule | None],
) -> None:
    """Refuse a cut-off that names no score of the form, or whose value or ages nothing could cross."""
    if cut_off.age_from is not None and cut_off.age_to is not None and cut_off.age_from > cut_off.age_to:
        table.fault("age_from", "must not be above age_to")
    if cut_off.kind == "any-item-below":
        ranges = _item_ranges(table, cut_off, items)
    else:
        ranges = _score_ranges(table, cut_off, scores)
    if table.sound and not all(low < cut_off.value <= high for low, high in ranges):
        table.fault("value", "lies where nothing can cross it")


def _item_ranges(
    table: Table, cut_off: CutOff, items: Mapping[str, AnyItem | None]
) -> list[tuple[Decimal, Decimal]]:
    if cut_off.score is not None:
        table.fault("score", "has no place in any-item-below")
    rated = [item for item in items.values() if isinstance(item, Item)]
    if not rated and None not in items.values():
        table.fault("kind", "any-item-below needs items that are answered by a number")
    if any(item.reversed for item in rated):
        table.fault("kind", "any-item-below has no meaning on a form with reversed items")
    return [(item.minimum, item.maximum) for item in rated]


def _score_ranges(
    table: Table, cut_off: CutOff, scores: Mapping[str, ScoreRule | None]
) -> list[tuple[Decimal, Decimal]]:
    """Return the open lower and closed upper bound of a cut-off on one score; none where it has a fault."""
    if cut_off.score is None or cut_off.score not in scores:
        table.fault("score", "names no score of the form")
        return []
    rule = scores[cut_off.score]
    if rule is None:
        return []
    if cut_off.kind == "score-below":
        return [(rule.minimum, rule.maximum)]
    if rule.id != "total":
        table.fault("score", "a fall is judged on the total only")
    return [(Decimal(0), rule.maximum - rule.minimum)]


def check_form(top: Table, instrument: Instrument) -> None:
    """Refuse what the form as a whole must not have.

    ``bare_total`` needs a total that is the plain sum of all items: a total alone then says all that the
    form's scores say, and its step is that of the items. Own words never go to an EHR, so a form that asks
    for them is not pushed whole. An observed item has a link id that fits into an Observation's id.
    """
    total = instrument.score_by_id.get("total")
    if instrument.bare_total and (
        len(instrument.scores) != 1
        or total is None
        or len(total.items) != len(instrument.all_items)
        or total.missing != "complete-only"
        or len({item.step for item in instrument.items}) != 1
    ):
        top.fault("bare_total", "needs one score, a complete-only total of all items with one step")
    if instrument.push == "always" and any(isinstance(item, TextItem) for item in instrument.all_items):
        top.fault("push", "must be scores-only or never where an item asks for own words")
    if instrument.observed_items and any(len(item.link_id) > LONGEST_PART for item in instrument.all_items):
        top.fault("observed_items", f"needs link ids of at most {LONGEST_PART} characters")
