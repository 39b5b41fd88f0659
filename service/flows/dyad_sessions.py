"""The sessions of each dyad of a patient: which were attended, and which the client did not come to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from service.alliance.attendance import Appointment, AttendedSessions, SessionSeen, number_attended
from service.store.attendance import AttendanceRow
from service.store.patient_ratings import PatientRating
from service.store.treatment_ends import TreatmentEnd

Row = TypeVar("Row", PatientRating, AttendanceRow)


@dataclass(frozen=True, slots=True)
class DyadSessions:
    """The sessions of one therapist ('' where unknown) with the patient.

    ``recorded`` is None where attendance was not recorded: then ``highest``, the highest session number seen,
    is how many were attended, None where no session has a number. ``before`` is the last session number of
    the therapists before, where numbers went on counting: this dyad's sessions count from there. ``missed``
    are the appointments that the client missed or cancelled late, by date; ``days`` are the dates of sessions
    that anybody rated or that are recorded as attended, in order. ``end`` is the end of treatment that was
    told, None where none was, or where a session after it says that treatment went on.
    """

    therapist: str
    recorded: AttendedSessions | None
    highest: int | None
    before: int
    missed: tuple[AttendanceRow, ...]
    days: tuple[str, ...]
    first_date: str
    last_date: str
    end: TreatmentEnd | None = None

    @property
    def attended(self) -> int | None:
        """Return how many sessions were attended in this dyad, as far as that is known."""
        if self.recorded is not None:
            return self.recorded.count
        return None if self.highest is None else self.highest - self.before

    def place_of(self, rating: PatientRating) -> int | None:
        """Return the place of a rating's session among the attended ones, None where nobody knows."""
        if self.recorded is not None:
            return self.recorded.places.get(rating.id)
        return None if rating.session_number is None else rating.session_number - self.before

    def count_missed_before(self, session_date: str) -> int:
        """Return how many appointments were missed just before a session: after the one that came before."""
        earlier = [day for day in self.days if day < session_date]
        last = earlier[-1] if earlier else ""
        return sum(last < row.session_date < session_date for row in self.missed)

    def count_missed_after_the_last(self) -> int:
        """Return how many appointments were missed since the last session."""
        last = self.days[-1] if self.days else ""
        return sum(row.session_date > last for row in self.missed)

    def count_missed(self, status: str) -> int:
        """Return how many appointments the client missed, or cancelled late."""
        return sum(row.status == status for row in self.missed)


def sort_sessions(
    ratings: Sequence[PatientRating],
    appointments: Sequence[AttendanceRow],
    ends: Sequence[TreatmentEnd],
) -> Mapping[str, DyadSessions]:
    """Return the sessions by therapist; all are of one patient, in therapy order, ends by date."""
    rated, booked = _grouped(ratings), _grouped(appointments)
    found: dict[str, DyadSessions] = {}
    therapists = [*rated, *(one for one in booked if one not in rated)]
    for therapist in therapists:  # in the order of their first rating
        own, appointed = rated.get(therapist, []), booked.get(therapist, [])
        sessions = _sessions(therapist, own, appointed, _before(own, found.values()))
        found[therapist] = replace(sessions, end=_standing(ends, sessions))
    return found


def _standing(ends: Sequence[TreatmentEnd], sessions: DyadSessions) -> TreatmentEnd | None:
    last = sessions.days[-1] if sessions.days else ""
    told = [one for one in ends if one.therapist == sessions.therapist]
    return told[-1] if told and last <= told[-1].ended_on else None


def _grouped(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.therapist, []).append(row)
    return found


def _before(ratings: Sequence[PatientRating], earlier: Iterable[DyadSessions]) -> int:
    """Return the last number of therapists who were done before, 0 where numbers began anew."""
    numbers = [row.session_number for row in ratings if row.session_number is not None]
    if not numbers:
        return 0
    last = max((one.highest or 0 for one in earlier if one.last_date <= ratings[0].session_date), default=0)
    return last if min(numbers) > last else 0


def _sessions(
    therapist: str, ratings: Sequence[PatientRating], booked: Sequence[AttendanceRow], before: int
) -> DyadSessions:
    seen = [_seen(row, before) for row in ratings]
    numbers = [row.session_number for row in ratings if row.session_number is not None]
    days = [*(row.session_date for row in ratings), *(row.session_date for row in booked)]
    came = {row.session_date for row in ratings}
    came |= {row.session_date for row in booked if row.status == "attended"}
    return DyadSessions(
        therapist=therapist,
        recorded=number_attended(seen, [Appointment(row.status, _seen(row, before)) for row in booked]),  # type: ignore[arg-type] # the flows write no other
        highest=max(numbers, default=None),
        before=before,
        missed=tuple(row for row in booked if row.status != "attended"),
        days=tuple(sorted(came)),
        first_date=min(days),
        last_date=max(days),
    )


def _seen(row: PatientRating | AttendanceRow, before: int) -> SessionSeen:
    number = row.session_number
    if number is not None:
        number = number - before if number > before else None
    return SessionSeen(row.id, date.fromisoformat(row.session_date), number, row.encounter)
