"""The bodies of acts on an alert: every fault at once, none repeating what was sent."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from fhir_mappings.alert_states import Act
from fhir_mappings.errors import Fault
from fhir_mappings.repair import repair_steps
from fhir_mappings.vocabulary import DISMISSAL_REASON_TERMS
from service.api.v1.act_models import LONGEST_WORDS, PERSON
from service.api.v1.fields import Fields
from service.flows.act_on_alert import PersonsAct

_PERSON = re.compile(PERSON)
_OUTCOMES: Mapping[str, Act] = {"repaired": "resolve-repaired", "unresolved": "resolve-unresolved"}
_REASONS = tuple(term.code for term in DISMISSAL_REASON_TERMS.terms)


def read_acknowledgement(value: Mapping[str, Any], person: str | None = None) -> PersonsAct:
    """Return what the body of ``acknowledge`` says; raises ``FaultsInRequest``, as those below do.

    ``person`` is whom the credential names: ``by`` may then be left out.
    """
    fields = Fields(value, ("by", "note"))
    done = PersonsAct("acknowledge", read_person(fields, person), words=_words(fields, "note"))
    fields.refuse_faults()
    return done


def read_repair_step(value: Mapping[str, Any], person: str | None = None) -> PersonsAct:
    """Return what the body of ``repair-steps`` says."""
    fields = Fields(value, ("by", "step", "text"))
    step, words = _one_of(fields, "step", repair_steps(), required=False), _words(fields, "text")
    if step is None and words is None and fields.is_sound("step") and fields.is_sound("text"):
        fields.faults.append(Fault("step", "required", "Name a step, or tell it in text."))
    done = PersonsAct("repair-steps", read_person(fields, person), step=step, words=words)
    fields.refuse_faults()
    return done


def read_resolution(value: Mapping[str, Any], person: str | None = None) -> PersonsAct:
    """Return what the body of ``resolve`` says."""
    fields = Fields(value, ("by", "outcome", "note"))
    outcome = _one_of(fields, "outcome", _OUTCOMES)
    by, words = read_person(fields, person), _words(fields, "note")
    fields.refuse_faults()
    return PersonsAct(_OUTCOMES[outcome or ""], by, words=words)


def read_dismissal(value: Mapping[str, Any], person: str | None = None) -> PersonsAct:
    """Return what the body of ``dismiss`` says."""
    fields = Fields(value, ("by", "reason", "note"))
    reason = _one_of(fields, "reason", _REASONS)
    done = PersonsAct("dismiss", read_person(fields, person), reason=reason, words=_words(fields, "note"))
    fields.refuse_faults()
    return done


def read_person(fields: Fields, person: str | None) -> str:
    """Return who acts, from ``by``; ``person`` is whom the credential names: it may then be left out."""
    if person is not None and fields.text("by") is None and fields.is_sound("by"):
        return person
    by = fields.short_text("by")
    if fields.is_sound("by") and not _PERSON.fullmatch(by):
        message = "Must be the reference of a Practitioner or PractitionerRole."
        fields.faults.append(Fault("by", "wrong-reference", message))
    return by


def _one_of(fields: Fields, name: str, known: Collection[str], *, required: bool = True) -> str | None:
    found = fields.text(name)
    if found is None:
        if required and fields.is_sound(name):
            fields.faults.append(Fault(name, "required", f"One of {', '.join(known)}."))
        return None
    if found not in known:
        fields.faults.append(Fault(name, "unknown-choice", f"One of {', '.join(known)}."))
    return found


def _words(fields: Fields, name: str) -> str | None:
    found = fields.text(name)
    if found is not None and not found.strip():
        fields.faults.append(Fault(name, "required", "The text must not be blank."))
    elif found is not None and len(found) > LONGEST_WORDS:
        fields.faults.append(Fault(name, "too-long", f"At most {LONGEST_WORDS} characters are kept."))
    elif found is not None and "\x00" in found:  # PostgreSQL keeps none
        fields.faults.append(Fault(name, "unprintable", "Control characters are not taken."))
    return found
