"""Judge one more rating of a dyad from what was kept of the ones before: the same cost at every session.

Only what comes in order, and changes no alert, goes this way. For all else (late, of a session that may
have been rated, judged by another norm or rule than the last one, opening, changing or ending an alert) the
dyad is judged whole, and nothing depends on what was kept.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from service.alliance.episodes import Standing, follow_quietly
from service.alliance.events import Rated
from service.alliance.standards import Memory, Standard, judge_on
from service.flows.deployment import Deployment, Write
from service.flows.dyad_state import DyadState, SeriesState, fingerprint, joined, read_state, write_state
from service.flows.judge_dyad import standard_of
from service.flows.read_reports import as_reported, read_report
from service.flows.read_standards import read_standards
from service.store.patients import Dyad
from service.store.responses import DyadRating, is_encounter_rated, therapy_place


@dataclass(frozen=True, slots=True)
class Onward:
    """What judging one more rating gave: the state to be kept, and the total before it in its series."""

    judged: str | None
    before: Decimal | None


def judge_next(write: Write, dyad: Dyad, rating: DyadRating) -> Onward | None:
    """Return what one more rating gave, or None where the dyad must be judged whole."""
    state = read_state(dyad.judged)
    if state is None or therapy_place(rating) <= state.place:
        return None
    series = state.series.get(rating.instrument)
    if series is not None and not _is_of_a_later_session(write, series, rating):
        return None
    deployment = write.deployment
    standards = read_standards(write.tx, deployment, write.clinic)
    form = deployment.known[rating.instrument]
    standard = standard_of(form, standards, rating.received_at, rating.language)
    after = _after(state, series, rating, standard, deployment)
    if after is None:
        return None
    total = None if series is None or series.total is None else Decimal(series.total)
    return Onward(write_state(after), total)


def _is_of_a_later_session(write: Write, series: SeriesState, rating: DyadRating) -> bool:
    """Tell whether no rating of the series can be of the same session, whoever rated and where."""
    if rating.session_date <= series.date:
        return False
    if rating.session_number is not None:
        if series.number is not None and rating.session_number <= series.number:
            return False
        if series.all_numbered:
            return True
    return rating.encounter is None or not is_encounter_rated(write.tx, write.clinic, rating.encounter)


def _after(
    state: DyadState,
    series: SeriesState | None,
    rating: DyadRating,
    standard: Standard | None,
    deployment: Deployment,
) -> DyadState | None:
    parameters = deployment.parameters
    by = fingerprint(standard, parameters)
    memory = Memory() if series is None else series.memory
    report = read_report(deployment.known[rating.instrument], rating, parameters)
    standing: Standing | None = state.standing
    if report is not None:
        standing = follow_quietly(state.standing, as_reported(rating, report, parameters), parameters)
    elif rating.total is not None:
        if series is not None and series.total is not None and series.by != by:
            return None
        if standard is not None:
            value = float(rating.total)
            (judgement,), memory = judge_on(memory, [value], standard, parameters)
            rated = Rated(rating.id, rating.instrument, value, judgement, rating.historical)
            standing = follow_quietly(state.standing, rated, parameters)
    if standing is None:
        return None
    entry = joined(series, rating, by, memory)
    return replace(
        state,
        place=therapy_place(rating),
        series={**state.series, rating.instrument: entry},
        standing=standing,
    )
