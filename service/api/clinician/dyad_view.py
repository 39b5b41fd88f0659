"""One dyad as its page shows it, put together from trend, brief and alert. Nothing is judged here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fhir_mappings import json_text
from fhir_mappings.alert_states import acts_on
from fhir_mappings.instrument import Instrument
from fhir_mappings.repair import repair_steps
from service.alliance.guidance import Guidance, Offer, guidance_in, offer_for
from service.alliance.picture_parts import PictureParts
from service.alliance.wording import split_next_step
from service.alliance.words import number, span
from service.flows.act_on_alert import AlertWithActs
from service.flows.alert_evidence import decimal_places, level_of
from service.flows.brief_session import BriefMeasure, SessionBrief
from service.flows.deployment import Deployment
from service.flows.draw_trend import split_patient_trend
from service.flows.judge_dyad import JUDGED_SCALE
from service.flows.show_trend import PatientTrend
from service.flows.tell_treatment_end import version_of
from service.flows.trend_series import TrendPoint
from service.store.alert_acts import ActRow
from service.store.treatment_ends import TreatmentEnd

# What stands in the place of a score that a form does not yield.
NO_SCORE = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One score as it is told, with the response that it comes from; ``tier`` '' where nothing signals."""

    value: str
    session: str
    response: str
    tier: str


