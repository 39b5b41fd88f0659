"""What an alert rests on: its evidence as stored and shown."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from fhir_mappings import json_text
from fhir_mappings.instrument import Instrument
from fhir_mappings.scoring import score
from service.alliance.episodes import Episode
from service.alliance.marking import Marking, marking_of
from service.alliance.parameters import Parameters
from service.alliance.rules import DEFAULT_RULE
from service.alliance.strain_type import KindsTold, Typed, name_of, type_of
from service.alliance.wording import PartChange, fell_most
from service.flows.deployment import Deployment
from service.flows.judge_dyad import JUDGED_SCALE, JudgedDyad
from service.flows.load import read_answers
from service.flows.read_reports import Report
from service.store.alerts import AlertRow
from service.store.responses import RatingRow

_SHOWN_PLACES = 2
Evidence = dict[str, Any]


def evidence_of(judged: JudgedDyad, episode: Episode, deployment: Deployment) -> list[Evidence]:
    """Return one entry per rating or report that signalled, in dyad order, with the version that was seen.

    Figures are in the instrument's points, rounded to two places for people; the rule used them unrounded.
    """
    return [evidence_at(judged, key, deployment) for key in episode.evidence]


def evidence_since(
    judged: JudgedDyad, evidence: Sequence[Evidence], deployment: Deployment
) -> list[Evidence]:
    """Return old evidence with what each rating shows ``now``, None where it is no more in the dyad."""
    return [old | {"now": _now(judged, str(old["response"]), deployment)} for old in evidence]


def level_of(seen: Mapping[str, Any]) -> Literal["A", "B", "D"]:
    """Return what kind of sign it is: A an observer's marks, B said by client or therapist, D a score."""
    if "reported" not in seen:
        return "D"
    return "A" if seen["reported"]["by"] == "observer" else "B"


def type_of_episode(judged: JudgedDyad, episode: Episode) -> Typed:
    """Return the type of strain that people told in the reports which an episode rests on."""
    reports = [judged.reports[key] for key in episode.evidence if key in judged.reports]
    return type_of(KindsTold(report.by, report.kinds) for report in reports)


def fallen_of(row: AlertRow) -> str | None:
    """Return the id of the part that fell most at the rating that opened an alert, None where none did."""
    opened = [one for one in json_text.loads(row.evidence) if one["response"] == row.opened_by]
    most = opened[0].get("fell_most") if opened else None
    return most["part"] if most else None


def _now(judged: JudgedDyad, key: str, deployment: Deployment) -> Evidence | None:
    return evidence_at(judged, key, deployment) if key in judged.judgements or key in judged.reports else None


def evidence_at(judged: JudgedDyad, key: str, deployment: Deployment) -> Evidence:
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
    return seen | _figures(judged, row, deployment)


def _reported(report: Report) -> Evidence:
    return {
        "kind": report.kind,
        "by": report.by,
        "strain": report.happened,
        "intensity": report.intensity,
        "resolution": report.resolution,
        "type": name_of(report.kinds),
    }


def _figures(judged: JudgedDyad, row: RatingRow, deployment: Deployment) -> Evidence:
    judgement = judged.judgements[row.id]
    most = fell_most(part_changes(judged, row, deployment.known[row.instrument]))
    marking = marking_at(judged, row, deployment.parameters)
    by_rule = {} if marking is None else {"marked_by": _shown_marking(marking)}
    return by_rule | {
        "score": row.total,
        "usual_low": round(judgement.usual_low, _SHOWN_PLACES),
        "usual_high": round(judgement.usual_high, _SHOWN_PLACES),
        "fall": _shown(judgement.fall),
        "z": _shown(judgement.z),
        "earlier_ratings": judgement.earlier,
        "norms": judged.standards[row.id].norm.reference,
        "fell_most": None if most is None else _fallen(most),
    }


def _shown_marking(marking: Marking) -> Evidence:
    limit = marking.limit_in(_SHOWN_PLACES)
    return {"rule": marking.rule, "limit": limit, "mean": _shown(marking.mean), "last": _shown(marking.last)}


def marking_at(judged: JudgedDyad, row: RatingRow, parameters: Parameters) -> Marking | None:
    """Return where the limit of the rule lay that marked a rating; None for the default, with its range."""
    standard, values = judged.standards[row.id], []
    if standard.rule == DEFAULT_RULE:
        return None
    for one in judged.rows.values():
        if one.instrument == row.instrument and one.total is not None:
            values.append(float(one.total))
        if one.id == row.id:
            break
    return marking_of(standard.rule, values, standard.norm, parameters)


def _fallen(part: PartChange) -> Evidence:
    return {"part": part.id, "name": part.name, "before": part.before, "now": part.now}


def _shown(figure: float | None) -> float | None:
    return None if figure is None else round(figure, _SHOWN_PLACES)


def decimal_places(instrument: Instrument) -> int:
    """Return how many decimal places a form's marks have."""
    return max((item.decimal_places for item in instrument.items), default=0)


def part_changes(judged: JudgedDyad, opened: RatingRow, instrument: Instrument) -> Sequence[PartChange]:
    """Return how each subscale (or item, where there are none) moved since the rating before."""
    last = None
    for row in judged.rows.values():
        if row.id == opened.id:
            break
        if row.instrument == instrument.id and row.total is not None:
            last = row
    if last is None:
        return ()
    before, now = _parts(instrument, last), _parts(instrument, opened)
    titles = _titles(instrument)
    return [
        PartChange(titles[part], float(before[part]), float(now[part]), decimal_places(instrument), part)
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
