"""Choose the rung on which an EHR takes each kind of delivery, and say why in plain words. Pure.

The choice rests on what is allowed: declared, granted by the token and let through by the vendor's profile
(``allowed.py``). The profile names which rungs may be taken at all, the best first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from service.ehr.allowed import NOT_DECLARED, TRANSACTION
from service.ehr.capabilities import Capabilities
from service.ehr.ladder import LADDER, Rung

ALERT_TYPES = ("DetectedIssue", "Task", "Flag")
DEFINITION_TYPES = ("Device", "CodeSystem", "ValueSet", "Questionnaire")
_RESPONSE = "QuestionnaireResponse"
_SCORE = "Observation"
_NOTES = {Rung.DOCUMENT: "DocumentReference", Rung.COMMUNICATION: "Communication"}


@dataclass(frozen=True, slots=True)
class Choice:
    """The rung of one kind of delivery, the resource types that go there, and why this one."""

    rung: Rung
    types: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Rungs:
    """The choice for each kind.

    ``response``: forms whose answers may go there whole; ``scores``: forms of which only scores may;
    ``alert``; ``definition``: our forms and codes.
    """

    response: Choice
    scores: Choice
    alert: Choice
    definition: Choice


def choose_rungs(allowed: Capabilities, order: Sequence[Rung] = LADDER) -> Rungs:
    """Return what goes into an EHR in which form.

    ``order`` are the rungs that may be taken, the best first; those of a profile's file.
    """
    return Rungs(
        response=choose_for_response(allowed, order, whole=True),
        scores=choose_for_response(allowed, order, whole=False),
        alert=choose_for_alert(allowed, order),
        definition=_choose_definition(allowed),
    )


def choose_for_response(allowed: Capabilities, order: Sequence[Rung], *, whole: bool) -> Choice:
    """Return the choice for a form whose answers may go there ``whole``, or whose scores alone may."""
    return _choose((_RESPONSE, _SCORE) if whole else (_SCORE,), allowed, order)


def choose_for_alert(allowed: Capabilities, order: Sequence[Rung]) -> Choice:
    """Return the choice for alerts."""
    taken = tuple(one for one in ALERT_TYPES if allowed.of(one).create)
    if taken:
        return Choice(Rung.RESOURCES, taken, _takes(taken, ALERT_TYPES, allowed))
    for rung in order:
        if rung in _NOTES and allowed.of(_NOTES[rung]).create:
            return _as_note(rung, ALERT_TYPES, allowed)
    return _held((*ALERT_TYPES, *_notes_in(order)), allowed)


def explain(rungs: Rungs) -> list[str]:
    """Return one sentence for each kind of delivery: what goes there, in which form, and why."""
    kinds = (
        ("Responses", rungs.response),
        ("Responses of which only scores may go", rungs.scores),
        ("Alerts", rungs.alert),
        ("Our forms and codes", rungs.definition),
    )
    return [f"{kind}: {choice.rung}. {_sentence(choice.reason)}" for kind, choice in kinds]


def _choose(wanted: tuple[str, ...], allowed: Capabilities, order: Sequence[Rung]) -> Choice:
    taken = tuple(one for one in wanted if allowed.of(one).create)
    for rung in order:
        if rung is Rung.TRANSACTION and allowed.transaction and taken:
            return Choice(rung, taken, f"{_takes(taken, wanted, allowed)}, all in one transaction")
        if rung is Rung.ONE_BY_ONE and _RESPONSE in taken:
            after = "first and each score after it" if _SCORE in taken else "alone"
            lone = "" if allowed.transaction else f" and no transaction ({_why_not(TRANSACTION, allowed)})"
            reason = f"{_takes(taken, wanted, allowed)}{lone}, so the response goes {after}"
            return Choice(rung, taken, reason)
        if rung is Rung.OBSERVATIONS and _SCORE in taken:
            reason = f"{_takes((_SCORE,), wanted, allowed)}, so the scores go one by one"
            return Choice(rung, (_SCORE,), reason)
        if rung in _NOTES and allowed.of(_NOTES[rung]).create:
            return _as_note(rung, wanted, allowed)
    return _held((*wanted, *_notes_in(order)), allowed)


def _choose_definition(allowed: Capabilities) -> Choice:
    offered = {one: allowed.of(one) for one in DEFINITION_TYPES}
    taken = tuple(one for one, of in offered.items() if of.create or of.update_create)
    left = tuple(one for one in DEFINITION_TYPES if one not in taken)
    waits = "; nothing waits for them" if left else ""
    if not taken:
        return Choice(Rung.HELD, (), f"this EHR takes {_none_of(left, allowed)}{waits}")
    rest = f" and {_none_of(left, allowed)}" if left else ""
    return Choice(Rung.RESOURCES, taken, f"this EHR takes {_listed(taken, 'and')}{rest}{waits}")


def _as_note(rung: Rung, wanted: Sequence[str], allowed: Capabilities) -> Choice:
    note = _NOTES[rung]
    if any(allowed.of(one).create for one in wanted):
        return Choice(rung, (note,), f"the profile has a note ({note}) go before anything else")
    reason = f"this EHR takes {_none_of(wanted, allowed)}, so a note ({note}) goes, for people to read"
    return Choice(rung, (note,), reason)


def _held(wanted: Sequence[str], allowed: Capabilities) -> Choice:
    return Choice(Rung.HELD, (), f"this EHR takes {_none_of(wanted, allowed)} from us")


def _takes(taken: Sequence[str], wanted: Sequence[str], allowed: Capabilities) -> str:
    left = [one for one in wanted if one not in taken]
    rest = f" and {_none_of(left, allowed)}" if left else ""
    return f"this EHR takes {_listed(taken, 'and')}{rest}"


def _none_of(types: Sequence[str], allowed: Capabilities) -> str:
    """Return the types that are not taken, with the reasons: ``no Task or Flag (not declared)``."""
    by_reason: dict[str, list[str]] = {}
    for one in types:
        by_reason.setdefault(_why_not(one, allowed), []).append(one)
    return " and ".join(f"no {_listed(some, 'or')} ({reason})" for reason, some in by_reason.items())


def _notes_in(order: Sequence[Rung]) -> list[str]:
    return [_NOTES[rung] for rung in order if rung in _NOTES]


def _why_not(name: str, allowed: Capabilities) -> str:
    return allowed.why_not.get(name) or NOT_DECLARED


def _listed(types: Sequence[str], word: str) -> str:
    return f"{', '.join(types[:-1])} {word} {types[-1]}" if len(types) > 1 else types[0]


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}."
