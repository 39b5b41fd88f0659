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
    """
    found: dict[str, str] = {}
    answers: dict[tuple[str, ...], str] = {}
    for rule in instrument.scores:
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
    items = [instrument.item_by_link_id[link_id] for link_id in rule.items]
    plain = [item for item in items if not item.reversed]
    paths = [_values(plain)] if plain else []
    paths += [
        f"{_values([item])}.select({item.minimum + item.maximum:f} - $this)"
        for item in items
        if item.reversed
    ]
    # combine() and not |, which would drop equal answers.
    return paths[0] + "".join(f".combine({path})" for path in paths[1:])


def _values(items: list[Item]) -> str:
    links = " | ".join(f"'{item.link_id}'" for item in items)
    value = f"%resource.item.where(linkId = '{PANEL}').item.where(linkId in ({links})).answer.value"
    choices = [choice for item in items if item.scale for choice in item.scale.choices]
    if not choices:
        return value
    if all(choice.code == f"{choice.weight:f}" for choice in choices):
        # Engines differ over weight() and ordinal(); a code that is the weight itself needs neither.
        return f"{value}.code.select($this.toDecimal())"
    return f"{value}.select($this.weight())"
