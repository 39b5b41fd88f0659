"""Whether a filled form says all that its scores need."""

from collections.abc import Mapping, Sequence

from fhir_mappings.filled import Answer, Answers, Score
from fhir_mappings.instrument import AnyItem, Instrument, ScoreRule


def is_complete(instrument: Instrument, answers: Answers, scores: Sequence[Score]) -> bool:
    """Return whether every score that these answers leave open has a value.

    A score that counts what was seen is never missing, though its peak has no value where nothing was seen.
    Nor is one whose items another answer closed: no rupture happened, so that its intensity is not asked for.
    A form without scores is complete.
    """
    given = answers.by_link_id
    closed = {item.link_id for item in instrument.all_items if not _is_open(item, given)}
    rules = instrument.score_by_id
    return all(score.value is not None or _may_be_absent(rules[score.id], closed) for score in scores)


def _may_be_absent(rule: ScoreRule, closed: set[str]) -> bool:
    return rule.missing == "blank-is-not-seen" or closed.issuperset(rule.items)


def _is_open(item: AnyItem, given: Mapping[str, Answer]) -> bool:
    """Return whether an item is asked for; a choice is kept as a tuple of codes."""
    condition = item.enabled_when
    return condition is None or given.get(condition.link_id) in (condition.value, (condition.value,))
