"""One answer to one item: as given, or why it cannot be taken."""

import re
from collections.abc import Mapping
from decimal import Decimal

from fhir_mappings.answer_faults import LONGEST_TEXT, Limits, Reason, fault
from fhir_mappings.errors import Fault
from fhir_mappings.filled import Answer
from fhir_mappings.instrument import AnyItem, ChoiceItem, FlagItem, Instrument, Item, TextItem
from fhir_mappings.scoring import plain

# Digits beyond any step in use; more of them would only be zeros (1.000…0) and could fill the memory.
_KEPT_PLACES = 12
_LAST_PLACE = Decimal("1E-12")
# What a FHIR string must not hold (hl7.org/fhir/R4/datatypes.html#string), and what UTF-8 cannot write.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def read_answers(
    instrument: Instrument, given: Mapping[str, object]
) -> tuple[dict[str, Answer], list[Fault]]:
    """Return the answers by link id and the faults, both in item order; unknown items are not looked at.

    An item that another one closes must be blank; an open one that is required must not.
    """
    found: dict[str, Answer] = {}
    faults: dict[str, Fault] = {}
    for item in instrument.all_items:
        sent = given.get(item.link_id)
        answer = None if sent is None else read_answer(item, sent)
        if not _is_open(item, found, faults):
            answer = None if answer is None else fault(item.link_id, "not-enabled")
        elif answer is None and item.required:
            answer = fault(item.link_id, "missing-answer")
        if isinstance(answer, Fault):
            faults[item.link_id] = answer
        elif answer is not None:
            found[item.link_id] = answer
    return found, list(faults.values())


def _is_open(item: AnyItem, found: Mapping[str, Answer], faults: Mapping[str, Fault]) -> bool:
    """Return whether an item may be answered; it may where the other item has a fault and nobody can tell."""
    if item.enabled_when is None or item.enabled_when.link_id in faults:
        return True
    answer = found.get(item.enabled_when.link_id)
    return answer in (item.enabled_when.value, (item.enabled_when.value,))


def read_answer(item: AnyItem, given: object) -> Answer | Fault | None:
    """Return the answer as it was given, its fault, or None where it is empty (no choice, a blank text).

    Numbers are ``Decimal`` or ``int``, yes or no ``bool``, one choice its code, several a list of codes.
    """
    match item:
        case Item():
            number = read_number(given, item)
            return number if isinstance(number, Decimal) else fault(item.link_id, number, item)
        case FlagItem():
            return given if isinstance(given, bool) else fault(item.link_id, "wrong-type", wanted="yes or no")
        case TextItem():
            return _read_text(item, given)
    return _read_choices(item, given)


def read_number(given: object, allowed: Limits) -> Decimal | Reason:
    """Return the number as it was given (9.20 stays 9.20), or why it cannot be taken.

    Text is no number; a ``float`` is a programming error of the caller (``wrong-type``).
    """
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


def _read_text(item: TextItem, given: object) -> str | Fault | None:
    if not isinstance(given, str) or _UNWRITABLE.search(given):
        return fault(item.link_id, "wrong-type", wanted="text without control characters")
    if len(given) > LONGEST_TEXT:
        return fault(item.link_id, "too-long")
    return given if given.strip() else None


def _read_choices(item: ChoiceItem, given: object) -> tuple[str, ...] | Fault | None:
    """Return the chosen codes in the order of the item's list."""
    codes = given if item.several else [given]
    wanted = "a list of codes" if item.several else "one code"
    if not isinstance(codes, list | tuple) or not all(isinstance(code, str) for code in codes):
        return fault(item.link_id, "wrong-type", wanted=wanted)
    options = item.options.options
    if not {option.code for option in options}.issuperset(codes):
        return fault(item.link_id, "unknown-choice")
    if len(set(codes)) != len(codes):
        return fault(item.link_id, "doubled-choice")
    if len(codes) > 1 and any(option.exclusive and option.code in codes for option in options):
        return fault(item.link_id, "exclusive-choice")
    return tuple(option.code for option in options if option.code in codes) or None
