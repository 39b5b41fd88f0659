"""What an alert says of a strain that somebody reported, in whole sentences.

It tells who said it and of which session, and takes no side: a report is one person's view.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from service.alliance.episodes import Course
from service.alliance.phrases import DEFAULT_LANGUAGE, Phrases, phrases_in
from service.alliance.session_names import SessionName
from service.alliance.strain_type import Teller

ReportKind = Literal["self-report", "check-in", "checklist"]


@dataclass(frozen=True, slots=True)
class ReportWords:
    """One report: on which kind of form, by whom, of which session.

    ``intensity`` and ``resolution`` are marks from 1 to 5, None where they were left blank. Those of a
    checklist are not told: an alert's text goes to an EHR, and they do not.
    """

    kind: ReportKind
    by: Teller
    session: SessionName
    intensity: int | None = None
    resolution: int | None = None


@dataclass(frozen=True, slots=True)
class ReportGone:
    """A report (its form's short title) that was withdrawn since, or says otherwise now."""

    form: str
    withdrawn: bool


def report_sentence(report: ReportWords, phrases: Phrases) -> str:
    """Return one sentence about a report.

    Example: "The client reported a strain in session 5: intensity 4 of 5, resolved 2 of 5."
    """
    told = {"who": phrases.say("names", report.by), "session": phrases.session(report.session)}
    if report.kind != "self-report":
        return phrases.say("report", report.kind.replace("-", "_"), **told)
    marks = [
        phrases.say("report", key, mark=mark)
        for key, mark in (("intensity", report.intensity), ("resolution", report.resolution))
        if mark is not None
    ]
    return phrases.say("report", "strain_marks" if marks else "strain", **told, marks=", ".join(marks))


def reported_text(
    reports: Sequence[ReportWords],
    scores: Sequence[str],
    course: Course,
    closed_at: SessionName | None,
    language: str = DEFAULT_LANGUAGE,
) -> str:
    """Return the text of an alert that a report opened; the first report is the one that did.

    ``scores`` are sentences about scores that signalled since; ``closed_at`` goes with *recovered*.
    """
    phrases = phrases_in(language)
    sentences = [
        phrases.say("report", "opening", session=phrases.session(reports[0].session)),
        *(report_sentence(report, phrases) for report in reports),
        *scores,
        _course(course, closed_at, phrases),
        phrases.say("report", "observer_cannot_say" if reports[0].by == "observer" else "cannot_say"),
        phrases.say("alert", "next_step"),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def gone_sentence(gone: ReportGone, phrases: Phrases) -> str:
    """Return one sentence about a report that no longer stands as it was."""
    return phrases.say(
        "unsupported", "report_withdrawn" if gone.withdrawn else "report_changed", form=gone.form
    )


def _course(course: Course, closed_at: SessionName | None, phrases: Phrases) -> str:
    if course == "recovered":
        if closed_at is None:
            return phrases.say("report", "resolved")
        return phrases.say("report", "resolved_of", session=phrases.session(closed_at))
    return phrases.say("report", "not_resolved") if course == "not-recovered" else ""
