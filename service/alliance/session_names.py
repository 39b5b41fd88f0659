"""How sessions are named to people."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class SessionName:
    """How a session is named to people: by its number where it has one, else by its date."""

    session_number: int | None
    session_date: date

    def __str__(self) -> str:
        if self.session_number is not None:
            return f"session {self.session_number}"
        return f"the session of {self.session_date.isoformat()}"
