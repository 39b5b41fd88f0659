"""The sentences of an alert, made of what it rests on."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from fhir_mappings.instrument import Instrument
from fhir_mappings.translations import descriptors
from fhir_mappings.worded import worded
from fhir_mappings.words import DESCRIPTORS_LANGUAGE, best_words
from service.alliance.episodes import Episode
from service.alliance.marking import Marking
from service.alliance.report_wording import ReportGone, ReportWords, reported_text
from service.alliance.session_names import SessionName
from service.alliance.wording import (
    AlertFacts,
    SignalWords,
    ThenAndNow,
    alert_text,
    signal_sentence,
    unsupported_text,
)
from service.flows.alert_evidence import Evidence, decimal_places, marking_at, part_changes
from service.flows.deployment import Deployment
from service.flows.judge_dyad import JudgedDyad
from service.store.alerts import AlertRow
from service.store.responses import RatingRow


def text_of(judged: JudgedDyad, episode: Episode, deployment: Deployment) -> str:
    """Return the alert's sentences, in the clinic's language."""
    language = deployment.settings.clinic_language
    opened = judged.rows[episode.opened_by]
    recovered = judged.rows.get(episode.recovered_by) if episode.recovered_by else None
    reports = [_report_words(judged, key) for key in episode.evidence if key in judged.reports]
    if episode.opened_by in judged.reports:
        rated = [judged.rows[key] for key in episode.evidence if key in judged.judgements]
        scores = [signal_sentence(_signal(judged, row, deployment), language) for row in rated]
        closed_at = _name(recovered) if recovered else None
        return reported_text(reports, scores, episode.course, closed_at, language)
    others = [key for key in episode.evidence if key in judged.judgements]
    others = [key for key in others if judged.rows[key].instrument != episode.series]
    return alert_text(
        AlertFacts(
            severity=episode.severity,
            course=episode.course,
            session=_name(opened),
            signal=_signal(judged, opened, deployment),
            parts=part_changes(judged, opened, _named(deployment.known[opened.instrument], language)),
            unrated=_unrated(judged, opened),
            others=[_signal(judged, judged.rows[key], deployment) for key in others],
            reports=reports,
            recovered_at=_name(recovered) if recovered else None,
            assumed_norm=judged.standards[episode.opened_by].norm.status == "assumed",
        ),
        language,
    )


def _named(instrument: Instrument, language: str) -> Instrument:
    """Return the instrument with its items and scores named in this language, where we have it."""
    words = best_words(descriptors(instrument), language)
    return instrument if words.language == DESCRIPTORS_LANGUAGE else worded(instrument, words)


def text_without_support(row: AlertRow, evidence: Sequence[Evidence], deployment: Deployment) -> str:
    """Return the sentences of an alert that its ratings, as they are now, no longer support."""
    session = SessionName(row.session_number, date.fromisoformat(row.session_date))
    changes = [_change(old, deployment) for old in evidence]
    return unsupported_text(session, changes, deployment.settings.clinic_language)


def _change(old: Evidence, deployment: Deployment) -> ThenAndNow | ReportGone:
    if "reported" in old:
        return ReportGone(deployment.known[old["instrument"]].short_title, withdrawn=old["now"] is None)
    return ThenAndNow(_told(old, deployment), _told_now(old, deployment))


def _report_words(judged: JudgedDyad, key: str) -> ReportWords:
    report = judged.reports[key]
    return ReportWords(report.kind, report.by, _name(judged.rows[key]), report.intensity, report.resolution)


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
        places=decimal_places(instrument),
        marking=_told_marking(seen.get("marked_by")),
    )


def _told_marking(seen: Mapping[str, Any] | None) -> Marking | None:
    if seen is None:
        return None
    return Marking(seen["rule"], *(float(seen[name]) for name in ("limit", "mean", "last")))


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
        places=decimal_places(instrument),
        marking=marking_at(judged, row, deployment.parameters),
    )


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
