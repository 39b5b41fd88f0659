"""A deployment on a temporary database, and responses to put into it. Nobody here exists."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from fhir_mappings.answers import check_answers
from fhir_mappings.catalogue import builtin_instruments, shipped_instruments
from fhir_mappings.codes import Names
from fhir_mappings.filled import Answers, Identifier
from service.alliance.norms import load_norms
from service.alliance.parameters import default_parameters
from service.flows.deployment import Access, Deployment
from service.flows.new_response import NewResponse
from service.settings import Settings
from service.store.database import Database
from tests.databases import empty_database

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FIRST_SESSION = datetime(2026, 1, 5, 10, 50, tzinfo=UTC)


class StandingClock:
    """A clock that moves only when a test says so."""

    def __init__(self, moment: datetime = NOW) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def pass_by(self, **duration: float) -> None:
        self.moment += timedelta(**duration)


def a_deployment(
    folder: Path, clock: StandingClock | None = None, *, database: Database | None = None, **settings: Any
) -> Deployment:
    """Return a deployment on a new database (a SQLite one lies in the folder), or on this one."""
    return Deployment(
        database=database or empty_database(folder),
        settings=Settings(**settings),
        names=Names(),
        instruments=builtin_instruments(),
        known=shipped_instruments(),
        norms=load_norms(),
        parameters=default_parameters(),
        clock=clock or StandingClock(),
    )


def an_access(action: Any = "C") -> Access:
    return Access("default", "loopback", "/v1/responses", action, "request-1")


def marks(total: str) -> Answers:
    """Return SRS marks that add up to a total, as even as tenths allow."""
    tenths = int(Decimal(total) * 10)
    each = [tenths // 4 + (place < tenths % 4) for place in range(4)]
    answers = {f"item-{place + 1}": Decimal(value) / 10 for place, value in enumerate(each)}
    return check_answers(builtin_instruments()["srs-3"], answers)


def a_response(session: int = 7, total: str = "36.3", **changes: Any) -> NewResponse:
    """Return an SRS of Anna and Ada after a weekly session, filled on the day, under its own identifier."""
    day = FIRST_SESSION + timedelta(weeks=session - 1)
    facts: dict[str, Any] = {
        "instrument": builtin_instruments()["srs-3"],
        "answers": marks(total),
        "patient": "Patient/anna",
        "source": "Patient/anna",
        "author": None,
        "therapist": "Practitioner/ada",
        "encounter": None,
        "authored": day.isoformat(),
        "session_date": None,
        "session_number": session,
        "another_session": False,
        "identifier": Identifier("urn:clinic:north", f"r-{session}"),
        "language": None,
        "age_years": None,
        "site": None,
        "team": None,
        "approach": None,
        "ehr_reference": None,
        "origin": "v1",
        "body": b"{}",
    }
    return NewResponse(**(facts | changes))


def a_report(session: int = 7, by: str = "client", *, happened: bool = True, **marks: int) -> NewResponse:
    """Return a rupture self-report, filled after the session's rating; a no has no marks."""
    authored = FIRST_SESSION + timedelta(weeks=session - 1, minutes=5)
    form = builtin_instruments()[f"rupture-report-{by}"]
    answers: dict[str, Any] = {"happened": happened}
    if happened:
        answers |= {name: Decimal(mark) for name, mark in marks.items()}
    return a_response(
        session,
        instrument=form,
        answers=check_answers(form, answers),
        authored=authored.isoformat(),
        source="Patient/anna" if by == "client" else "Practitioner/ada",
        identifier=Identifier("urn:clinic:north", f"report-{by}-{session}"),
    )


def a_check_in(session: int, on_track: str, **texts: str) -> NewResponse:
    """Return a client's session check-in, filled after the session's rating."""
    authored = FIRST_SESSION + timedelta(weeks=session - 1, minutes=4)
    form = builtin_instruments()["session-check-in-client"]
    return a_response(
        session,
        instrument=form,
        answers=check_answers(form, {"on-track": on_track, **texts}),
        authored=authored.isoformat(),
        identifier=Identifier("urn:clinic:north", f"check-in-{session}"),
    )


def a_checklist(session: int = 7, by: str = "observer", **marks: int) -> NewResponse:
    """Return a marker checklist of a session, filled after its rating; signs are named with underscores."""
    authored = FIRST_SESSION + timedelta(weeks=session - 1, minutes=6)
    form = builtin_instruments()[f"rupture-markers-{by}"]
    answers = {name.replace("_", "-"): Decimal(mark) for name, mark in marks.items()}
    return a_response(
        session,
        instrument=form,
        answers=check_answers(form, answers),
        authored=authored.isoformat(),
        source="Practitioner/olu" if by == "observer" else "Practitioner/ada",
        identifier=Identifier("urn:clinic:north", f"markers-{by}-{session}"),
    )
