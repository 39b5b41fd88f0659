"""What people said about strain in the responses of a dyad: on a report, a checklist, a session check-in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fhir_mappings.filled import Answers
from fhir_mappings.instrument import Instrument
from service.alliance.events import Reported, Severity
from service.alliance.parameters import Parameters
from service.alliance.report_wording import ReportKind
from service.alliance.strain_type import StrainKind, Teller
from service.flows.load import read_answers
from service.store.responses import DyadRating, RatingRow, place_of

RULE = "reported"
METHODS: Mapping[ReportKind, str] = {
    "self-report": "self-report/1",
    "check-in": "self-report/1",
    "checklist": "marker-checklist/1",
}
# Forms of other roles measure; their answers need not be read.
_ROLES = ("rupture", "session")
_TELLERS: Mapping[str, Teller] = {"client": "client", "therapist": "therapist", "observer": "observer"}
_HAPPENED, _INTENSITY, _RESOLUTION = "happened", "intensity", "resolution"
_ON_TRACK = "on-track"
_KINDS: tuple[StrainKind, ...] = ("withdrawal", "confrontation")


@dataclass(frozen=True, slots=True)
class Report:
    """What one response reports; ``by`` is the form's perspective.

    ``happened``: a strain is reported, signs of it are marked, or the work is marked as not on track.
    ``intensity`` (of a checklist: its strongest sign) and ``resolution`` are marks from 1 to 5, None where
    they were left blank. ``resolved``: it says that what was before is resolved. ``kinds`` are those of the
    strain that the marks name; only a checklist has any.
    """

    kind: ReportKind
    by: Teller
    happened: bool
    intensity: int | None = None
    resolution: int | None = None
    resolved: bool = False
    kinds: frozenset[StrainKind] = frozenset()


def read_reports(
    ratings: Sequence[RatingRow], known: Mapping[str, Instrument], parameters: Parameters
) -> dict[str, Report]:
    """Return every report of a dyad by the id of its response."""
    found = {row.id: read_report(known[row.instrument], row, parameters) for row in ratings}
    return {key: report for key, report in found.items() if report is not None}


def read_report(form: Instrument, row: RatingRow, parameters: Parameters) -> Report | None:
    """Return what one response reports, None where its form asks about no strain or nothing was said."""
    by = _TELLERS.get(form.perspective)
    if form.role not in _ROLES or by is None:
        return None
    answers = read_answers(form, row.answers)
    if is_checklist(form):
        return _read_checklist(form, by, answers, parameters) if answers.values else None
    if _HAPPENED in answers.flags:
        return _read_self_report(by, answers, parameters)
    told = answers.choices.get(_ON_TRACK)
    if told is None:
        return None
    return Report("check-in", by, happened=told == ("no",), resolved=told == ("yes",))


def is_checklist(form: Instrument) -> bool:
    """Tell whether a form marks signs of each kind of strain."""
    return all(_peak(kind) in form.score_by_id for kind in _KINDS)


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


def _read_self_report(by: Teller, answers: Answers, parameters: Parameters) -> Report:
    resolution = _mark(answers, _RESOLUTION)
    return Report(
        "self-report",
        by,
        happened=answers.flags[_HAPPENED],
        intensity=_mark(answers, _INTENSITY),
        resolution=resolution,
        resolved=_is_resolved(resolution, parameters),
    )


def _read_checklist(form: Instrument, by: Teller, answers: Answers, parameters: Parameters) -> Report:
    """Return what the marks of a checklist say; lesser signs are in most sessions, and say nothing."""
    strongest = {kind: _strongest(form, kind, answers) for kind in _KINDS}
    kinds = frozenset(kind for kind in _KINDS if strongest[kind] >= parameters.checklist_strain)
    resolution = _mark(answers, f"overall-{_RESOLUTION}")
    return Report(
        "checklist",
        by,
        happened=bool(kinds),
        intensity=max(strongest.values()) or None,
        resolution=resolution,
        resolved=_is_resolved(resolution, parameters),
        kinds=kinds,
    )


def _strongest(form: Instrument, kind: StrainKind, answers: Answers) -> int:
    """Return the strongest mark of one kind, overall or of a sign; 0 where none was seen."""
    items = (*form.score_by_id[_peak(kind)].items, f"overall-{kind}")
    return max((int(answers.values[item]) for item in items if item in answers.values), default=0)


def _peak(kind: StrainKind) -> str:
    return f"{kind}-peak"


def _is_resolved(resolution: int | None, parameters: Parameters) -> bool:
    return resolution is not None and resolution >= parameters.report_resolved


def _mark(answers: Answers, item: str) -> int | None:
    found = answers.values.get(item)
    return None if found is None else int(found)
