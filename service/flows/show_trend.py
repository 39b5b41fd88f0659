"""How the alliance of one patient moves: every series, judged as it is believed now or was at an instant.

A series is one instrument of one therapist; an unknown therapist makes one of its own. A rating is always
judged by all earlier ones of its series: ``date_from`` hides earlier points, which still count, and
``date_to`` shows the series as if it ended there.

A form that another one yields (WAI-B3 of WAI-SR) has these ratings in its series too, once it was rated
itself or is asked for by name: else the same answers would only be drawn twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import attrgetter

from fhir_mappings.instrument import Instrument
from service.alliance.baseline import Judgement
from service.alliance.coverage import SeriesPoint
from service.alliance.norms import Norm
from service.alliance.standards import Standards, judge_by
from service.alliance.trend import SeriesTrend, describe_series
from service.clock import as_instant
from service.errors import NotFound
from service.flows.compare_rules import Comparison, compare_rules
from service.flows.deployment import Deployment
from service.flows.derive_scores import with_derived_ratings
from service.flows.judge_dyad import JUDGED_SCALE, norm_of, standard_of
from service.flows.read_marks import Marks, read_marks
from service.flows.read_standards import read_standards
from service.store.merges import aliases_as_of
from service.store.patient_ratings import PatientRating, ratings_of_patient
from service.store.patients import alias_rows, find_alias


@dataclass(frozen=True, slots=True)
class TrendQuery:
    """Whose trend, and what of it; an absent field narrows nothing.

    ``references`` are the FHIR references that mean this patient. ``as_of`` is an instant: what was believed
    then. ``date_from`` and ``date_to`` are session dates, both ends belonging. ``compare`` names rules and
    criteria to be shown beside the one that raises alerts.
    """

    references: Sequence[str]
    instrument: str | None = None
    perspective: str | None = None
    date_from: date | None = None
    date_to: date | None = None
    as_of: str | None = None
    compare: Sequence[str] = ()


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

    ``norm`` is the one in force; points may have been judged by one before it. ``comparison`` is by ``norm``.
    """

    instrument: Instrument
    therapist: str
    points: tuple[TrendPoint, ...]
    trend: SeriesTrend
    norm: Norm | None
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class PatientTrend:
    """Every series of a patient, by instrument and then by therapist in the order they began.

    ``series`` are of the alliance; ``beside`` are outcome, session and rupture forms, which say nothing of
    how an alliance moves. ``patient_key`` is ours, for the audit; ``as_of`` is the instant that the answer is
    true for; ``rule`` raised alerts then.
    """

    patient_key: str
    as_of: str
    rule: str
    series: tuple[TrendSeries, ...]
    beside: tuple[TrendSeries, ...]


def show_trend(deployment: Deployment, query: TrendQuery, clinic: str) -> PatientTrend:
    """Return the trend of a patient; raises ``NotFound`` for one that this clinic never rated."""
    as_of = query.as_of or as_instant(deployment.clock())
    with deployment.database.read() as tx:
        known = [alias for one in query.references if (alias := find_alias(tx, clinic, one))]
        if not known:
            raise NotFound("There is no such patient here.")
        if query.as_of is None:
            aliases = alias_rows(tx, clinic, list(query.references))
        else:  # whoever was one patient then
            aliases = aliases_as_of(tx, clinic, query.references, query.as_of)
        ratings = ratings_of_patient(tx, clinic, aliases, as_of=query.as_of)
        standards = read_standards(tx, deployment, clinic, as_of=query.as_of)
    ending = [row for row in ratings if not query.date_to or row.session_date <= query.date_to.isoformat()]
    highest = _highest_sessions(ending)
    series = [
        _describe(deployment, standards, query, rows, highest.get(rows[0].therapist))
        for rows in _by_series(_with_derived(deployment, query, ending))
        if query.instrument in (None, rows[0].instrument) and query.perspective in (None, rows[0].perspective)
    ]
    alliance = tuple(one for one in series if one.instrument.role == "alliance")
    beside = tuple(one for one in series if one.instrument.role != "alliance")
    return PatientTrend(known[0].patient_key, as_of, standards.rule_at(as_of), alliance, beside)


def _with_derived(
    deployment: Deployment, query: TrendQuery, ratings: Sequence[PatientRating]
) -> Sequence[PatientRating]:
    rated = {row.instrument for row in ratings}
    for form in deployment.known.values():
        if form.derived_from in rated and (form.id in rated or form.id == query.instrument):
            ratings = with_derived_ratings(ratings, form, deployment.known)
    return ratings


def _by_series(ratings: Sequence[PatientRating]) -> list[list[PatientRating]]:
    """Return the ratings by instrument, then therapist; therapists in the order of their first rating."""
    place = {row.therapist: number for number, row in reversed(list(enumerate(ratings)))}
    ordered = sorted(ratings, key=lambda row: (row.instrument, place[row.therapist]))
    return [list(rows) for _, rows in groupby(ordered, key=attrgetter("instrument", "therapist"))]


def _highest_sessions(ratings: Sequence[PatientRating]) -> dict[str, int]:
    highest: dict[str, int] = {}
    for row in ratings:
        if row.session_number is not None:
            highest[row.therapist] = max(row.session_number, highest.get(row.therapist, 0))
    return highest


def _describe(
    deployment: Deployment,
    standards: Standards,
    query: TrendQuery,
    rows: list[PatientRating],
    highest_session: int | None,
) -> TrendSeries:
    instrument, parameters = deployment.known[rows[0].instrument], deployment.parameters
    norm = norm_of(instrument, standards, query.as_of or as_instant(deployment.clock()), rows[-1].language)
    scale = instrument.score_by_id.get(JUDGED_SCALE)
    rated = [(row, float(total)) for row in rows if (total := row.scores.get(JUDGED_SCALE)) is not None]
    by = [standard_of(instrument, standards, row.received_at, row.language) for row, _ in rated]
    trend = describe_series(
        [_series_point(row) for row in rows],
        norm,
        parameters,
        maximum=float(scale.maximum) if scale else None,
        highest_session=highest_session,
        judgements=judge_by([value for _, value in rated], by, parameters)[0],
    )
    norms = {row.id: one.norm.reference for (row, _), one in zip(rated, by, strict=True) if one is not None}
    comparison = compare_rules(query.compare, [(row.id, value) for row, value in rated], norm, parameters)
    judgements = [judged.judgement for judged in trend.points]
    points = tuple(
        TrendPoint(
            row,
            judgement,
            marks,
            instrument.derived_from if row.derived else None,
            norms.get(row.id),
            comparison.fired.get(row.id, ()),
        )
        for row, judgement, marks in zip(rows, judgements, read_marks(instrument, rows), strict=True)
        if not query.date_from or row.session_date >= query.date_from.isoformat()
    )
    return TrendSeries(instrument, rows[0].therapist, points, trend, norm, comparison)


def _series_point(row: PatientRating) -> SeriesPoint:
    total = row.scores.get(JUDGED_SCALE)
    value = None if total is None else float(total)
    return SeriesPoint(row.id, row.session_number, date.fromisoformat(row.session_date), value)
