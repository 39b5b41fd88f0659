"""How sessions are named to people."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class SessionName:
    """How a session is named to people: by its number where it has one, else by its date."""

    session_number: int | None
    session_date: date
