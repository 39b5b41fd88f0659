"""What an alert rests on: its evidence as stored and shown, and the sentences made of it."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from fhir_mappings import json_text
from fhir_mappings.instrument import Instrument
from fhir_mappings.scoring import score
from service.alliance.episodes import Episode
from service.alliance.report_wording import ReportGone, ReportWords, reported_text
from service.alliance.session_names import SessionName
from service.alliance.strain_type import KindsTold, Typed, name_of, type_of
from service.alliance.wording import (
    AlertFacts,
    PartChange,
    SignalWords,
    ThenAndNow,
    alert_text,
    fell_most,
    signal_sentence,
    unsupported_text,
)
from service.flows.deployment import Deployment
from service.flows.judge_dyad import JUDGED_SCALE, JudgedDyad
from service.flows.load import read_answers
from service.flows.read_reports import Report
from service.store.alerts import AlertRow
from service.store.responses import RatingRow

_SHOWN_PLACES = 2
Evidence = dict[str, Any]


def evidence_of(judged: JudgedDyad, episode: Episode, known: Mapping[str, Instrument]) -> list[Evidence]:
    """Return one entry per rating or report that signalled, in dyad order, with the version that was seen.

    Figures are in the instrument's points, rounded to two places for people; the rule used them unrounded.
    """
    return [evidence_at(judged, key, known) for key in episode.evidence]


def type_of_episode(judged: JudgedDyad, episode: Episode) -> Typed:
    """Return the type of strain that people told in the reports which an episode rests on."""
    reports = [judged.reports[key] for key in episode.evidence if key in judged.reports]
    return type_of(KindsTold(report.by, report.kinds) for report in reports)


def text_of(judged: JudgedDyad, episode: Episode, deployment: Deployment) -> str:
    """Return the alert's sentences."""
    opened = judged.rows[episode.opened_by]
    recovered = judged.rows.get(episode.recovered_by) if episode.recovered_by else None
    reports = [_report_words(judged, key) for key in episode.evidence if key in judged.reports]
    if episode.opened_by in judged.reports:
        rated = [judged.rows[key] for key in episode.evidence if key in judged.judgements]
        scores = [signal_sentence(_signal(judged, row, deployment)) for row in rated]
        return reported_text(reports, scores, episode.course, _name(recovered) if recovered else None)
    others = [key for key in episode.evidence if key in judged.judgements]
    others = [key for key in others if judged.rows[key].instrument != episode.series]
    return alert_text(
        AlertFacts(
            severity=episode.severity,
            course=episode.course,
            session=_name(opened),
            signal=_signal(judged, opened, deployment),
            parts=_part_changes(judged, opened, deployment.known[opened.instrument]),
            unrated=_unrated(judged, opened),
            others=[_signal(judged, judged.rows[key], deployment) for key in others],
            reports=reports,
            recovered_at=_name(recovered) if recovered else None,
            assumed_norm=judged.standards[episode.opened_by].norm.status == "assumed",
        ),
    )


def evidence_since(
    judged: JudgedDyad, evidence: Sequence[Evidence], known: Mapping[str, Instrument]
) -> list[Evidence]:
    """Return old evidence with what each rating shows ``now``, None where it is no more in the dyad."""
    return [old | {"now": _now(judged, str(old["response"]), known)} for old in evidence]


def text_without_support(row: AlertRow, evidence: Sequence[Evidence], deployment: Deployment) -> str:
    """Return the sentences of an alert that its ratings, as they are now, no longer support."""
    session = SessionName(row.session_number, date.fromisoformat(row.session_date))
    changes = [_change(old, deployment) for old in evidence]
    return unsupported_text(session, changes)


def _change(old: Evidence, deployment: Deployment) -> ThenAndNow | ReportGone:
    if "reported" in old:
        return ReportGone(deployment.known[old["instrument"]].short_title, withdrawn=old["now"] is None)
    return ThenAndNow(_told(old, deployment), _told_now(old, deployment))


def _report_words(judged: JudgedDyad, key: str) -> ReportWords:
    report = judged.reports[key]
    return ReportWords(report.kind, report.by, _name(judged.rows[key]), report.intensity, report.resolution)


def level_of(seen: Mapping[str, Any]) -> Literal["A", "B", "D"]:
    """Return what kind of sign it is: A an observer's marks, B said by client or therapist, D a score."""
    if "reported" not in seen:
        return "D"
    return "A" if seen["reported"]["by"] == "observer" else "B"


def fallen_of(row: AlertRow) -> str | None:
    """Return the id of the part that fell most at the rating that opened an alert, None where none did."""
    opened = [one for one in json_text.loads(row.evidence) if one["response"] == row.opened_by]
    most = opened[0].get("fell_most") if opened else None
    return most["part"] if most else None


def _now(judged: JudgedDyad, key: str, known: Mapping[str, Instrument]) -> Evidence | None:
    return evidence_at(judged, key, known) if key in judged.judgements or key in judged.reports else None


