"""One series of a patient's trend: one instrument of one therapist, with its figures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from fhir_mappings.instrument import Instrument
from fhir_mappings.scoring import count_answers
from service.alliance.baseline import Judgement
from service.alliance.coverage import SeriesPoint
from service.alliance.norms import Norm
from service.alliance.standards import Standards, judge_by
from service.alliance.trend import SeriesContext, SeriesTrend, describe_series
from service.flows.compare_rules import Comparison, compare_rules
from service.flows.deployment import Deployment
from service.flows.dyad_sessions import DyadSessions
from service.flows.hear_beside import hear_beside
from service.flows.judge_dyad import JUDGED_SCALE, norm_of, standard_of
from service.flows.read_marks import Marks, read_marks
from service.store.patient_ratings import PatientRating


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """By what a series is judged, and what of it is asked for.

    ``as_of`` is the instant that the answer is true for; ``date_from`` hides earlier points, which still
    count. ``compare`` names rules and criteria to be shown beside the one that raises alerts; ``ratings`` are
    all of the patient, which one of these listens to. ``language`` is that of the notes.
    """

    standards: Standards
    as_of: str
    date_from: date | None
    compare: Sequence[str]
    ratings: Sequence[PatientRating]
    language: str | None


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One rating with what was computed and judged of it; ``judgement`` None: not judged.

    ``derived_from`` is the form whose answers yielded it, None where it was rated itself. ``norms`` is the
    reference of the norm that it was judged by, ``fired`` the compared rules that marked it.
    """

    rating: PatientRating
    judgement: Judgement | None
    marks: Marks
    derived_from: str | None
    norms: str | None
    fired: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrendSeries:
    """One instrument of one therapist ('' where unknown); ``points`` are those asked for, in order.

    ``trend`` is of all of them, also of those that were not asked for. ``norm`` is the one in force; points
    may have been judged by one before it. ``comparison`` is by ``norm``.
    """

    instrument: Instrument
    therapist: str
    points: tuple[TrendPoint, ...]
    trend: SeriesTrend
    norm: Norm | None
    sessions: DyadSessions
    comparison: Comparison


def describe_rows(
    deployment: Deployment, rows: Sequence[PatientRating], sessions: DyadSessions, asked: SeriesQuery
) -> TrendSeries:
    """Return the series of these ratings, which are of one instrument and dyad and come in order."""
    instrument, parameters = deployment.known[rows[0].instrument], deployment.parameters
    norm = norm_of(instrument, asked.standards, asked.as_of, rows[-1].language)
    rated = [(row, float(total)) for row in rows if (total := row.scores.get(JUDGED_SCALE)) is not None]
    by = [standard_of(instrument, asked.standards, row.received_at, row.language) for row, _ in rated]
    judged_by = {row.id: one.norm.reference for (row, _), one in zip(rated, by, strict=True) if one}
    marks = read_marks(instrument, rows)
    points = [_series_point(row, sessions) for row in rows]
    context = replace(
        _context(instrument, rows, marks, sessions, parameters.lowest_of), language=asked.language
    )
    judgements, _ = judge_by([value for _, value in rated], by, parameters)
    trend = describe_series(points, norm, parameters, context, judgements)
    beside = hear_beside(rated, asked.ratings, sessions, deployment.known) if asked.compare else []
    comparison = compare_rules(asked.compare, beside, norm, parameters)
    shown = tuple(
        TrendPoint(
            rating=row,
            judgement=judged.judgement,
            marks=one,
            derived_from=instrument.derived_from if row.derived else None,
            norms=judged_by.get(row.id),
            fired=comparison.fired.get(row.id, ()),
        )
        for row, judged, one in zip(rows, trend.points, marks, strict=True)
        if asked.date_from is None or row.session_date >= asked.date_from.isoformat()
    )
    return TrendSeries(instrument, rows[0].therapist, shown, trend, norm, sessions, comparison)


def _context(
    instrument: Instrument,
    rows: Sequence[PatientRating],
    marks: Sequence[Marks],
    sessions: DyadSessions,
    last: int,
) -> SeriesContext:
    scale = instrument.score_by_id.get(JUDGED_SCALE)
    rated = [one for row, one in zip(rows, marks, strict=True) if row.scores.get(JUDGED_SCALE) is not None]
    return SeriesContext(
        maximum=float(scale.maximum) if scale else None,
        attended=sessions.attended,
        missed=sessions.count_missed("missed"),
        late_cancelled=sessions.count_missed("late-cancelled"),
        marks=[
            {link_id: float(mark) for link_id, mark in count_answers(instrument, one.answers).items()}
            for one in rated[-last:]
        ],
        item_names={item.link_id: item.text for item in instrument.items},
    )


def _series_point(row: PatientRating, sessions: DyadSessions) -> SeriesPoint:
    total = row.scores.get(JUDGED_SCALE)
    return SeriesPoint(
        key=row.id,
        session_number=row.session_number,
        session_date=date.fromisoformat(row.session_date),
        value=None if total is None else float(total),
        place=sessions.place_of(row),
    )
