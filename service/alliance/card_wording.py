"""What a card in the EHR says, in one sentence and in a few: of a possible strain, or of a form that is due.

Like every text of ours it says neither that there is a rupture nor that there is none; whoever reads it is
busy with something else, so it asks for one look and no more.
"""

from collections.abc import Sequence
from datetime import date

from service.alliance.phrases import DEFAULT_LANGUAGE, phrases_in
from service.alliance.session_names import SessionName

# "One-sentence, <140-character": cds-hooks.hl7.org/2.0, "Card Attributes".
LONGEST_SUMMARY = 139


def strain_summary(
    session: SessionName,
    severity: str,
    told: str,
    language: str = DEFAULT_LANGUAGE,
    *,
    ended: date | None = None,
) -> str:
    """Return the sentence about a possible strain; ``told`` is what this version of the alert tells anew.

    ``ended`` is the day on which treatment ended, None while it goes on as far as we know.
    Example: "Possible strain in the alliance after session 7, marked. Treatment ended on 2026-03-02."
    """
    phrases = phrases_in(language)
    is_marked = "strain_marked" if severity == "marked" else "strain"
    key = f"strain_{told}" if told in ("again", "raised") else is_marked
    summary = phrases.say("card", key, session=phrases.session(session))
    return f"{summary} {phrases.say('card', 'ended', day=ended.isoformat())}" if ended else summary


def due_summary(measures: Sequence[str], language: str = DEFAULT_LANGUAGE) -> str:
    """Return the sentence about forms that are due, by their short titles.

    Example: "Due at this session: SRS, WAI-SR." Where they are too many for a card, they are counted.
    """
    return _named_or_counted("due", measures, language)


def overdue_summary(measures: Sequence[str], language: str = DEFAULT_LANGUAGE) -> str:
    """Return the sentence about forms that were wanted in a session that went by.

    Example: "Not filled in when planned: WAI-SR."
    """
    return _named_or_counted("overdue", measures, language)


def due_line(
    measure: str, first: int, last: int, last_rated: int | None, language: str = DEFAULT_LANGUAGE
) -> str:
    """Return when a form is wanted; sessions are attended ones, counted from 1.

    Example: "WAI-SR: wanted in sessions 5 to 7; last filled in at session 2."
    """
    phrases = phrases_in(language)
    when = phrases.say("card", "when_one" if first == last else "when_several", first=first, last=last)
    key = "wanted_never" if last_rated is None else "wanted_since"
    return phrases.say("card", key, form=measure, when=when, last=last_rated)


def _named_or_counted(key: str, measures: Sequence[str], language: str) -> str:
    phrases = phrases_in(language)
    named = phrases.say("card", key, forms=", ".join(measures))
    return named if len(named) <= LONGEST_SUMMARY else phrases.say("card", f"{key}_many", count=len(measures))
