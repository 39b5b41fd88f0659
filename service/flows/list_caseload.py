"""The patients of one therapist, seen lately, each with what stands open: how a day begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from fhir_mappings.alert_states import UNDER_WAY
from service.clock import as_instant
from service.errors import NotFound
from service.flows.deployment import Deployment
from service.flows.digest_caseload import reaches_all_of
from service.flows.dyad_sessions import sort_sessions
from service.flows.find_due import find_due
from service.flows.judge_dyad import JUDGED_SCALE
from service.flows.patient_references import reference_here
from service.store.alerts import AlertRow
from service.store.caseloads import (
    CaseloadPatient,
    alerts_of_therapist,
    caseload_of,
    is_known_therapist,
    list_therapists,
)
from service.store.patient_ratings import PatientRating
from service.store.sight import WHOLE_SIGHT, Sight

# As long as somebody is most likely still seen; older ones are found from the EHR.
_SEEN_LATELY = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class CaseloadEntry:
    """One patient of the therapist: the last rating, the alert that a person may act on, what is due next."""

    patient: str
    last: PatientRating
    alert: AlertRow | None
    due: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Caseload:
    """Who needs attention first comes first, then who was seen last."""

    therapist: str
    entries: tuple[CaseloadEntry, ...]

    @property
    def patients(self) -> set[str]:
        """The references of all patients, for the audit."""
        return {one.patient for one in self.entries}


def list_caseload(
    deployment: Deployment, therapist: str, clinic: str, sight: Sight = WHOLE_SIGHT
) -> Caseload:
    """Return the patients of a therapist (a reference); raises ``NotFound`` where not all are in sight."""
    here, now = reference_here(therapist, deployment.settings), deployment.clock()
    if not reaches_all_of(sight, here):
        raise NotFound("There is no such therapist here.")
    with deployment.database.read() as tx:
        if not is_known_therapist(tx, clinic, here):
            return Caseload(here, ())
        rows = alerts_of_therapist(tx, clinic, here, as_instant(now))
        seen = caseload_of(tx, clinic, here, as_instant(now - _SEEN_LATELY))
    alerts = {row.dyad_row: row for row in rows if row.status in UNDER_WAY}
    entries = [_entry(deployment, here, one, alerts) for one in seen]
    newest_first = sorted(entries, key=lambda one: one.last.session_date, reverse=True)
    return Caseload(here, tuple(sorted(newest_first, key=_rank)))


def therapists_in_sight(deployment: Deployment, clinic: str, sight: Sight) -> Sequence[str]:
    """Return the references of the therapists ever rated with, all of whose dyads are in sight."""
    with deployment.database.read() as tx:
        known = list_therapists(tx, clinic)
    return [one for one in known if reaches_all_of(sight, one)]


def _entry(
    deployment: Deployment, therapist: str, seen: CaseloadPatient, alerts: dict[int, AlertRow]
) -> CaseloadEntry:
    own = [row for row in seen.ratings if row.therapist == therapist]
    # A report in words has no score, and must not stand where the last one is looked for.
    scored = [row for row in own if row.perspective == "client" and JUDGED_SCALE in row.scores] or own
    sessions = sort_sessions(seen.ratings, seen.appointments, seen.ends)
    due = tuple(
        one.due.instrument
        for one in find_due(deployment, seen.ratings, sessions)
        if one.therapist == therapist and one.due.due_next
    )
    alert = next((alerts[row.dyad_row] for row in reversed(own) if row.dyad_row in alerts), None)
    return CaseloadEntry(reference_here(own[-1].patient, deployment.settings), scored[-1], alert, due)


def _rank(entry: CaseloadEntry) -> int:
    """Return 0 for an alert that nobody took, 1 for one that somebody has, 2 for none that is live."""
    if entry.alert is None or not entry.alert.live:
        return 2
    return 0 if entry.alert.status == "open" else 1
