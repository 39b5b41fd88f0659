"""A seeded clinic in the database: the demo clinic, therapists' forms, attendance, people's acts."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from fhir_mappings.answers import check_answers
from fhir_mappings.filled import Identifier
from service.errors import NotFound
from service.flows.act_on_alert import PersonsAct, act_on_alert
from service.flows.deployment import Deployment
from service.flows.new_response import NewResponse
from service.flows.record_attendance import NewAttendance, record_attendance
from service.flows.record_response import record_response
from service.flows.tell_treatment_end import NewEnd, tell_treatment_end
from service.store.alerts import AlertQuery, list_alerts
from tests.demo_clinic import DemoClinic, Rating, make_clinic
from tests.service.build import StandingClock, a_deployment, a_report, a_response, an_access

TODAY = date(2026, 3, 2)
TEAMS, SITES, APPROACHES = ("blue", "green", None), ("north", "south"), ("cbt", "dynamic", "systemic")


def fill_clinic(
    folder: Path, clients: int, seed: int = 7, *, attendance: bool = True, **settings: Any
) -> Deployment:
    """Return a deployment whose clinic has so many clients with all that reports count.

    ``attendance`` False: no session is recorded but by its responses.
    """
    clock = StandingClock()
    deployment = a_deployment(folder, clock, **{"snapshot_dir": str(folder / "snapshots"), **settings})
    clinic = make_clinic(clients, seed, TODAY)
    random = Random(seed)  # noqa: S311 - made up, not secret
    for new in _responses(clinic, deployment, random):
        clock.moment = datetime.fromisoformat(new.authored) + timedelta(minutes=1)
        record_response(deployment, new, an_access())
        if random.random() < 0.2:
            _act(deployment, random, clock)
    clock.moment = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    if attendance:
        _attend(clinic, deployment)
        _come_and_miss(deployment)
    _end(clinic, deployment)
    return deployment


def _responses(clinic: DemoClinic, deployment: Deployment, random: Random) -> Iterator[NewResponse]:
    """Give the clinic's responses in the order in which they came; some therapies end weeks before today."""
    for rating in clinic.ratings:
        number = int(rating.client.rpartition("-")[2])
        ended = TODAY - timedelta(days=50 if number % 4 == 0 else 0)
        if rating.session_date > ended:
            continue
        new = _response(rating, deployment, number)
        yield new
        if rating.instrument == "wai-sr-client" and rating.answers is not None:
            yield _of_therapist(rating, new, deployment, random)
        if random.random() < 0.01:
            yield _strain_told(rating, new)


def _response(rating: Rating, deployment: Deployment, number: int) -> NewResponse:
    form = deployment.instruments[rating.instrument]
    system, _, value = rating.identifier.partition("|")
    return a_response(
        instrument=form,
        answers=check_answers(form, rating.answers or {}, rating.total),
        patient=rating.client,
        source=rating.client,
        therapist=rating.therapist,
        authored=rating.authored,
        session_date=rating.session_date.isoformat(),
        session_number=rating.session_number if number % 7 else None,
        identifier=Identifier(system, value),
        language=("en", "de")[number % 2],
        team=TEAMS[number % 3],
        site=SITES[number % 2],
        approach=APPROACHES[number % 3],
    )


def _of_therapist(rating: Rating, new: NewResponse, deployment: Deployment, random: Random) -> NewResponse:
    form, given = deployment.instruments["wai-sr-therapist"], rating.answers or {}
    answers = {
        item.link_id: min(
            item.maximum,
            max(item.minimum, given.get(item.link_id, Decimal(3)) + random.choice((-1, 0, 0, 1))),
        )
        for item in form.items
    }
    return replace(
        new,
        instrument=form,
        answers=check_answers(form, answers),
        source=rating.therapist,
        identifier=Identifier("urn:therapists", rating.identifier.rpartition("|")[2]),
    )


def _strain_told(rating: Rating, new: NewResponse) -> NewResponse:
    report = a_report(1, intensity=3)
    name = Identifier("urn:reports", rating.identifier.rpartition("|")[2])
    return replace(new, instrument=report.instrument, answers=report.answers, identifier=name)


def _act(deployment: Deployment, random: Random, clock: StandingClock) -> None:
    """Let somebody do the next thing about some alert, days later."""
    with deployment.database.read() as tx:
        found = list_alerts(tx, "default", AlertQuery(limit=200, include_historical=True))
    waiting = [row for row in found if row.status in ("open", "acknowledged", "in-repair")]
    if not waiting:
        return
    row = random.choice(waiting)
    names: dict[str, tuple[str, ...]] = {
        "open": ("acknowledge", "acknowledge", "dismiss"),
        "acknowledged": ("repair-steps", "resolve-repaired"),
        "in-repair": ("resolve-repaired", "resolve-unresolved"),
    }
    name: Any = random.choice(names[row.status])
    more = {"step": "validated"} if name == "repair-steps" else {}
    more |= {"reason": "known-cause"} if name == "dismiss" else {}
    act_on_alert(deployment, row.id, None, PersonsAct(name, row.therapist, **more), an_access("U"))


def _attend(clinic: DemoClinic, deployment: Deployment) -> None:
    """Record every session of each fifth client as attended, and what they missed before one."""
    for client in clinic.clients:
        number = int(client.reference.rpartition("-")[2])
        if number % 5 or number % 4 == 0:
            continue
        for session in client.sessions:
            _appointment(deployment, client.reference, client.therapist, session.date, session.number)
            if session.missed_before:
                missed = session.date - timedelta(weeks=1)
                _appointment(deployment, client.reference, client.therapist, missed, None)


def _come_and_miss(deployment: Deployment) -> None:
    """Record who came but rated nothing, and who only missed what was booked."""
    for number, came in enumerate((1, 1, None, None)):
        day = TODAY - timedelta(days=60)
        _appointment(deployment, f"Patient/unrated-{number}", f"Practitioner/p-{number % 2}", day, came)


def _end(clinic: DemoClinic, deployment: Deployment) -> None:
    """Tell why some therapies ended that are over, and of others an end before their last session."""
    reasons: Any = ("planned", "client-left", "transferred")
    for client in clinic.clients:
        number = int(client.reference.rpartition("-")[2])
        if number % 8 and number % 13:
            continue
        day = TODAY - timedelta(days=400 if number % 8 else 40)
        new = NewEnd(client.reference, client.therapist, day.isoformat(), reasons[number % 3])
        with suppress(NotFound):  # of a few nothing was recorded
            tell_treatment_end(deployment, new, an_access("U"))


def _appointment(deployment: Deployment, patient: str, therapist: str, day: date, number: int | None) -> None:
    new = NewAttendance(
        status="missed" if number is None else "attended",
        patient=patient,
        therapist=therapist,
        session_date=day.isoformat(),
        session_number=number,
        encounter=None,
        identifier=Identifier("urn:appointments", f"{patient}-{day}"),
    )
    record_attendance(deployment, new, an_access())
