"""Checked answers as plain JSON values, for whoever keeps them, and back: nothing is lost."""

from collections.abc import Mapping
from decimal import Decimal

from fhir_mappings.filled import Answer, Answers, answers_by_kind
from fhir_mappings.instrument import Instrument


def keep_answers(answers: Answers) -> dict[str, str | bool | list[str]]:
    """Return answers by link id: numbers as decimal text, texts as they are, flags, lists of codes.

    A bare total is none of them. Example: ``{"item-1": "9.20"}``.
    """
    return {link_id: _kept(answer) for link_id, answer in answers.by_link_id.items()}


def restore_answers(
    instrument: Instrument, kept: Mapping[str, str | bool | list[str]], total: Decimal | None = None
) -> Answers:
    """Return the answers that ``keep_answers`` gave, with the bare total where there is one.

    A link id that the instrument does not have is a ``KeyError``: what was kept was checked once.
    """
    rated = instrument.rated_by_link_id
    restored = {link_id: _restored(value, rated=rated[link_id]) for link_id, value in kept.items()}
    return answers_by_kind(restored, total)


def _kept(answer: Answer) -> str | bool | list[str]:
    if isinstance(answer, Decimal):
        return format(answer, "f")
    return list(answer) if isinstance(answer, tuple) else answer


def _restored(value: str | bool | list[str], *, rated: bool) -> Answer:  # noqa: FBT001 - a yes or no answer
    if isinstance(value, list):
        return tuple(value)
    return Decimal(value) if rated else value
