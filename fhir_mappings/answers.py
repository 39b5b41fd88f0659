"""Do these answers fit this instrument? All faults at once, none repeating a value that was sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from fhir_mappings.errors import AnswersRefused, Fault
from fhir_mappings.filled import Answers
from fhir_mappings.instrument import Instrument
from fhir_mappings.scoring import plain, score

Reason = Literal[
    "unknown-item",
    "below-minimum",
    "above-maximum",
    "wrong-step",
    "not-a-number",
    "wrong-type",
    "total-mismatch",
    "total-not-accepted",
    "total-incomplete",
    "nothing-answered",
]

TOTAL = "total"

# The link id of an unknown item is the sender's own text: it is repeated only where it looks like one.
_LINK_ID = re.compile(r"[A-Za-z0-9._/-]{1,64}")
# Digits beyond any step in use; more of them would only be zeros (1.000…0) and could fill the memory.
_KEPT_PLACES = 12
_LAST_PLACE = Decimal("1E-12")


@dataclass(frozen=True, slots=True)
class _Range:
    """What a number may be; ``step`` is None where it is compared with the marks instead."""

    minimum: Decimal
    maximum: Decimal
    step: Decimal | None


def check_answers(
    instrument: Instrument, answers: Mapping[str, object], total: object | None = None
) -> Answers:
    """Return the answers in item order, blanks (None) left out, each as given: 9.20 stays 9.20.

    Numbers are ``Decimal`` or ``int``; text is no number (``not-a-number``), and a ``float`` is a programming
    error of the caller (``wrong-type``). ``total`` is a total sent along: alone it is taken where the form
    accepts a bare total; beside marks it must agree with them (see ``agrees``) and is then dropped.

    Raises ``AnswersRefused`` with every fault: those of items in item order, unknown items in the order sent,
    then the total. ``Fault.at`` is the link id, ``total``, or empty for the form as a whole.
    """
    values: dict[str, Decimal] = {}
    faults: list[Fault] = []
    for item in instrument.items:
        given = answers.get(item.link_id)
        if given is None:
            continue
        allowed = _Range(item.minimum, item.maximum, item.step)
        number = _read(given, allowed)
        if isinstance(number, Decimal):
            values[item.link_id] = number
        else:
            faults.append(_fault(item.link_id, number, allowed))
    faulty = [fault.at for fault in faults]
    faults += _unknown_items(instrument, answers)
    bare_total = None
    if total is not None and (values or faulty):
        faults += _contradictions(instrument, values, faulty, total)
    elif total is not None:
        bare_total = _bare_total(instrument, total, faults)
    elif not values and not faults:
        faults.append(_fault("", "nothing-answered"))
    if faults:
        raise AnswersRefused(faults)
    return Answers(values, bare_total)


def agrees(claimed: Decimal, computed: Decimal) -> bool:
    """Return whether a score that was sent is the one we compute: off by at most half its last digit.

    The tolerance is 0.5 points for a whole number, 0.05 for one decimal place, 0.005 from two places on.
    """
    exponent = claimed.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    tolerance = Decimal(5).scaleb(-1 - min(places, 2))
    return abs(claimed - computed) <= tolerance


def canonical_answers(instrument: Instrument, answers: Answers) -> str:
    """Return the one text for equal answers, for content hashes: 9.2 and 9.20 give the same.

    Example: ``item-1=9.2;item-3=8``, in item order without blanks; ``total=35.9`` for a bare total.
    """
    entries = [
        f"{item.link_id}={plain(answers.values[item.link_id])}"
        for item in instrument.items
        if item.link_id in answers.values
    ]
    if answers.total is not None:
        entries.append(f"{TOTAL}={plain(answers.total)}")
    return ";".join(entries)


def _read(given: object, allowed: _Range) -> Decimal | Reason:
    """Return the number as it was given, or why it cannot be taken."""
    number = _number(given)
    if not isinstance(number, Decimal):
        return number
    if number < allowed.minimum:
        return "below-minimum"
    if number > allowed.maximum:
        return "above-maximum"
    # Rounded before anything is computed: with a far exponent the remainder would be lost, and pass as 0.
    short = number.quantize(_LAST_PLACE)
    if allowed.step is not None and (short != number or (short - allowed.minimum) % allowed.step != 0):
        return "wrong-step"
    return _kept(number, short)


def _number(given: object) -> Decimal | Reason:
    if isinstance(given, str):
        return "not-a-number"
    if isinstance(given, bool) or not isinstance(given, int | Decimal):
        return "wrong-type"
    number = Decimal(given)
    return number if number.is_finite() else "not-a-number"


def _kept(number: Decimal, short: Decimal) -> Decimal:
    """Return the number as given, but the plain form of -0, 1E+1 and of endless zeros."""
    exponent = number.as_tuple().exponent
    as_given = isinstance(exponent, int) and -_KEPT_PLACES <= exponent <= 0 and not number.is_signed()
    return number if as_given else plain(short)


def _unknown_items(instrument: Instrument, answers: Mapping[str, object]) -> list[Fault]:
    known = {item.link_id for item in instrument.items}
    return [
        _fault(link_id if _LINK_ID.fullmatch(link_id) else "", "unknown-item")
        for link_id in answers
        if link_id not in known
    ]


def _bare_total(instrument: Instrument, total: object, faults: list[Fault]) -> Decimal | None:
    """Return the total sent without marks; where it is refused, None and one more fault."""
    rule = instrument.score_by_id.get(TOTAL)
    if rule is None or not instrument.bare_total:
        faults.append(_fault(TOTAL, "total-not-accepted"))
        return None
    allowed = _Range(rule.minimum, rule.maximum, instrument.items[0].step)
    number = _read(total, allowed)
    if isinstance(number, Decimal):
        return number
    faults.append(_fault(TOTAL, number, allowed))
    return None


def _contradictions(
    instrument: Instrument, values: Mapping[str, Decimal], faulty: list[str], total: object
) -> list[Fault]:
    """Return the fault, if any, of a total sent beside marks; with faulty marks only what is sure."""
    rule = instrument.score_by_id.get(TOTAL)
    if rule is None:
        return [_fault(TOTAL, "total-not-accepted")]
    allowed = _Range(rule.minimum, rule.maximum, None)
    number = _read(total, allowed)
    if not isinstance(number, Decimal):
        return [_fault(TOTAL, number, allowed)]
    # A faulty mark is there, only unreadable: its minimum stands in, to see if a total could exist at all.
    stand_ins = {link_id: instrument.item_by_link_id[link_id].minimum for link_id in faulty}
    computed = next(s.value for s in score(instrument, Answers({**values, **stand_ins})) if s.id == TOTAL)
    if computed is None:
        return [_fault(TOTAL, "total-incomplete")]
    if not faulty and not agrees(number, computed):
        return [_fault(TOTAL, "total-mismatch")]
    return []


def _fault(at: str, reason: Reason, allowed: _Range | None = None) -> Fault:
    low, high, step = (allowed.minimum, allowed.maximum, allowed.step) if allowed else (None, None, None)
    messages: dict[Reason, str] = {
        "unknown-item": "The form has no item with this link id.",
        "below-minimum": f"The number is below the minimum of {low}.",
        "above-maximum": f"The number is above the maximum of {high}.",
        "wrong-step": f"The number is not a multiple of {step} from {low} on.",
        "not-a-number": "This is not a number.",
        "wrong-type": "The value has the wrong type; a number is expected.",
        "total-mismatch": "The total is not what the answers add up to.",
        "total-not-accepted": "This form does not accept a total without its answers.",
        "total-incomplete": "A total was sent beside answers that are not all there.",
        "nothing-answered": "There is neither an answer nor a total.",
    }
    return Fault(at, reason, messages[reason])
