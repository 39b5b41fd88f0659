"""Look up the Encounters that responses leave their session to, and correct the responses by what they say.

A response was recorded at once; what the EHR says of its session is its next version, written by the service
itself. Nothing is guessed, and nothing that a caller or a person said is changed.
"""

from dataclasses import replace
from datetime import timedelta

from fhir_mappings.visit import Visit, visit_of_encounter
from service.clock import as_instant
from service.errors import Duplicate, EhrUnreachable, EhrUnreadable
from service.flows.deployment import Write
from service.flows.intake import Intake
from service.flows.patient_references import references_to_patient
from service.flows.replace_version import replace_version
from service.flows.same_session import find_same_session
from service.store.database import Tx
from service.store.look_ups import (
    DONE,
    DUE,
    PARKED,
    LookUp,
    change_look_up,
    is_look_up_due,
    next_look_up,
)
from service.store.lost_races import repeat_lost_races
from service.store.patients import alias_rows, lock_dyad, take_dyad_like
from service.store.responses import (
    IN_ERROR,
    ResponseVersion,
    dyad_ratings,
    lock_current,
    rating_of,
)

_PER_PASS = 50
_FIRST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(hours=4)
# With the waits between them: a day. An Encounter may be filed hours after the form was filled.
_MOST_TRIES = 12
_LONGEST_REASON = 255
# What an answer with this status says of one record alone; all else is the whole EHR's trouble.
_OF_ONE_RECORD = ("status-400", "status-403", "status-422", "not-the-resource")


def is_session_wanted(intake: Intake) -> bool:
    """Tell whether an Encounter is to be looked up now."""
    with intake.deployment.database.read() as tx:
        return is_look_up_due(tx, intake.clinic, intake.ehr, intake.now())


def learn_sessions(intake: Intake) -> int:
    """Return how many responses were corrected by what their Encounters say, of at most fifty that were due.

    Raises ``EhrError`` where the EHR does not answer: what is left is due again.
    """
    learnt = 0
    for _ in range(_PER_PASS):
        claimed = _claim(intake)
        if claimed is None:
            break
        learnt += _learn(intake, claimed)
    return learnt


@repeat_lost_races
def _claim(intake: Intake) -> LookUp | None:
    """Return the next one that is due, put off for everybody else and for the case that we die over it."""
    now = intake.now()
    with intake.deployment.database.write() as tx:
        found = next_look_up(tx, intake.clinic, intake.ehr, now)
        if found is None:
            return None
        due_at = as_instant(intake.deployment.clock() + _wait(found.tries))
        claimed = replace(found, tries=found.tries + 1, due_at=due_at, updated_at=now)
        if not change_look_up(tx, found, now, tries=claimed.tries, due_at=due_at):
            return None
    return claimed


def _wait(tries: int) -> timedelta:
    return min(_LONGEST_WAIT, _FIRST_WAIT * (1 << min(tries, 10)))


def _learn(intake: Intake, claimed: LookUp) -> bool:
    try:
        found = intake.client.read("Encounter", claimed.encounter_id)
    except EhrUnreachable:
        _give_back(intake, claimed)
        raise
    except EhrUnreadable as error:
        if error.code not in _OF_ONE_RECORD:
            raise
        found = None
    if found is None:
        _wait_or_park(intake, claimed)
        return False
    visit = visit_of_encounter(dict(found.resource), intake.client.base_url)
    try:
        return _take(intake, claimed, visit)
    except Duplicate as clash:
        _park(intake, claimed, clash.message)
        return False


@repeat_lost_races
def _take(intake: Intake, claimed: LookUp, visit: Visit) -> bool:
    """Correct the response by what the Encounter says; tell whether there was anything to correct."""
    deployment = intake.deployment
    with deployment.database.write() as tx:
        stored = lock_current(tx, intake.clinic, claimed.response_id)
        if stored is None or stored.status == IN_ERROR:
            _settle(tx, intake, claimed, state=DONE)
            return False
        if not _is_of_patient(tx, intake, visit.patient, stored):
            _settle(tx, intake, claimed, state=PARKED, reason="the encounter is another patient's")
            return False
        therapist, day = _open(claimed, visit, stored)
        if not _settle(tx, intake, claimed, state=DONE, therapist=therapist, session_date=day):
            return False  # corrected meanwhile: what is still open is due again
        if not therapist and day in ("", stored.session_date):
            return False
        write = Write(tx, deployment, intake.access("U"), deployment.clock())
        _correct(write, stored, therapist, day or stored.session_date)
        intake.crash_point("session-learnt")
    return True


def _open(claimed: LookUp, visit: Visit, stored: ResponseVersion) -> tuple[str, str]:
    """Return therapist and date where the response leaves them open and the Encounter says them, else ''."""
    therapist = visit.therapist if claimed.wants_therapist and not stored.therapist else ""
    # A form is not filled before its session: such an Encounter is not the one that was meant.
    fits = claimed.wants_date and visit.day <= stored.authored[: len(visit.day)]
    return therapist, visit.day if fits else ""


def _is_of_patient(tx: Tx, intake: Intake, patient: str, stored: ResponseVersion) -> bool:
    """Tell whether an Encounter is the patient's; one that names nobody is taken at the sender's word."""
    if not patient:
        return True
    names = references_to_patient(patient, intake.deployment.settings)
    return stored.alias_row in alias_rows(tx, intake.clinic, names)


def _correct(write: Write, stored: ResponseVersion, therapist: str, day: str) -> None:
    """Store the next version. Raises ``Duplicate`` where that session was rated already.

    The fingerprint stays that of what the sender said, so that the same sent again is still the same.
    """
    tx, clinic = write.tx, write.clinic
    left = lock_dyad(tx, stored.dyad_row)
    model = replace(left, therapist=therapist or left.therapist)
    dyad = take_dyad_like(tx, clinic, left.patient_key, model, write.now)
    version = replace(
        stored,
        row_id=None,
        version=stored.version + 1,
        status="amended" if stored.scored else stored.status,
        dyad_row=dyad.row,
        therapist=therapist or stored.therapist,
        session_date=day,
        believed_from=write.now,
    )
    ratings = dyad_ratings(tx, clinic, dyad.row)
    find_same_session(rating_of(version, None), ratings, write.deployment.settings, besides=stored.id)
    replace_version(write, stored, version)


def _wait_or_park(intake: Intake, claimed: LookUp) -> None:
    if claimed.tries >= _MOST_TRIES:
        _park(intake, claimed, "the EHR does not show this encounter")


def _park(intake: Intake, claimed: LookUp, reason: str) -> None:
    with intake.deployment.database.write() as tx:
        _settle(tx, intake, claimed, state=PARKED, reason=reason)
    intake.log.event("session_parked", ehr=intake.ehr)


def _give_back(intake: Intake, claimed: LookUp) -> None:
    """Let it be due at once: nothing left for the EHR, so that nothing speaks against this one."""
    with intake.deployment.database.write() as tx:
        now = intake.now()
        change_look_up(tx, claimed, now, state=DUE, tries=claimed.tries - 1, due_at=now)


def _settle(tx: Tx, intake: Intake, claimed: LookUp, **values: str) -> bool:
    reason = values.pop("reason", "")[:_LONGEST_REASON]
    return change_look_up(tx, claimed, intake.now(), reason=reason, **values)
