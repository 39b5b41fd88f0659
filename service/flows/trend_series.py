"""One series of a patient's trend: one instrument of one therapist, with its figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fhir_mappings.instrument import Instrument
from fhir_mappings.scoring import count_answers
from service.alliance.baseline import Judgement
from service.alliance.coverage import SeriesPoint
from service.alliance.norms import Norm
from service.alliance.trend import SeriesContext, SeriesTrend, describe_series
from service.flows.deployment import Deployment
from service.flows.dyad_sessions import DyadSessions
from service.flows.judge_dyad import JUDGED_SCALE, norm_of
from service.flows.read_marks import Marks, read_marks
from service.store.patient_ratings import PatientRating


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One rating with what was computed and judged of it; ``judgement`` None: not judged.

    ``derived_from`` is the form whose answers yielded it, None where it was rated itself.
    """

    rating: PatientRating
    judgement: Judgement | None
    marks: Marks
    derived_from: str | None


@dataclass(frozen=True, slots=True)
class TrendSeries:
    """One instrument of one therapist ('' where unknown); ``points`` are those asked for, in order.

    ``trend`` is of all of them, also of those that were not asked for.
    """

    instrument: Instrument
    therapist: str
    points: tuple[TrendPoint, ...]
    trend: SeriesTrend
    norm: Norm | None
    sessions: DyadSessions


def describe_rows(
    deployment: Deployment, rows: Sequence[PatientRating], sessions: DyadSessions, date_from: date | None
) -> TrendSeries:
    """Return the series of these ratings, which are of one instrument and dyad and come in order."""
    instrument = deployment.known[rows[0].instrument]
    norm = norm_of(instrument, deployment.norms)
    marks = read_marks(instrument, rows)
    points = [_series_point(row, sessions) for row in rows]
    context = _context(instrument, rows, marks, sessions, deployment.parameters.lowest_of)
    trend = describe_series(points, norm, deployment.parameters, context)
    judgements = [judged.judgement for judged in trend.points]
    shown = tuple(
        TrendPoint(row, judgement, one, instrument.derived_from if row.derived else None)
        for row, judgement, one in zip(rows, judgements, marks, strict=True)
        if date_from is None or row.session_date >= date_from.isoformat()
    )
    return TrendSeries(instrument, rows[0].therapist, shown, trend, norm, sessions)


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
