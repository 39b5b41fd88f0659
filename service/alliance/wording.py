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
from service.alliance.phrases import DEFAULT_LANGUAGE, Phrases, phrases_by_language, phrases_in
from service.alliance.report_wording import ReportGone, ReportWords, gone_sentence, report_sentence
from service.alliance.session_names import SessionName
from service.alliance.words import number, span


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


def unsupported_text(
    session: SessionName, changes: Sequence[ThenAndNow | ReportGone], language: str = DEFAULT_LANGUAGE
) -> str:
    """Return the text of an alert that ratings and reports, as they are now, no longer support.

    Example: "Noted after session 5 as a possible strain; the ratings as they are now do not show it. SRS 28.0
    then, usual range 33.9 to 39.6; 37.2 now, usual range 33.9 to 39.6. What people noted about it stays."
    """
    phrases = phrases_in(language)
    sentences = [
        phrases.say("unsupported", "opening", session=phrases.session(session)),
        *(_then_and_now(change, phrases) for change in changes),
        phrases.say("unsupported", "stays"),
    ]
    return " ".join(sentences)


def _then_and_now(change: ThenAndNow | ReportGone, phrases: Phrases) -> str:
    if isinstance(change, ReportGone):
        return gone_sentence(change, phrases)
    then, now = change.then, change.now
    before = _with_range("then", then, phrases)
    if now is None:
        return phrases.say("unsupported", "withdrawn", before=before)
    if then.marking is not None and now.marking is None:
        return phrases.say("unsupported", "only_now", before=before, score=number(now.score, now.places))
    return _with_range("now", now, phrases, before)


def _with_range(when: str, signal: SignalWords, phrases: Phrases, before: str = "") -> str:
    told = {
        "instrument": signal.instrument,
        "score": number(signal.score, signal.places),
        "usual": span(signal.usual_low, signal.usual_high, signal.places),
        "before": before,
    }
    if signal.marking is None:
        return phrases.say("unsupported", when, **told)
    limit = number(signal.marking.limit_in(signal.places), signal.places)
    return phrases.say("unsupported", f"{when}_marked", **told, rule=signal.marking.rule, limit=limit)


def alert_text(facts: AlertFacts, language: str = DEFAULT_LANGUAGE) -> str:
    """Return the text of an alert: five to eight short sentences in one paragraph.

    Example: "Marked dip after session 5, possible strain. SRS 28.0; this client's usual range so far: 33.9
    to 39.6 (4 ratings). Approach fell most, 9.2 → 5.8. No form missing. A score cannot say what kind of
    strain this is, or why. You could open the next session by asking how the last one felt."
    """
    phrases = phrases_in(language)
    sentences = [
        phrases.say("alert", f"opening_{facts.severity}", session=phrases.session(facts.session)),
        _signal(facts.signal, "range_own", phrases),
        _fell_most(facts.parts, phrases),
        *(_signal(other, "range_there", phrases) for other in facts.others),
        *(report_sentence(report, phrases) for report in facts.reports),
        _missing_forms(facts.unrated, phrases),
        _course(facts, phrases),
        _assumed_norm(facts, phrases) if facts.assumed_norm else "",
        phrases.say("alert", "cannot_say"),
        phrases.say("alert", "next_step"),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def split_next_step(text: str) -> tuple[str, str]:
    """Return an alert's text without the step that it ends with, and the step; '' where it ends otherwise."""
    for phrases in phrases_by_language().values():
        step = phrases.say("alert", "next_step")
        if text.endswith(step):
            return text.removesuffix(step).strip(), step
    return text, ""


def signal_sentence(signal: SignalWords, language: str = DEFAULT_LANGUAGE) -> str:
    """Return one sentence about a score of another series than the one that opened the alert."""
    return _signal(signal, "range_there", phrases_in(language))


def _assumed_norm(facts: AlertFacts, phrases: Phrases) -> str:
    return phrases.say("alert", "assumed_range" if facts.signal.marking is None else "assumed_judgement")


def _signal(signal: SignalWords, range_name: str, phrases: Phrases) -> str:
    told = {
        "instrument": signal.instrument,
        "score": number(signal.score, signal.places),
        "earlier": phrases.ratings(signal.earlier),
    }
    if signal.marking is not None:
        return phrases.say("alert", "signal_marked", **told, **_marked(signal, signal.marking, phrases))
    usual = span(signal.usual_low, signal.usual_high, signal.places)
    return phrases.say("alert", "signal", **told, range=phrases.say("alert", range_name), usual=usual)


def _marked(signal: SignalWords, marking: Marking, phrases: Phrases) -> dict[str, str]:
    """Return what another rule than the default saw."""
    figures = (marking.limit_in(signal.places), marking.mean, marking.last)
    limit, mean, last = (number(one, signal.places) for one in figures)
    several = signal.earlier > 1
    before = phrases.say("alert", "before_several", mean=mean, last=last) if several else last
    return {"rule": marking.rule, "limit": limit, "before": before}


def fell_most(parts: Sequence[PartChange]) -> PartChange | None:
    """Return the part that lost most points, the first of several; None where none fell."""
    most = max(parts, key=lambda part: part.fall, default=None)
    return None if most is None or most.fall <= 0 else most


def _fell_most(parts: Sequence[PartChange], phrases: Phrases) -> str:
    most = fell_most(parts)
    if most is None:
        return ""
    before, now = number(most.before, most.places), number(most.now, most.places)
    return phrases.say("alert", "fell_most", part=most.name, before=before, now=now)


def _missing_forms(unrated: int | None, phrases: Phrases) -> str:
    if unrated is None:
        return phrases.say("alert", "missing_unknown")
    if not unrated:
        return phrases.say("alert", "missing_none")
    return phrases.say("alert", "missing", forms=phrases.forms(unrated))


def _course(facts: AlertFacts, phrases: Phrases) -> str:
    if facts.course == "recovered":
        if facts.recovered_at is None:
            return phrases.say("alert", "back")
        return phrases.say("alert", "back_since", session=phrases.session(facts.recovered_at))
    return phrases.say("alert", "not_back") if facts.course == "not-recovered" else ""
