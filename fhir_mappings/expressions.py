"""The formulas of the scores as FHIRPath, for forms that show a score while it is filled in.

We score in Python (``scoring.py``); these expressions say the same in the Questionnaire. Each score has a
variable holding its unrounded value, or nothing where too few items are answered, and a calculatedExpression
that rounds it. FHIRPath's ``round`` is half up for the positive numbers that occur here.

A bare total has no items to add up, so a form never computes one.
Source: SDC calculatedExpression and variable (hl7.org/fhir/uv/sdc/expressions.html).
"""

from fhir_mappings.elements import PANEL
from fhir_mappings.instrument import Instrument, Item, ScoreRule

SCORE_PLACES = 2


def score_variables(instrument: Instrument) -> dict[str, str]:
    """Return variable name -> FHIRPath in an order in which each uses only earlier ones.

    Scores over the same items share one variable of answers: ``taskAnswers`` is for ``task``, ``taskMean``.
    A score that is the answer to an item has none: the item itself shows it.
    """
    found: dict[str, str] = {}
    answers: dict[tuple[str, ...], str] = {}
    for rule in instrument.scores:
        if rule.kind == "answer":
            continue
        if not rule.parts and rule.items not in answers:
            answers[rule.items] = f"{_camel(rule.id)}Answers"
            found[answers[rule.items]] = _answers_path(instrument, rule)
        found[_camel(rule.id)] = (
            _sum_of_parts(rule) if rule.parts else _from_answers(rule, answers[rule.items])
        )
    return found


def calculated_expression(rule: ScoreRule) -> str:
    """Return the expression of a score item: its variable, rounded half up to two places."""
    return f"%{_camel(rule.id)}.round({SCORE_PLACES})"


def _from_answers(rule: ScoreRule, answers: str) -> str:
    """Return the unrounded value; nothing where fewer items are answered than the missing rule asks for."""
    of = len(rule.items)
    total = f"%{answers}.aggregate($this + $total, 0.0)"
    count = f"%{answers}.count()"
    if rule.kind == "count":
        return f"{count}.toDecimal()"
    if rule.kind == "peak":
        # The highest so far travels in $total, which is empty at the first answer.
        return f"%{answers}.aggregate(iif($total.empty(), $this, iif($this > $total, $this, $total)))"
    if rule.missing == "complete-only":
        value = total if rule.kind == "sum" else f"{total} / {of}"
        return f"iif({count} = {of}, {value}, {{}})"
    value = f"{total} * {of} / {count}" if rule.kind == "sum" else f"{total} / {count}"
    # 75 % of the items, rounded up: 3 of 4, 4 of 5, 9 of 12.
    return f"iif({count} >= {-(-3 * of // 4)}, {value}, {{}})"


def _sum_of_parts(rule: ScoreRule) -> str:
    """Return the sum of other scores' unrounded values; FHIRPath's ``+`` gives nothing if one is missing."""
    total = " + ".join(f"%{_camel(part)}" for part in rule.parts)
    return total if rule.kind == "sum" else f"({total}) / {len(rule.items)}"


def _camel(score_id: str) -> str:
    first, *others = score_id.split("-")
    return first + "".join(word.capitalize() for word in others)


def _answers_path(instrument: Instrument, rule: ScoreRule) -> str:
    """Return the path of the answers as they count, reversed ones turned round; in no fixed order."""
    alike: dict[str, list[str]] = {}
    for link_id in rule.items:
        item = instrument.item_by_link_id[link_id]
        alike.setdefault(_value(item) + _turned(item), []).append(link_id)
    paths = [_answers_to(link_ids) + value for value, link_ids in alike.items()]
    # combine() and not |, which would drop equal answers.
    return paths[0] + "".join(f".combine({path})" for path in paths[1:])


def _answers_to(link_ids: list[str]) -> str:
    links = " | ".join(f"'{link_id}'" for link_id in link_ids)
    return f"%resource.item.where(linkId = '{PANEL}').item.where(linkId in ({links})).answer.value"


def _value(item: Item) -> str:
    """Return what is appended to the path of an answer to get its number."""
    if item.scale is None:
        return ""
    if all(choice.code == f"{choice.weight:f}" for choice in item.scale.choices):
        # Engines differ over weight() and ordinal(); a code that is the weight itself needs neither.
        return ".code.select($this.toDecimal())"
    return ".select($this.weight())"


def _turned(item: Item) -> str:
    return f".select({item.minimum + item.maximum:f} - $this)" if item.reversed else ""