@dataclass(frozen=True, slots=True)
class MeasureView:
    """One form: the last score and the one before; ``verdict`` is better, same, worse, or '' without one.

    ``change`` is in points, signed; ``usual`` is the usual range of the next rating.
    """

    name: str
    perspective: str
    last: Figure
    previous: Figure | None
    change: str
    verdict: str
    usual: str
    lowest: str


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One score or report behind an alert."""

    name: str
    session: str
    response: str
    score: str
    usual: str
    fell: str
    reported_by: str
    level: str


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of repair; ``done`` are the acts that took it, the first first."""

    code: str
    done: tuple[ActRow, ...]


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert that a person may act on: what it rests on, what was done, what can be done."""

    id: str
    version: int
    status: str
    severity: str
    live: bool
    session: str
    raised_at: str
    text: str
    next_step: str
    evidence: tuple[EvidenceView, ...]
    acts: tuple[ActRow, ...]
    taken: ActRow | None
    steps: tuple[StepView, ...]
    can: tuple[str, ...]
    missed: int


@dataclass(frozen=True, slots=True)
class FormRow:
    """One filled form in the list of all, the newest first."""

    response: str
    name: str
    session: str
    day: str
    score: str
    tier: str


@dataclass(frozen=True, slots=True)
class DyadView:
    """All that the page of one dyad shows; ``therapist`` '' where unknown.

    ``end`` is the end of treatment where one holds, ``end_version`` for which word on it a form is made.
    ``last_day`` is the date of the last session, '' where none was attended: no end before it holds.
    """

    patient: str
    therapist: str
    therapists: tuple[str, ...]
    attended: int | None
    picture: PictureParts
    measures: tuple[MeasureView, ...]
    alerts: tuple[AlertView, ...]
    brief: SessionBrief
    guidance: Guidance
    offer: Offer
    forms: tuple[FormRow, ...]
    visit: tuple[FormRow, ...] | None
    due: tuple[str, ...]
    end: TreatmentEnd | None
    end_version: str
    last_day: str


@dataclass(frozen=True, slots=True)
class Reader:
    """How the page was opened: in which language, from which encounter ('' from none)."""

    language: str
    visit: str = ""


def view_dyad(
    deployment: Deployment, trend: PatientTrend, brief: SessionBrief, patient: str, reader: Reader
) -> DyadView:
    """Return the page of one dyad; ``patient`` is a logical id."""
    guidance, visit = guidance_in(reader.language), reader.visit
    sessions = brief.sessions
    therapists = dict.fromkeys(one.therapist for one in (*trend.series, *trend.beside))
    forms = sorted(_forms(trend, sessions.therapist), key=lambda one: one[0], reverse=True)
    here, base = f"Encounter/{visit}", deployment.settings.ehr_base_url
    of_visit = (here, f"{base}/{here}")
    return DyadView(
        patient=patient,
        therapist=sessions.therapist,
        therapists=tuple(therapists),
        attended=sessions.attended,
        picture=split_patient_trend(trend, patient),
        measures=tuple(_measure(one) for one in brief.measures),
        alerts=tuple(_alert(one, deployment.known) for one in reversed(brief.alerts)),
        brief=brief,
        guidance=guidance,
        offer=offer_for(guidance, brief.fallen, brief.approach),
        forms=tuple(row for _, row, _ in forms),
        visit=tuple(row for _, row, at in forms if at in of_visit) if visit else None,
        due=tuple(deployment.known[one.due.instrument].short_title for one in brief.due if one.due.due_next),
        end=sessions.end,
        end_version=version_of(sessions.end),
        last_day=max(sessions.days, default=""),
    )


def session_words(number_: int | None, day: str) -> str:
    """Return how a session is called in a table: its number, else its date."""
    return day if number_ is None else str(number_)


def _measure(one: BriefMeasure) -> MeasureView:
    instrument, trend = one.series.instrument, one.series.trend
    places, change, usual = decimal_places(instrument), trend.last_to_this, trend.usual_next
    lowest = trend.lowest
    return MeasureView(
        name=instrument.short_title,
        perspective=instrument.perspective,
        last=_figure(one.last, places),
        previous=None if one.previous is None else _figure(one.previous, places),
        change=_signed(one, places),
        verdict="" if change is None else change.verdict,
        usual="" if usual is None else span(usual.low, usual.high, places),
        lowest="" if lowest is None else instrument.item_by_link_id[lowest.item].text,
    )


def _figure(point: TrendPoint, places: int) -> Figure:
    rating, judgement = point.rating, point.judgement
    total = rating.scores.get(JUDGED_SCALE)
    return Figure(
        value=NO_SCORE if total is None else number(float(total), places),
        session=session_words(rating.session_number, rating.session_date),
        response=rating.id,
        tier="" if judgement is None or judgement.tier is None else judgement.tier,
    )


def _signed(one: BriefMeasure, places: int) -> str:
    if one.previous is None:
        return ""
    last, before = (point.rating.scores.get(JUDGED_SCALE) for point in (one.last, one.previous))
    if last is None or before is None:
        return ""
    points = float(last - before)
    return f"+{number(points, places)}" if points > 0 else number(points, places)


def _alert(found: AlertWithActs, known: Mapping[str, Instrument]) -> AlertView:
    row = found.alert
    text, next_step = split_next_step(row.text)
    return AlertView(
        id=row.id,
        version=row.version,
        status=row.status,
        severity=found.shown_severity,
        live=row.live,
        session=session_words(row.session_number, row.session_date),
        raised_at=row.raised_at,
        text=text,
        next_step=next_step,
        evidence=tuple(_evidence(one, known) for one in json_text.loads(row.evidence)),
        acts=found.acts,
        taken=next((act for act in found.acts if act.act == "acknowledge"), None),
        steps=tuple(_steps(found.acts)),
        can=acts_on(row.status),
        missed=found.missed,
    )


def _evidence(seen: Mapping[str, object], known: Mapping[str, Instrument]) -> EvidenceView:
    instrument = known[str(seen["instrument"])]
    reported, score, fall = seen.get("reported"), seen.get("score"), seen.get("fell_most")
    places = decimal_places(instrument)
    low, high = seen.get("usual_low"), seen.get("usual_high")
    session = seen["session_number"]
    return EvidenceView(
        name=instrument.short_title,
        session=str(seen["session_date"]) if session is None else str(session),
        response=str(seen["response"]),
        score="" if score is None else number(float(str(score)), places),
        usual="" if low is None else span(float(str(low)), float(str(high)), places),
        fell=_fell(fall, places) if isinstance(fall, dict) else "",
        reported_by=str(reported["by"]) if isinstance(reported, dict) else "",
        level=level_of(seen),
    )


def _fell(part: Mapping[str, object], places: int) -> str:
    before, now = (number(float(str(part[name])), places) for name in ("before", "now"))
    return f"{part['name']} {before} → {now}"


def _steps(acts: Sequence[ActRow]) -> Iterator[StepView]:
    for code in repair_steps():
        yield StepView(code, tuple(act for act in acts if act.step == code))


def _forms(trend: PatientTrend, therapist: str) -> Iterator[tuple[tuple[str, str], FormRow, str]]:
    """Yield every filled form of a dyad with what it is sorted by, and its encounter ('' without)."""
    for series in (*trend.series, *trend.beside):
        if series.therapist != therapist:
            continue
        places = decimal_places(series.instrument)
        for point in series.points:
            if point.derived_from is not None:
                continue
            rating, figure = point.rating, _figure(point, places)
            row = FormRow(
                response=rating.id,
                name=series.instrument.title,
                session=figure.session,
                day=rating.session_date,
                score=figure.value,
                tier=figure.tier,
            )
            yield (rating.session_date, rating.authored), row, rating.encounter or ""
