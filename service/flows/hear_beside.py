"""What lies beside a client's ratings, for the one rule that listens: the therapist's, what was missed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fhir_mappings.instrument import Instrument
from service.flows.dyad_sessions import DyadSessions
from service.flows.judge_dyad import JUDGED_SCALE
from service.store.patient_ratings import PatientRating


@dataclass(frozen=True, slots=True)
class HeardRating:
    """One rating with what lies beside it, as a ``Session`` of the rules has it; ``key`` is its id."""

    key: str
    value: float
    therapist: float | None
    missed: int
    unheard: tuple[float, ...]


def is_counterpart(client: Instrument, therapist: Instrument) -> bool:
    """Tell whether two forms are of one measure and scale, the one for clients, the other for therapists."""
    scale, other = client.score_by_id.get(JUDGED_SCALE), therapist.score_by_id.get(JUDGED_SCALE)
    if scale is None or other is None or client.family != therapist.family:
        return False
    is_pair = (client.perspective, therapist.perspective) == ("client", "therapist")
    return is_pair and (scale.minimum, scale.maximum) == (other.minimum, other.maximum)


def hear_beside(
    rated: Sequence[tuple[PatientRating, float]],
    ratings: Iterable[PatientRating],
    sessions: DyadSessions,
    known: Mapping[str, Instrument],
) -> list[HeardRating]:
    """Return the rated responses of one series in order, each with what lies beside it.

    ``ratings`` are all of the patient, in therapy order. The same session: the same place where both have
    one, else the same date. What a therapist rated in sessions without the client's form is heard before the
    client's next rating.
    """
    told = [
        (row, float(total))
        for row in ratings
        if row.therapist == sessions.therapist
        and rated
        and is_counterpart(known[rated[0][0].instrument], known[row.instrument])
        and (total := row.scores.get(JUDGED_SCALE)) is not None
    ]
    same = {row.id: _same_session(row, told, sessions) for row, _ in rated}
    matched = {found[0].id for found in same.values() if found}
    waiting = [one for one in told if one[0].id not in matched]
    heard = []
    for row, value in rated:
        unheard = [mark for other, mark in waiting if other.session_date < row.session_date]
        waiting = waiting[len(unheard) :]
        found = same[row.id]
        missed = sessions.count_missed_before(row.session_date)
        heard.append(HeardRating(row.id, value, found[1] if found else None, missed, tuple(unheard)))
    return heard


def _same_session(
    row: PatientRating, told: Sequence[tuple[PatientRating, float]], sessions: DyadSessions
) -> tuple[PatientRating, float] | None:
    place = sessions.place_of(row)
    for other, mark in told:
        there = sessions.place_of(other)
        has_places = place is not None and there is not None
        if (place == there) if has_places else (row.session_date == other.session_date):
            return other, mark
    return None
