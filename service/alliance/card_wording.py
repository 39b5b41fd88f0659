"""What a card in the EHR says, in one sentence and in a few: of a possible strain, or of a form that is due.

Like every text of ours it says neither that there is a rupture nor that there is none; whoever reads it is
busy with something else, so it asks for one look and no more.
"""

from collections.abc import Sequence

from service.alliance.session_names import SessionName

# "One-sentence, <140-character": cds-hooks.hl7.org/2.0, "Card Attributes".
LONGEST_SUMMARY = 139


def strain_summary(session: SessionName, severity: str, told: str) -> str:
    """Return the sentence about a possible strain; ``told`` is what this version of the alert tells anew.

    Example: "Possible strain in the alliance after session 7, marked."
    """
    again = {"again": ", low again", "raised": ", now marked"}.get(told, "")
    how = again or (", marked" if severity == "marked" else "")
    return f"Possible strain in the alliance after {session}{how}."


def due_summary(measures: Sequence[str]) -> str:
    """Return the sentence about forms that are due, by their short titles.

    Example: "Due at this session: SRS, WAI-SR." Where they are too many for a card, they are counted.
    """
    named = f"Due at this session: {', '.join(measures)}."
    return named if len(named) <= LONGEST_SUMMARY else f"{len(measures)} forms are due at this session."


def overdue_summary(measures: Sequence[str]) -> str:
    """Return the sentence about forms that were wanted in a session that went by.

    Example: "Not filled in when planned: WAI-SR."
    """
    named = f"Not filled in when planned: {', '.join(measures)}."
    return (
        named if len(named) <= LONGEST_SUMMARY else f"{len(measures)} forms were not filled in when planned."
    )


def due_line(measure: str, first: int, last: int, last_rated: int | None) -> str:
    """Return when a form is wanted; sessions are attended ones, counted from 1.

    Example: "WAI-SR: wanted in sessions 5 to 7; last filled in at session 2."
    """
    when = f"session {first}" if first == last else f"sessions {first} to {last}"
    before = "never filled in" if last_rated is None else f"last filled in at session {last_rated}"
    return f"{measure}: wanted in {when}; {before}."
