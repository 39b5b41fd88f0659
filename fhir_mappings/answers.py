"""Do these answers fit this instrument? All faults at once, none repeating a value that was sent."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from fhir_mappings.answer_faults import Range, fault
from fhir_mappings.errors import AnswersRefused, Fault
from fhir_mappings.filled import Answer, Answers, answers_by_kind
from fhir_mappings.instrument import Instrument
from fhir_mappings.item_answers import read_answers, read_number
from fhir_mappings.scoring import plain, score

TOTAL = "total"
_KEPT_NUMBERS = 1024

# The link id of an unknown item is the sender's own text: it is repeated only where it looks like one.
_LINK_ID = re.compile(r"[A-Za-z0-9._/-]{1,64}")


# What an unfinished form may lack.
_MAY_LACK = frozenset({"missing-answer", "nothing-answered"})


def check_answers(
    instrument: Instrument,
    answers: Mapping[str, object],
    total: object | None = None,
    *,
    unfinished: bool = False,
) -> Answers:
    """Return the answers in item order, blanks (None) left out, each as given: 9.20 stays 9.20.

    Numbers are ``Decimal`` or ``int``; text is no number (``not-a-number``), and a ``float`` is a programming
    error of the caller (``wrong-type``). Yes or no is a ``bool``, one choice its code, several a list of
    codes. ``total`` is a total sent along: alone it is taken where the form accepts a bare total; beside
    marks it must agree with them (see ``agrees``) and is then dropped. An ``unfinished`` form may lack any
    answer; those that it has are checked all the same.

    Raises ``AnswersRefused`` with every fault: those of items in item order, unknown items in the order sent,
    then the total. ``Fault.at`` is the link id, ``total``, or empty for the form as a whole.
    """
    found, faults = read_answers(instrument, answers)
    checked = answers_by_kind(found)
    faulty = [one.at for one in faults if one.at in instrument.item_by_link_id]
    faults += _unknown_items(instrument, answers)
    bare_total = None
    if total is not None and (found or faulty):
        faults += _contradictions(instrument, checked, faulty, total)
    elif total is not None:
        bare_total = _bare_total(instrument, total, faults)
    elif not found and not faults:
        faults.append(fault("", "nothing-answered"))
    if unfinished:
        faults = [one for one in faults if one.reason not in _MAY_LACK]
    if faults:
        raise AnswersRefused(faults)
    return checked if bare_total is None else Answers({}, bare_total)


def derived_answers(derived: Instrument, answers: Answers) -> Answers:
    """Return the answers of a form that are answers of a form derived from it, too; maybe none.

    Example: answers of ``wai-sr-client`` -> those to its items 9, 10 and 11, which make up ``wai-b3-client``.
    A bare total yields nothing.
    """
    own = {item.link_id for item in derived.all_items}
    return answers_by_kind({link_id: one for link_id, one in answers.by_link_id.items() if link_id in own})


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

    Example: ``item-1=9.2;item-3=8``, in item order without blanks; ``total=35.9`` for a bare total. Yes and
    no are ``true`` and ``false``, choices and texts JSON: ``signs=["silence"]``.
    """
    given = answers.by_link_id
    entries = [
        f"{item.link_id}={_canonical(given[item.link_id])}"
        for item in instrument.all_items
        if item.link_id in given
    ]
    if answers.total is not None:
        entries.append(f"{TOTAL}={plain(answers.total)}")
    return ";".join(entries)


def _canonical(answer: Answer) -> str:
    return _canonical_number(answer) if isinstance(answer, Decimal) else json.dumps(answer)


# Equal numbers have one text, and a form's marks are few.
@lru_cache(maxsize=_KEPT_NUMBERS)
def _canonical_number(number: Decimal) -> str:
    return str(plain(number))


def _unknown_items(instrument: Instrument, answers: Mapping[str, object]) -> list[Fault]:
    return [
        fault(link_id if _LINK_ID.fullmatch(link_id) else "", "unknown-item")
        for link_id in answers
        if link_id not in instrument.rated_by_link_id
    ]


def _bare_total(instrument: Instrument, total: object, faults: list[Fault]) -> Decimal | None:
    """Return the total sent without marks; where it is refused, None and one more fault."""
    rule = instrument.score_by_id.get(TOTAL)
    if rule is None or not instrument.bare_total:
        faults.append(fault(TOTAL, "total-not-accepted"))
        return None
    allowed = Range(rule.minimum, rule.maximum, instrument.items[0].step)
    number = read_number(total, allowed)
    if isinstance(number, Decimal):
        return number
    faults.append(fault(TOTAL, number, allowed))
    return None


def _contradictions(
    instrument: Instrument, checked: Answers, faulty: list[str], total: object
) -> list[Fault]:
    """Return the fault, if any, of a total sent beside marks; with faulty marks only what is sure."""
    rule = instrument.score_by_id.get(TOTAL)
    if rule is None:
        return [fault(TOTAL, "total-not-accepted")]
    allowed = Range(rule.minimum, rule.maximum, None)
    number = read_number(total, allowed)
    if not isinstance(number, Decimal):
        return [fault(TOTAL, number, allowed)]
    # A faulty mark is there, only unreadable: its minimum stands in, to see if a total could exist at all.
    stand_ins = {link_id: instrument.item_by_link_id[link_id].minimum for link_id in faulty}
    scores = score(instrument, Answers({**checked.values, **stand_ins}))
    computed = next(one.value for one in scores if one.id == TOTAL)
    if computed is None:
        return [fault(TOTAL, "total-incomplete")]
    if not faulty and not agrees(number, computed):
        return [fault(TOTAL, "total-mismatch")]
    return []
