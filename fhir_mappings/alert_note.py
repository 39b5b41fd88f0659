"""The words of a note about an alert, for an EHR that takes neither DetectedIssue nor Task. Pure.

A note is written when the alert tells people something anew (it opened, rose, came again, closed), never for
a click: whoever reads a chart would otherwise find one for every step. Nobody's own words are in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fhir_mappings.alert import AlertFacts
from fhir_mappings.terminology import POSSIBLE_STRAIN_DISPLAY
from fhir_mappings.vocabulary import DISMISSAL_REASON_TERMS

CAUTION = "Decision support from ratings alone: no finding and no diagnosis."
_NEWS: Mapping[str, str] = MappingProxyType(
    {"opened": "opened", "raised": "now marked", "again": "low again", "closed": "closed"}
)
_ENDS: Mapping[str, str] = MappingProxyType(
    {
        "repaired": "Closed: a person recorded it as repaired.",
        "unresolved": "Closed: a person recorded that it stayed unresolved.",
        "withdrawn": "Withdrawn: the ratings as they are now do not show it.",
        "closed-by-scores": "Closed: the scores are back in the usual range, and nobody had acted.",
        "entered-in-error": "Entered in error: it should never have been there.",
    }
)


@dataclass(frozen=True, slots=True)
class NoteWords:
    """Title and text of a note; the text is plain, its paragraphs parted by blank lines."""

    title: str
    text: str


def note_words(alert: AlertFacts) -> NoteWords | None:
    """Return the words of the note about one version of an alert, None where the version tells nothing anew.

    What is said of the scores is the alert's own text; what people did is told by its status alone.
    """
    if alert.news not in _NEWS:
        return None
    basis = f"Rule {alert.rule}, method {alert.method}, norms {alert.norms}."
    paragraphs = (
        f"{POSSIBLE_STRAIN_DISPLAY}: {_NEWS[alert.news]}\nRaised {alert.raised_at}.",
        _end(alert) if alert.news == "closed" else "",
        alert.text,
        f"{basis}\n{CAUTION}",
    )
    text = "\n\n".join(one for one in paragraphs if one) + "\n"
    return NoteWords(f"{POSSIBLE_STRAIN_DISPLAY}: {_NEWS[alert.news]}", text)


def _end(alert: AlertFacts) -> str:
    """Return why an alert asks for nothing any more; one in repair closes when the scores come back."""
    if alert.status == "dismissed":
        reason = alert.dismissal and DISMISSAL_REASON_TERMS.display_of(alert.dismissal)
        return f"Dismissed by a person: {reason}." if reason else "Dismissed by a person."
    return _ENDS.get(alert.status, "The scores are back in the usual range; a person is still at work on it.")
