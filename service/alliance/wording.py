"""What an alert says to a clinician, in whole sentences.

The shape: which session and how strong; the score against the client's own usual range; what fell most; how
complete the ratings are; what scores did since; what a score cannot say; one next step, offered.

It never says that a rupture was found or ruled out, that anything is mended, what kind of strain it is, whose
doing it is, or how likely anything is. Kind and cause are for the two people in the room.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from service.alliance.episodes import Course
from service.alliance.events import Severity
from service.alliance.marking import Marking
from service.alliance.report_wording import (
    NEXT_STEP,
    ReportGone,
    ReportWords,
    gone_sentence,
    report_sentence,
)
from service.alliance.session_names import SessionName
from service.alliance.words import counted, number, span

CANNOT_SAY = "A score cannot say what kind of strain this is, or why."


@dataclass(frozen=True, slots=True)
class SignalWords:
    """One score that signalled, in its instrument's points, with the usual range at that time.

    ``instrument`` is a short title (``SRS``); ``places`` its decimal places; ``earlier`` how many ratings the
    usual range rests on. ``marking``: which other rule than the default marked it; then the usual range is
    not why, and is not told.
    """

    instrument: str
    score: float
    usual_low: float
    usual_high: float
    earlier: int
    places: int = 1
    marking: Marking | None = None


@dataclass(frozen=True, slots=True)
class PartChange:
    """An item or subscale by its short descriptor (``Approach``), at the rating before and at this one.

    ``id`` is its link id or the subscale's (``item-3``, ``bond``), '' where nobody asks for it.
    """

    name: str
    before: float
    now: float
    places: int = 1
    id: str = ""

    @property
    def fall(self) -> float:
        """Return the points lost (negative where it rose)."""
        return self.before - self.now


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """Everything an alert's text is made of.

    ``parts`` are marks of one range, so that their falls compare; empty where only a total is known.
    ``unrated`` counts attended sessions up to this one without a form, None where attendance is unknown.
    ``others`` are signals of the dyad's other series, ``reports`` what people said since. ``recovered_at``
    goes with the course *recovered*.
    """

    severity: Severity
    course: Course
    session: SessionName
    signal: SignalWords
    parts: Sequence[PartChange] = ()
    unrated: int | None = None
    others: Sequence[SignalWords] = ()
    reports: Sequence[ReportWords] = ()
    recovered_at: SessionName | None = None
    assumed_norm: bool = False


@dataclass(frozen=True, slots=True)
class ThenAndNow:
    """One score that signalled, and the same rating as it is now; ``now`` None: it was withdrawn."""

    then: SignalWords
    now: SignalWords | None


def unsupported_text(session: SessionName, changes: Sequence[ThenAndNow | ReportGone]) -> str:
    """Return the text of an alert that ratings and reports, as they are now, no longer support.

    Example: "Noted after session 5 as a possible strain; the ratings as they are now do not show it. SRS 28.0
    then, usual range 33.9 to 39.6; 37.2 now, usual range 33.9 to 39.6. What people noted about it stays."
    """
    sentences = [
        f"Noted after {session} as a possible strain; the ratings as they are now do not show it.",
        *map(_then_and_now, changes),
        "What people noted about it stays.",
    ]
    return " ".join(sentences)


def _then_and_now(change: ThenAndNow | ReportGone) -> str:
    if isinstance(change, ReportGone):
        return gone_sentence(change)
    then = change.then
    before = f"{then.instrument} {_with_range('then', then)}"
    if change.now is None:
        return f"{before}; withdrawn since."
    if then.marking is not None and change.now.marking is None:
        return f"{before}; {number(change.now.score, change.now.places)} now."
    return f"{before}; {_with_range('now', change.now)}."


def _with_range(when: str, signal: SignalWords) -> str:
    told = f"{number(signal.score, signal.places)} {when}"
    if signal.marking is not None:
        limit = number(signal.marking.limit_in(signal.places), signal.places)
        return f"{told}, where the rule {signal.marking.rule} marked {limit} and less"
    return f"{told}, usual range {span(signal.usual_low, signal.usual_high, signal.places)}"


def alert_text(facts: AlertFacts) -> str:
    """Return the text of an alert: five to eight short sentences in one paragraph.

    Example: "Marked dip after session 5, possible strain. SRS 28.0; this client's usual range so far: 33.9
    to 39.6 (4 ratings). Approach fell most, 9.2 → 5.8. No form missing. A score cannot say what kind of
    strain this is, or why. You could open the next session by asking how the last one felt."
    """
    sentences = [
        _opening(facts),
        _signal(facts.signal, "this client's usual range so far"),
        _fell_most(facts.parts),
        *map(signal_sentence, facts.others),
        *map(report_sentence, facts.reports),
        _missing_forms(facts.unrated),
        _course(facts),
        _assumed_norm(facts) if facts.assumed_norm else "",
        CANNOT_SAY,
        NEXT_STEP,
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _opening(facts: AlertFacts) -> str:
    if facts.severity == "marked":
        return f"Marked dip after {facts.session}, possible strain."
    return f"Possible strain after {facts.session}."


def signal_sentence(signal: SignalWords) -> str:
    """Return one sentence about a score of another series than the one that opened the alert."""
    return _signal(signal, "usual range there")


def _assumed_norm(facts: AlertFacts) -> str:
    what = "range" if facts.signal.marking is None else "judgement"
    return f"The norm behind this {what} is assumed, not this clinic's own."


def _signal(signal: SignalWords, range_name: str) -> str:
    score = number(signal.score, signal.places)
    if signal.marking is not None:
        return f"{signal.instrument} {score}; {_marked(signal, signal.marking)}."
    usual = span(signal.usual_low, signal.usual_high, signal.places)
    return f"{signal.instrument} {score}; {range_name}: {usual} ({counted(signal.earlier, 'rating')})."


def _marked(signal: SignalWords, marking: Marking) -> str:
    """Return what another rule than the default saw: "the rule x marks 33.0 and less here (…)"."""
    figures = (marking.limit_in(signal.places), marking.mean, marking.last)
    limit, mean, last = (number(one, signal.places) for one in figures)
    before = f"on average {mean}, the last {last}" if signal.earlier > 1 else last
    counts = f"{counted(signal.earlier, 'rating')} before: {before}"
    return f"the rule {marking.rule} marks {limit} and less here ({counts})"


def fell_most(parts: Sequence[PartChange]) -> PartChange | None:
    """Return the part that lost most points, the first of several; None where none fell."""
    most = max(parts, key=lambda part: part.fall, default=None)
    return None if most is None or most.fall <= 0 else most


def _fell_most(parts: Sequence[PartChange]) -> str:
    most = fell_most(parts)
    if most is None:
        return ""
    return f"{most.name} fell most, {number(most.before, most.places)} → {number(most.now, most.places)}."


def _missing_forms(unrated: int | None) -> str:
    if unrated is None:
        return "Whether forms are missing is not known."
    return f"{counted(unrated, 'form')} missing." if unrated else "No form missing."


def _course(facts: AlertFacts) -> str:
    if facts.course == "recovered":
        where = f" since {facts.recovered_at}" if facts.recovered_at else ""
        return f"The score is back in the usual range{where}; whether the strain has passed, it cannot say."
    if facts.course == "not-recovered":
        return "The score has not come back to the usual range so far."
    return ""
