"""Which sessions were attended: what the clinic recorded, and every session with a response.

Recorded attendance gives each attended session its place, counted from 1. Before the first day that anybody
recorded, session numbers are all there is, and count as places.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

AttendanceStatus = Literal["attended", "missed", "late-cancelled"]
# A session without a number stands after the numbered ones of its date.
_NO_NUMBER = 1_000_000


@dataclass(frozen=True, slots=True)
class SessionSeen:
    """One session as a response or a record of attendance names it; ``key`` names it for the caller."""

    key: str
    session_date: date
    session_number: int | None = None
    encounter: str | None = None


@dataclass(frozen=True, slots=True)
class Appointment:
    """One recorded appointment of a dyad, and whether the client came."""

    status: AttendanceStatus
    session: SessionSeen


@dataclass(frozen=True, slots=True)
class AttendedSessions:
    """The attended sessions of one dyad: how many there were, and the place of each response, by its key."""

    count: int
    places: Mapping[str, int]


def number_attended(
    seen: Sequence[SessionSeen], appointments: Sequence[Appointment]
) -> AttendedSessions | None:
    """Return the places of the sessions, or None where attendance says nothing: then session numbers count.

    ``seen`` are the sessions of the dyad's responses, in any order; several of one session are one. None
    where no appointment was ever recorded as attended (a list of missed ones alone tells nothing of the
    others), or where a session before the first recorded day has no number.
    """
    attended = [one.session for one in appointments if one.status == "attended"]
    if not attended:
        return None
    merged = _Merged()
    for one in [*seen, *attended]:
        merged.take(one)
    recorded_from = min(one.session.session_date for one in appointments)
    places: dict[str, int] = {}
    place, began = 0, False
    for session in merged.in_order():
        if session.day < recorded_from and session.number is None:
            return None
        follows_numbers = session.day < recorded_from or not began
        place = max(place + 1, session.number or 0) if follows_numbers else place + 1
        began = session.day >= recorded_from
        places |= dict.fromkeys(session.keys, place)
    return AttendedSessions(place, places)


def merge_sessions(seen: Sequence[SessionSeen]) -> Mapping[str, int]:
    """Return of each key which session of the dyad it is, counted from 1 by date; several of one are one.

    Unlike a place it counts sessions that we know of, not those that were attended.
    """
    merged = _Merged()
    for one in seen:
        merged.take(one)
    return {key: number for number, one in enumerate(merged.in_order(), 1) for key in one.keys}


@dataclass(slots=True)
class _Session:
    day: date
    number: int | None
    encounter: str | None
    keys: list[str]

    def fits(self, other: SessionSeen) -> bool:
        """Tell whether both are one session: by number, else encounter, else date."""
        if self.number is not None and other.session_number is not None:
            return self.number == other.session_number
        if self.encounter is not None and other.encounter is not None:
            return self.encounter == other.encounter
        return self.day == other.session_date


class _Merged:
    """Sessions that were told of several times, each once."""

    def __init__(self) -> None:
        self._all: list[_Session] = []
        self._by_number: dict[int, _Session] = {}
        self._by_encounter: dict[str, _Session] = {}
        self._by_day: dict[date, list[_Session]] = {}

    def take(self, seen: SessionSeen) -> None:
        session = self._find(seen)
        if session is None:
            session = _Session(seen.session_date, seen.session_number, seen.encounter, [])
            self._all.append(session)
            self._by_day.setdefault(session.day, []).append(session)
        session.keys.append(seen.key)
        session.number = seen.session_number if session.number is None else session.number
        session.encounter = seen.encounter if session.encounter is None else session.encounter
        if session.number is not None:
            self._by_number[session.number] = session
        if session.encounter is not None:
            self._by_encounter[session.encounter] = session

    def in_order(self) -> list[_Session]:
        return sorted(self._all, key=lambda one: (one.day, one.number or _NO_NUMBER))

    def _find(self, seen: SessionSeen) -> _Session | None:
        named = [
            *([self._by_number.get(seen.session_number)] if seen.session_number is not None else []),
            *([self._by_encounter.get(seen.encounter)] if seen.encounter is not None else []),
            *self._by_day.get(seen.session_date, ()),
        ]
        return next((one for one in named if one is not None and one.fits(seen)), None)
