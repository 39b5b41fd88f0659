"""A made-up clinic: clients with weekly sessions that end today, and the forms they filled."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from tests.demo_clinic.course import Course, draw_courses
from tests.demo_clinic.forms import SRS, WAI, fill_srs, fill_wai, total

THERAPISTS = 6
IDENTIFIER_SYSTEM = "urn:demo-clinic"
_MISSING_FORM_SHARE = 0.08
_MISSED_APPOINTMENT_SHARE = 0.05
_BARE_TOTAL_SHARE = 0.015
_WAI_EVERY = 4


@dataclass(frozen=True, slots=True)
class Session:
    """One attended session; ``missed_before`` appointments were missed since the one before."""

    number: int
    date: date
    missed_before: int


@dataclass(frozen=True, slots=True)
class Client:
    """One made-up client with the therapist and all attended sessions, the first first."""

    reference: str
    therapist: str
    kind: str
    sessions: tuple[Session, ...]


@dataclass(frozen=True, slots=True)
class Rating:
    """One filled form: ``answers`` by link id, blanks left out, or the bare ``total`` alone.

    ``authored`` is an ISO time with offset; ``identifier`` is written ``system|value``.
    """

    client: str
    therapist: str
    instrument: str
    session_number: int
    session_date: date
    authored: str
    identifier: str
    answers: Mapping[str, Decimal] | None
    total: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DemoClinic:
    """The whole clinic; ``ratings`` stand in therapy order, all clients together."""

    today: date
    clients: tuple[Client, ...]
    therapists: tuple[str, ...]
    ratings: tuple[Rating, ...]


def make_clinic(clients: int, seed: int, today: date) -> DemoClinic:
    """Return the same clinic for the same seed and day.

    The last sessions lie in the week before ``today``, never on it: nothing is dated in the future anywhere.
    """
    # Random on purpose: the same seed must give the same clinic, and nothing here is secret.
    rng = Random(seed)  # noqa: S311
    made: list[Client] = []
    ratings: list[Rating] = []
    for number, course in enumerate(draw_courses(clients, rng), start=1):
        client = _client(number, course, today, rng)
        made.append(client)
        ratings += _ratings(client, course, hour=9 + number % 8, rng=rng)
    ratings.sort(key=lambda rating: (rating.authored, rating.client))
    therapists = tuple(f"Practitioner/t-{number}" for number in range(1, THERAPISTS + 1))
    return DemoClinic(today, tuple(made), therapists, tuple(_identified(ratings)))


def _client(number: int, course: Course, today: date, rng: Random) -> Client:
    missed = [int(rng.random() < _MISSED_APPOINTMENT_SHARE) for _ in range(course.sessions)]
    missed[0] = 0
    last = _last_weekday_before(today, number % 5)
    sessions = []
    for index in range(course.sessions):
        weeks_to_go = course.sessions - 1 - index + sum(missed[index + 1 :])
        sessions.append(Session(index + 1, last - timedelta(weeks=weeks_to_go), missed[index]))
    return Client(
        reference=f"Patient/c-{number:04d}",
        therapist=f"Practitioner/t-{1 + number % THERAPISTS}",
        kind=course.kind,
        sessions=tuple(sessions),
    )


def _last_weekday_before(today: date, weekday: int) -> date:
    return today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)


def _ratings(client: Client, course: Course, hour: int, rng: Random) -> Iterator[Rating]:
    first_wai = rng.randrange(3, 6)
    for session in client.sessions:
        alliance = course.alliance(session.number, rng)
        if rng.random() >= _MISSING_FORM_SHARE:
            yield _srs(_blank_rating(client, session, SRS, f"{hour:02d}:50:00"), alliance, rng)
        if session.number >= first_wai and (session.number - first_wai) % _WAI_EVERY == 0:
            wai = _blank_rating(client, session, WAI, f"{hour:02d}:55:00")
            yield replace(wai, answers=fill_wai(alliance, rng))


def _srs(rating: Rating, alliance: float, rng: Random) -> Rating:
    marks = fill_srs(alliance, rng)
    if len(marks) == 4 and rng.random() < _BARE_TOTAL_SHARE:
        return replace(rating, total=total(marks))
    return replace(rating, answers=marks)


def _blank_rating(client: Client, session: Session, instrument: str, clock: str) -> Rating:
    return Rating(
        client=client.reference,
        therapist=client.therapist,
        instrument=instrument,
        session_number=session.number,
        session_date=session.date,
        authored=f"{session.date.isoformat()}T{clock}+01:00",
        identifier="",
        answers=None,
    )


def _identified(ratings: Sequence[Rating]) -> Iterator[Rating]:
    for number, rating in enumerate(ratings, start=1):
        yield replace(rating, identifier=f"{IDENTIFIER_SYSTEM}|r-{number:05d}")
