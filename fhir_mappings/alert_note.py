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

CAUTION = "Decision support: it says neither that there is a rupture nor that there is none. No diagnosis."
_REPORTED = "reported"
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


def is_worth_a_note(alert: AlertFacts) -> bool:
    """Tell whether this version of an alert tells people something anew."""
    return alert.news in _NEWS


def note_words(alert: AlertFacts) -> NoteWords:
    """Return the words of the note about one version of an alert; its title says what is new, or the status.

    What is said of the scores is the alert's own text; what people did is told by its status alone.
    """
    title = f"{POSSIBLE_STRAIN_DISPLAY}: {_NEWS.get(alert.news, alert.status)}"
    basis = f"Rule {alert.rule}, method {alert.method}, norms {alert.norms}."
    paragraphs = (
        f"{title}\nRaised {alert.raised_at}.",
        _end(alert) if alert.news == "closed" else "",
        alert.text,
        f"{basis}\n{CAUTION}",
    )
    return NoteWords(title, "\n\n".join(one for one in paragraphs if one))


def _end(alert: AlertFacts) -> str:
    """Return why an alert asks for nothing any more; one in repair closes when the scores come back."""
    if alert.status == "dismissed":
        reason = alert.dismissal and DISMISSAL_REASON_TERMS.display_of(alert.dismissal)
        return f"Dismissed by a person: {reason}." if reason else "Dismissed by a person."
    if alert.rule == _REPORTED and alert.status == "closed-by-scores":
        return "Closed: a later report gives it as resolved, and nobody had acted."
    if alert.rule == _REPORTED and alert.status not in _ENDS:
        return "A later report gives it as resolved; a person is still at work on it."
    return _ENDS.get(alert.status, "The scores are back in the usual range; a person is still at work on it.")
