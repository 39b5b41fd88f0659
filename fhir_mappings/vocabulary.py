"""Our own lists of words beside the measures: who answers, kinds of rupture, what becomes of an alert.

Each list is one CodeSystem and one ValueSet of all its codes. The words are those of the alerts' JSON, so
that one word is used everywhere.
"""

from dataclasses import dataclass

PERSPECTIVES = "alliance-perspectives"


@dataclass(frozen=True, slots=True)
class Term:
    """One code with the words shown for it and what it means."""

    code: str
    display: str
    definition: str


@dataclass(frozen=True, slots=True)
class TermList:
    """One list of words; ``id`` names its CodeSystem and its ValueSet."""

    id: str
    title: str
    terms: tuple[Term, ...]

    def display_of(self, code: str) -> str:
        """Return the words shown for a code. Raises ``KeyError`` for one that the list does not have."""
        return {term.code: term.display for term in self.terms}[code]


PERSPECTIVE_TERMS = TermList(
    PERSPECTIVES,
    "Perspectives on the alliance",
    (
        Term("client", "Client", "The person in therapy answers"),
        Term("therapist", "Therapist", "The therapist answers"),
        Term("observer", "Observer", "Somebody who watched or heard the session answers"),
        Term("carer", "Carer", "A parent or other carer answers, about the person in therapy"),
    ),
)

# Withdrawal and confrontation: Eubanks et al. 2015, Rupture Resolution Rating System (3RS).
RUPTURE_TYPE_TERMS = TermList(
    "rupture-types",
    "Types of strain in the alliance",
    (
        Term("unknown", "Unknown", "Nobody has said which; scores alone never can"),
        Term("withdrawal", "Withdrawal", "Moving away from the therapist or the work"),
        Term("confrontation", "Confrontation", "Moving against the therapist or the work"),
        Term("mixed", "Mixed", "Both withdrawal and confrontation"),
    ),
)

RUPTURE_TYPE_SOURCE_TERMS = TermList(
    "rupture-type-sources",
    "Who said which type of strain it is",
    (
        Term("none", "None", "Nobody: the type is unknown"),
        Term("observer-3RS", "Observer, by markers", "An observer's marks on the rupture-marker checklist"),
        Term("client-report", "Client's report", "The client said so"),
        Term("therapist-report", "Therapist's report", "The therapist said so"),
    ),
)

ALERT_STATUS_TERMS = TermList(
    "alert-statuses",
    "What people did about an alert",
    (
        Term("open", "Open", "Nobody has acted yet"),
        Term("acknowledged", "Acknowledged", "A person has seen it and will look into it"),
        Term("in-repair", "In repair", "The strain is being talked about"),
        Term("repaired", "Repaired", "A person says that it is repaired; scores alone never do"),
        Term("unresolved", "Unresolved", "A person says that it stayed unresolved"),
        Term("dismissed", "Dismissed", "A person says that it is not a strain to act on"),
        Term("closed-by-scores", "Closed by scores", "The scores returned before anybody acted"),
        Term("withdrawn", "Withdrawn", "The data that it rested on no longer support it"),
        Term("entered-in-error", "Entered in error", "It should never have been there"),
    ),
)

SCORE_COURSE_TERMS = TermList(
    "alert-score-courses",
    "What the scores did after an alert",
    (
        Term("low", "Low", "Scores are still below the usual range"),
        Term("recovered", "Recovered", "Scores are back in the usual range"),
        Term("not-recovered", "Not recovered", "Scores had time to return and have not"),
    ),
)

SEVERITY_TERMS = TermList(
    "alert-severities",
    "How far scores fell below the usual range",
    (
        Term("watch", "Watch", "A small fall: shown in the trend, no alert"),
        Term("possible", "Possible", "A fall that makes a strain possible"),
        Term("marked", "Marked", "A marked fall"),
    ),
)

DISMISSAL_REASON_TERMS = TermList(
    "alert-dismissal-reasons",
    "Why an alert was dismissed",
    (
        Term("not-a-strain", "Not a strain", "The alliance is not under strain"),
        Term("known-cause", "Known cause", "The scores fell for another reason, which is known"),
        Term("data-error", "Error in the data", "The scores are wrong"),
        Term("other", "Other", "Another reason, said in words"),
    ),
)

ALERT_TASK_TERMS = TermList(
    "alert-tasks",
    "Work that an alert asks for",
    (
        Term(
            "review-possible-strain",
            "Review a possible strain in the alliance",
            "Look at the scores and talk with the client about how the work together goes",
        ),
    ),
)

TERM_LISTS = (
    PERSPECTIVE_TERMS,
    RUPTURE_TYPE_TERMS,
    RUPTURE_TYPE_SOURCE_TERMS,
    ALERT_STATUS_TERMS,
    SCORE_COURSE_TERMS,
    SEVERITY_TERMS,
    DISMISSAL_REASON_TERMS,
    ALERT_TASK_TERMS,
)
