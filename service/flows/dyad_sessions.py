"""The sessions of each dyad of a patient: which were attended, and which the client did not come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

from service.alliance.attendance import Appointment, AttendedSessions, SessionSeen, number_attended
from service.store.attendance import AttendanceRow
from service.store.patient_ratings import PatientRating

Row = TypeVar("Row", PatientRating, AttendanceRow)


@dataclass(frozen=True, slots=True)
class DyadSessions:
    """The sessions of one therapist ('' where unknown) with the patient.

    ``recorded`` is None where attendance was not recorded: then ``highest``, the highest session number seen,
    is how many were attended, None where some session has no number. ``missed`` are the appointments that the
    client missed or cancelled late, by date.
    """

    therapist: str
    recorded: AttendedSessions | None
    highest: int | None
    missed: tuple[AttendanceRow, ...]
    first_date: str
    last_date: str

    @property
    def attended(self) -> int | None:
        """Return how many sessions were attended, as far as that is known."""
        return self.highest if self.recorded is None else self.recorded.count

    def place_of(self, rating: PatientRating) -> int | None:
        """Return the place of a rating's session among the attended ones, None where nobody knows."""
        return rating.session_number if self.recorded is None else self.recorded.places.get(rating.id)

    def count_missed(self, status: str) -> int:
        """Return how many appointments the client missed, or cancelled late."""
        return sum(row.status == status for row in self.missed)


def sort_sessions(
    ratings: Sequence[PatientRating], appointments: Sequence[AttendanceRow]
) -> Mapping[str, DyadSessions]:
    """Return the sessions by therapist; both come in therapy order and are of one patient."""
    by_therapist = attrgetter("therapist")
    rated = _grouped(sorted(ratings, key=by_therapist))
    booked = _grouped(sorted(appointments, key=by_therapist))
    return {
        therapist: _sessions(therapist, rated.get(therapist, []), booked.get(therapist, []))
        for therapist in [*rated, *(one for one in booked if one not in rated)]
    }


def _grouped(rows: Sequence[Row]) -> dict[str, list[Row]]:
    return {therapist: list(own) for therapist, own in groupby(rows, key=attrgetter("therapist"))}


def _sessions(
    therapist: str, ratings: Sequence[PatientRating], booked: Sequence[AttendanceRow]
) -> DyadSessions:
    seen = [_seen(row) for row in ratings]
    numbers = [row.session_number for row in ratings if row.session_number is not None]
    days = [*(row.session_date for row in ratings), *(row.session_date for row in booked)]
    return DyadSessions(
        therapist=therapist,
        recorded=number_attended(seen, [Appointment(row.status, _seen(row)) for row in booked]),  # type: ignore[arg-type] # the flows write no other
        highest=max(numbers, default=None),
        missed=tuple(row for row in booked if row.status != "attended"),
        first_date=min(days),
        last_date=max(days),
    )


def _seen(row: PatientRating | AttendanceRow) -> SessionSeen:
    return SessionSeen(row.id, date.fromisoformat(row.session_date), row.session_number, row.encounter)
