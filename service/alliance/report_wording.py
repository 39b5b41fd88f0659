"""What an alert says of a strain that somebody reported, in whole sentences.

It tells who said it and of which session, and takes no side: a report is one person's view.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from service.alliance.episodes import Course
from service.alliance.session_names import SessionName
from service.alliance.strain_type import Teller

ReportKind = Literal["self-report", "check-in", "checklist"]
CANNOT_SAY = "A report is one person's view of a session; it says neither how the other saw it, nor why."
OBSERVER_CANNOT_SAY = "An observer's view of a session says neither how the two in it saw it, nor why."
NEXT_STEP = "You could open the next session by asking how the last one felt."


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


def report_sentence(report: ReportWords) -> str:
    """Return one sentence about a report.

    Example: "The client reported a strain in session 5: intensity 4 of 5, resolved 2 of 5."
    """
    who = "An observer" if report.by == "observer" else f"The {report.by}"
    if report.kind == "check-in":
        return f"{who} marked the work as not on track in {report.session}."
    if report.kind == "checklist":
        return f"{who} marked signs of strain in {report.session}."
    marks = [
        *([f"intensity {report.intensity} of 5"] if report.intensity is not None else []),
        *([f"resolved {report.resolution} of 5"] if report.resolution is not None else []),
    ]
    told = f"{who} reported a strain in {report.session}"
    return f"{told}: {', '.join(marks)}." if marks else f"{told}."


def reported_text(
    reports: Sequence[ReportWords], scores: Sequence[str], course: Course, closed_at: SessionName | None
) -> str:
    """Return the text of an alert that a report opened; the first report is the one that did.

    ``scores`` are sentences about scores that signalled since; ``closed_at`` goes with *recovered*.
    """
    sentences = [
        f"Reported strain after {reports[0].session}.",
        *map(report_sentence, reports),
        *scores,
        _course(course, closed_at),
        OBSERVER_CANNOT_SAY if reports[0].by == "observer" else CANNOT_SAY,
        NEXT_STEP,
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def gone_sentence(gone: ReportGone) -> str:
    """Return one sentence about a report that no longer stands as it was."""
    return f"{gone.form} then; {'withdrawn since' if gone.withdrawn else 'it says otherwise now'}."


def _course(course: Course, closed_at: SessionName | None) -> str:
    if course == "recovered":
        where = f" of {closed_at}" if closed_at else ""
        return f"A later report{where} gives it as resolved; whether it is, only the two can say."
    return "No later report has given it as resolved so far." if course == "not-recovered" else ""