def _told_now(old: Evidence, deployment: Deployment) -> SignalWords | None:
    return _told(old["now"], deployment) if old["now"] else None


def _told(seen: Evidence, deployment: Deployment) -> SignalWords:
    instrument = deployment.known[seen["instrument"]]
    return SignalWords(
        instrument=instrument.short_title,
        score=float(seen["score"]),
        usual_low=float(seen["usual_low"]),
        usual_high=float(seen["usual_high"]),
        earlier=seen["earlier_ratings"],
        places=_places(instrument),
    )


def evidence_at(judged: JudgedDyad, key: str, known: Mapping[str, Instrument]) -> Evidence:
    """Return what one judged rating or report shows, ``key`` being its response id.

    A report has what was ``reported`` in place of figures.
    """
    row = judged.rows[key]
    seen = {
        "instrument": row.instrument,
        "response": row.id,
        "response_version": row.version,
        "session_number": row.session_number,
        "session_date": row.session_date,
    }
    if key in judged.reports:
        return seen | {"reported": _reported(judged.reports[key])}
    return seen | _figures(judged, row, known[row.instrument])


def _reported(report: Report) -> Evidence:
    return {
        "kind": report.kind,
        "by": report.by,
        "strain": report.happened,
        "intensity": report.intensity,
        "resolution": report.resolution,
        "type": name_of(report.kinds),
    }


def _figures(judged: JudgedDyad, row: RatingRow, instrument: Instrument) -> Evidence:
    judgement = judged.judgements[row.id]
    most = fell_most(_part_changes(judged, row, instrument))
    return {
        "score": row.total,
        "usual_low": round(judgement.usual_low, _SHOWN_PLACES),
        "usual_high": round(judgement.usual_high, _SHOWN_PLACES),
        "fall": _shown(judgement.fall),
        "z": _shown(judgement.z),
        "earlier_ratings": judgement.earlier,
        "norms": judged.standards[row.id].norm.reference,
        "fell_most": None if most is None else _fallen(most),
    }


def _fallen(part: PartChange) -> Evidence:
    return {"part": part.id, "name": part.name, "before": part.before, "now": part.now}


def _shown(figure: float | None) -> float | None:
    return None if figure is None else round(figure, _SHOWN_PLACES)


def _name(row: RatingRow) -> SessionName:
    return SessionName(row.session_number, date.fromisoformat(row.session_date))


def _signal(judged: JudgedDyad, row: RatingRow, deployment: Deployment) -> SignalWords:
    instrument, judgement = deployment.known[row.instrument], judged.judgements[row.id]
    return SignalWords(
        instrument=instrument.short_title,
        score=float(row.total or 0),
        usual_low=judgement.usual_low,
        usual_high=judgement.usual_high,
        earlier=judgement.earlier,
        places=_places(instrument),
    )


def _places(instrument: Instrument) -> int:
    return max((item.decimal_places for item in instrument.items), default=0)


def _part_changes(judged: JudgedDyad, opened: RatingRow, instrument: Instrument) -> Sequence[PartChange]:
    """Return how each subscale (or item, where there are none) moved since the rating before."""
    series = [
        row for row in judged.rows.values() if row.instrument == instrument.id and row.total is not None
    ]
    place = next(index for index, row in enumerate(series) if row.id == opened.id)
    if place == 0:
        return ()
    before, now = (_parts(instrument, row) for row in (series[place - 1], opened))
    titles = _titles(instrument)
    return [
        PartChange(titles[part], float(before[part]), float(now[part]), _places(instrument), part)
        for part in now
        if part in before
    ]


def _titles(instrument: Instrument) -> dict[str, str]:
    """Return the subscales that make the total, or the items where there are none, with their names."""
    subscales = instrument.score_by_id[JUDGED_SCALE].parts
    if subscales:
        return {part: instrument.score_by_id[part].title for part in subscales}
    return {item.link_id: item.text for item in instrument.items}


def _parts(instrument: Instrument, row: RatingRow) -> dict[str, Decimal]:
    answers = read_answers(instrument, row.answers)
    subscales = instrument.score_by_id[JUDGED_SCALE].parts
    if not subscales:
        marks = answers.values
        return {item.link_id: marks[item.link_id] for item in instrument.items if item.link_id in marks}
    scored = score(instrument, answers)
    return {one.id: one.value for one in scored if one.id in subscales and one.value is not None}


def _unrated(judged: JudgedDyad, opened: RatingRow) -> int | None:
    """Return how many sessions up to this one lack the form; None where sessions carry no numbers."""
    numbers = []
    for row in judged.rows.values():
        if row.instrument == opened.instrument and row.total is not None:
            if row.session_number is None:
                return None
            numbers.append(row.session_number)
        if row.id == opened.id:
            break
    return None if opened.session_number is None else opened.session_number - len(numbers)
