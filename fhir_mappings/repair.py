"""Steps that people take to repair a strain: the words of the reflection form; one list serves both."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from fhir_mappings.alert_states import AlertStatus
from fhir_mappings.catalogue import shipped_instruments
from fhir_mappings.codes import Names
from fhir_mappings.elements import Json, coding, concept, reference
from fhir_mappings.instrument import ChoiceItem
from fhir_mappings.vocabulary import ALERT_STATUS_TERMS

STEPS = "repair-steps"
IN_OWN_WORDS = "A step towards repair, told in the service's own records"
_FORM = "session-reflection-therapist"
REPAIRED: AlertStatus = "repaired"


@dataclass(frozen=True, slots=True)
class Mitigation:
    """One thing that a person did about a strain, without what was said of it.

    ``step`` is one of ``repair_steps()``, ``repaired`` for a person's word that it is mended, or None for a
    step told in own words, which never leave the service. ``at`` is a time with offset, ``by`` a reference.
    """

    step: str | None
    at: str
    by: str


@cache
def repair_steps() -> Mapping[str, str]:
    """Return the codes of repair steps with the words shown for them, in file order.

    What stands alone there ("none yet") is no step. Source: instruments/session-reflection-therapist.toml.
    """
    items = shipped_instruments()[_FORM].all_items
    lists = [item.options for item in items if isinstance(item, ChoiceItem) and item.options.id == STEPS]
    return {one.code: one.display for one in lists[0].options if not one.exclusive}


def to_mitigation(done: Mitigation, names: Names) -> Json:
    """Return one entry of ``DetectedIssue.mitigation``; free text is never in it.

    Source: hl7.org/fhir/R4/detectedissue-definitions.html#DetectedIssue.mitigation.
    """
    return {"action": _action(done.step, names), "date": done.at, "author": reference(done.by)}


def _action(step: str | None, names: Names) -> Json:
    if step is None:
        return {"text": IN_OWN_WORDS}
    if step == REPAIRED:
        display = ALERT_STATUS_TERMS.display_of(step)
        return concept(coding(names.vocabulary(ALERT_STATUS_TERMS.id), step, display))
    return concept(coding(names.vocabulary(STEPS), step, repair_steps()[step]))
