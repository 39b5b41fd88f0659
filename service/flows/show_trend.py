"""How the alliance of one patient moves: every series, judged as it is believed now or was at an instant.

A series is one instrument of one therapist; an unknown therapist makes one of its own. A rating is always
judged by all earlier ones of its series: ``date_from`` hides earlier points, which still count, and
``date_to`` shows the series as if it ended there.

A form that another one yields (WAI-B3 of WAI-SR) has these ratings in its series too, once it was rated
itself or is asked for by name: else the same answers would only be drawn twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from operator import attrgetter

from service.alliance.context import ContextLine
from service.alliance.standards import Standards
from service.clock import as_instant
from service.errors import NotFound
from service.flows.compare_rules import NOT_COMPARED
from service.flows.deployment import Deployment
from service.flows.derive_scores import with_derived_ratings
from service.flows.dyad_context import Beside, DyadContext, find_context
from service.flows.dyad_sessions import sort_sessions
from service.flows.find_due import DyadDue, find_due
from service.flows.keep_in_sight import sight_of_patient
from service.flows.pair_series import PairedSeries, pair_series
from service.flows.read_standards import read_standards
from service.flows.trend_series import SeriesQuery, TrendSeries, describe_rows
from service.store.alerts import AlertRow, alerts_of_patient
from service.store.attendance import AttendanceRow, attendance_of_patient
from service.store.merges import aliases_as_of
from service.store.patient_ratings import PatientRating, ratings_of_patient
from service.store.patients import alias_rows, find_alias
from service.store.sight import WHOLE_SIGHT, Sight
from service.store.treatment_ends import TreatmentEnd, ends_of_patient

_NO_SUCH = "There is no such patient here."


@dataclass(frozen=True, slots=True)
class TrendQuery:
    """Whose trend, and what of it; an absent field narrows nothing.

    ``references`` are the FHIR references that mean this patient. ``as_of`` is an instant: what was believed
    then. ``date_from`` and ``date_to`` are session dates, both ends belonging. ``compare`` names rules and
    criteria to be shown beside the one that raises alerts. ``language`` is that of the sentences, English
    where we do not speak it.
    """

    references: Sequence[str]
    instrument: str | None = None
    perspective: str | None = None
    date_from: date | None = None
    date_to: date | None = None
    as_of: str | None = None
    compare: Sequence[str] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True)
class PatientTrend:
    """Every series of a patient, by instrument and then by therapist in the order they began.

    ``series`` are of the alliance; ``beside`` are outcome, session and rupture forms, which say nothing of
    how an alliance moves. ``pairs`` have client and therapist side by side; ``due`` says which measure is
    due, ``missed`` are appointments that the client missed or cancelled late, ``context`` what stands beside
    the scores of each dyad, ``alerts`` those of the sessions shown, none taken back, ``ends`` the ends of
    treatment that stand. ``patient_key`` is ours, for the audit; ``as_of`` is the instant that the answer is
    true for; ``rule`` raised alerts then; ``language`` is that of the sentences.
    """

    patient_key: str
    as_of: str
    rule: str
    series: tuple[TrendSeries, ...]
    beside: tuple[TrendSeries, ...]
    pairs: tuple[PairedSeries, ...]
    due: tuple[DyadDue, ...]
    missed: tuple[AttendanceRow, ...]
    context: tuple[DyadContext, ...]
    alerts: tuple[AlertRow, ...]
    ends: tuple[TreatmentEnd, ...]
    language: str | None

    def context_of(self, therapist: str) -> tuple[ContextLine, ...]:
        """Return the lines of context of one dyad."""
        return next((one.lines for one in self.context if one.therapist == therapist), ())


@dataclass(frozen=True, slots=True)
class _Stored:
    """What is stored of a patient, as believed at the instant asked for, up to the last date asked for."""

    patient_key: str
    ratings: Sequence[PatientRating]
    standards: Standards
    appointments: Sequence[AttendanceRow]
    alerts: Sequence[AlertRow]
    ends: Sequence[TreatmentEnd]


def show_trend(
    deployment: Deployment, query: TrendQuery, clinic: str, sight: Sight = WHOLE_SIGHT
) -> PatientTrend:
    """Return the trend of a patient; raises ``NotFound`` for one that this clinic never rated.

    So it is for one of whom nothing is in sight.
    """
    as_of = query.as_of or as_instant(deployment.clock())
    stored = _read(deployment, query, clinic, sight)
    ratings = stored.ratings
    sessions = sort_sessions(ratings, stored.appointments, stored.ends)
    asked = SeriesQuery(stored.standards, as_of, query.date_from, query.compare, ratings, query.language)
    series = [
        describe_rows(deployment, rows, sessions[rows[0].therapist], asked)
        for rows in _by_series(_with_derived(deployment, query, ratings))
        if query.instrument in (None, rows[0].instrument) and query.perspective in (None, rows[0].perspective)
    ]
    alliance = tuple(one for one in series if one.instrument.role == "alliance")
    shown = {row.id for row in ratings}
    pairs, due = pair_series(alliance, deployment.parameters), find_due(deployment, ratings, sessions)
    return PatientTrend(
        patient_key=stored.patient_key,
        as_of=as_of,
        rule=stored.standards.rule_at(as_of),
        series=alliance,
        beside=tuple(one for one in series if one.instrument.role != "alliance"),
        pairs=pairs,
        due=due,
        missed=tuple(row for row in stored.appointments if row.status != "attended"),
        context=find_context(deployment, Beside(alliance, pairs, due, sessions, query.language)),
        alerts=tuple(row for row in stored.alerts if row.opened_by in shown),
        ends=tuple(one.end for one in sessions.values() if one.end is not None),
        language=query.language,
    )


def without_alerts(trend: PatientTrend) -> PatientTrend:
    """Return a trend for whom alerts are not told: no tier, prompt, rule that fired, or alert in it.

    Nor an end of treatment: its reason is what a clinician says of the client.
    """

    def untold(series: TrendSeries) -> TrendSeries:
        points = tuple(
            replace(one, judgement=None, marks=replace(one.marks, prompts=()), fired=())
            for one in series.points
        )
        return replace(series, points=points, comparison=NOT_COMPARED)

    return replace(
        trend,
        series=tuple(map(untold, trend.series)),
        beside=tuple(map(untold, trend.beside)),
        alerts=(),
        ends=(),
    )


def _read(deployment: Deployment, query: TrendQuery, clinic: str, sight: Sight) -> _Stored:
    with deployment.database.read() as tx:
        known = [alias for one in query.references if (alias := find_alias(tx, clinic, one))]
        if not known:
            raise NotFound(_NO_SUCH)
        if query.as_of is None:
            aliases = alias_rows(tx, clinic, list(query.references))
        else:  # whoever was one patient then
            aliases = aliases_as_of(tx, clinic, query.references, query.as_of)
        ratings = ratings_of_patient(tx, clinic, aliases, as_of=query.as_of)
        standards = read_standards(tx, deployment, clinic, as_of=query.as_of)
        appointments = attendance_of_patient(tx, clinic, aliases, as_of=query.as_of)
        alerts = alerts_of_patient(tx, clinic, aliases, as_of=query.as_of)
        ends = ends_of_patient(tx, clinic, aliases, as_of=query.as_of)
        seen = sight_of_patient(tx, clinic, sight, known[0].patient_key)
    if not sight.is_whole:
        ratings = [row for row in ratings if seen.reaches(row.therapist, row.perspective)]
        appointments = [row for row in appointments if seen.reaches(row.therapist)]
        alerts = [row for row in alerts if seen.reaches(row.therapist)]
        ends = [row for row in ends if seen.reaches(row.therapist)]
        if not (ratings or appointments):
            raise NotFound(_NO_SUCH)
    last = query.date_to.isoformat() if query.date_to else "9999-12-31"
    return _Stored(
        patient_key=known[0].patient_key,
        ratings=[row for row in ratings if row.session_date <= last],
        standards=standards,
        appointments=[row for row in appointments if row.session_date <= last],
        alerts=alerts,
        ends=[row for row in ends if row.ended_on <= last],
    )


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
