"""What people said about strain in the responses of a dyad: a report's yes, a session marked as off track."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fhir_mappings.filled import Answers
from fhir_mappings.instrument import Instrument
from service.alliance.events import Reported, Severity
from service.alliance.parameters import Parameters
from service.flows.load import read_answers
from service.store.responses import DyadRating, RatingRow, place_of

RULE = "reported"
METHOD = "self-report/1"
# Forms of other roles measure; their answers need not be read.
_ROLES = ("rupture", "session")
_HAPPENED, _INTENSITY, _RESOLUTION = "happened", "intensity", "resolution"
_ON_TRACK = "on-track"


@dataclass(frozen=True, slots=True)
class Report:
    """What one response reports; ``by`` is the form's perspective.

    ``happened``: a strain is reported, or the work marked as not on track (``off_track``). ``intensity`` and
    ``resolution`` are marks from 1 to 5, None where they were left blank. ``resolved``: it says that what was
    before is resolved.
    """

    by: Literal["client", "therapist"]
    happened: bool
    off_track: bool
    intensity: int | None
    resolution: int | None
    resolved: bool


def read_reports(
    ratings: Sequence[RatingRow], known: Mapping[str, Instrument], parameters: Parameters
) -> dict[str, Report]:
    """Return every report of a dyad by the id of its response."""
    found = {row.id: read_report(known[row.instrument], row, parameters) for row in ratings}
    return {key: report for key, report in found.items() if report is not None}


def read_report(form: Instrument, row: RatingRow, parameters: Parameters) -> Report | None:
    """Return what one response reports, None where its form asks about no strain or nothing was said."""
    if form.role not in _ROLES or form.perspective not in ("client", "therapist"):
        return None
    answers = read_answers(form, row.answers)
    if _HAPPENED in answers.flags:
        return _read_self_report(form, answers, parameters)
    return _read_check_in(form, answers)


def as_reported(row: RatingRow, report: Report, parameters: Parameters) -> Reported:
    """Return a report as the following of a dyad takes it."""
    return Reported(
        key=row.id,
        series=row.instrument,
        signal=_signal(report, parameters) if report.happened else None,
        resolved=report.resolved,
        historical=row.historical,
        place=place_of(row) if isinstance(row, DyadRating) else "",
    )


def _signal(report: Report, parameters: Parameters) -> Severity:
    is_strong = report.intensity is not None and report.intensity >= parameters.report_marked_intensity
    return "marked" if is_strong else "possible"


def _read_self_report(form: Instrument, answers: Answers, parameters: Parameters) -> Report:
    resolution = answers.values.get(_RESOLUTION)
    intensity = answers.values.get(_INTENSITY)
    return Report(
        by=_by(form),
        happened=answers.flags[_HAPPENED],
        off_track=False,
        intensity=None if intensity is None else int(intensity),
        resolution=None if resolution is None else int(resolution),
        resolved=resolution is not None and resolution >= parameters.report_resolved,
    )


def _read_check_in(form: Instrument, answers: Answers) -> Report | None:
    told = answers.choices.get(_ON_TRACK)
    if told is None:
        return None
    off_track = told == ("no",)
    return Report(_by(form), off_track, off_track, None, None, resolved=told == ("yes",))


def _by(form: Instrument) -> Literal["client", "therapist"]:
    return "therapist" if form.perspective == "therapist" else "client"
