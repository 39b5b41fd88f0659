"""The words for what is wrong with an answer; no message repeats a value that was sent."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

from fhir_mappings.errors import Fault

Reason = Literal[
    "unknown-item",
    "below-minimum",
    "above-maximum",
    "wrong-step",
    "not-a-number",
    "wrong-type",
    "unknown-choice",
    "doubled-choice",
    "exclusive-choice",
    "too-long",
    "not-enabled",
    "missing-answer",
    "total-mismatch",
    "total-not-accepted",
    "total-incomplete",
    "nothing-answered",
]

# Far more than a note after a session needs; FHIR's own limit is a megabyte.
LONGEST_TEXT = 4000


class Limits(Protocol):
    """What says what a number may be, such as an item; ``step`` None: any number between both ends."""

    @property
    def minimum(self) -> Decimal: ...  # noqa: D102 - as it is called
    @property
    def maximum(self) -> Decimal: ...  # noqa: D102 - the same
    @property
    def step(self) -> Decimal | None: ...  # noqa: D102 - the same


@dataclass(frozen=True, slots=True)
class Range:
    """What a number may be; ``step`` is None where it is compared with the marks instead."""

    minimum: Decimal
    maximum: Decimal
    step: Decimal | None


def fault(at: str, reason: Reason, allowed: Limits | None = None, wanted: str = "a number") -> Fault:
    """Return the fault with its sentence; ``wanted`` is what a value of the wrong type should have been."""
    low, high, step = (allowed.minimum, allowed.maximum, allowed.step) if allowed else (None, None, None)
    messages: dict[Reason, str] = {
        "unknown-item": "The form has no item with this link id.",
        "below-minimum": f"The number is below the minimum of {low}.",
        "above-maximum": f"The number is above the maximum of {high}.",
        "wrong-step": f"The number is not a multiple of {step} from {low} on.",
        "not-a-number": "This is not a number.",
        "wrong-type": f"The value has the wrong type; {wanted} is expected.",
        "unknown-choice": "The form has no such choice here.",
        "doubled-choice": "A choice is named twice.",
        "exclusive-choice": "One of these choices can only stand alone.",
        "too-long": f"The text is longer than {LONGEST_TEXT} characters.",
        "not-enabled": "This item is only answered where another one has a certain answer.",
        "missing-answer": "This item must be answered.",
        "total-mismatch": "The total is not what the answers add up to.",
        "total-not-accepted": "This form does not accept a total without its answers.",
        "total-incomplete": "A total was sent beside answers that are not all there.",
        "nothing-answered": "There is neither an answer nor a total.",
    }
    return Fault(at, reason, messages[reason])
