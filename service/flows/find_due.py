"""Which measure is due at a patient's next session, by the clinic's measuring plan."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from service.alliance.plan import Due, what_is_due
from service.flows.deployment import Deployment
from service.flows.dyad_sessions import DyadSessions
from service.flows.judge_dyad import JUDGED_SCALE
from service.store.patient_ratings import PatientRating


@dataclass(frozen=True, slots=True)
class DyadDue:
    """How one measure of the plan stands with one therapist ('' where unknown)."""

    therapist: str
    due: Due


def find_due(
    deployment: Deployment, ratings: Sequence[PatientRating], sessions: Mapping[str, DyadSessions]
) -> tuple[DyadDue, ...]:
    """Return how every measure stands in each dyad that still goes on.

    A dyad is left out where it is not known how many sessions were attended, one whose end was told, and one
    that was over before another one began. ``ratings`` come in therapy order.
    """
    found = []
    for own in sessions.values():
        rated = _rated(ratings, own)
        if own.attended is not None and rated is not None and _goes_on(own, sessions.values()):
            due = what_is_due(deployment.plan, own.attended, rated, deployment.instruments)
            found += [DyadDue(own.therapist, one) for one in due]
    return tuple(found)


def _rated(ratings: Sequence[PatientRating], sessions: DyadSessions) -> dict[str, list[int]] | None:
    """Return the rated sessions by instrument, the one used last at the end; None where one has no place."""
    rated: dict[str, list[int]] = {}
    for row in ratings:
        if row.therapist != sessions.therapist or row.scores.get(JUDGED_SCALE) is None:
            continue
        place = sessions.place_of(row)
        if place is None:
            return None
        rated[row.instrument] = [*rated.pop(row.instrument, []), place]
    return rated


def _goes_on(own: DyadSessions, others: Collection[DyadSessions]) -> bool:
    return own.end is None and all(other is own or other.first_date <= own.last_date for other in others)
