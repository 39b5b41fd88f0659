"""What a therapist and a supervisor look at together: where a strain may need their attention.

For support, not for appraisal: it counts nothing about the therapist, and compares with nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from fhir_mappings.alert_states import UNDER_WAY
from service.alliance.plan import Window
from service.clock import as_instant
from service.errors import NotFound
from service.flows.act_on_alert import AlertWithActs, with_acts
from service.flows.deployment import Deployment
from service.flows.dyad_sessions import sort_sessions
from service.flows.find_due import DyadDue, find_due
from service.flows.patient_references import reference_here
from service.store.caseloads import CaseloadPatient, alerts_of_therapist, caseload_of, is_known_therapist
from service.store.sight import WHOLE_SIGHT, Sight

# A week: most dyads have met again by then.
_UNANSWERED = timedelta(days=7)
_LATELY = timedelta(days=28)
# Who was not rated for longer is most likely not seen any more; nothing of theirs is overdue.
_STILL_SEEN = timedelta(days=56)


@dataclass(frozen=True, slots=True)
class Overdue:
    """A measure that was wanted in sessions (``windows``) which went by since its last rating."""

    patient: str
    due: DyadDue
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class SupervisionDigest:
    """One therapist's dyads; every list has what was raised first at its head.

    ``attention`` are live alerts, ``unanswered`` those of them that nobody took for a week while treatment
    went on; ``under_way`` those that somebody took and has not finished with, ``resolved`` those resolved in
    the last four weeks.
    """

    therapist: str
    as_of: str
    attention: tuple[AlertWithActs, ...]
    unanswered: tuple[AlertWithActs, ...]
    under_way: tuple[AlertWithActs, ...]
    resolved: tuple[AlertWithActs, ...]
    overdue: tuple[Overdue, ...]

    @property
    def patients(self) -> set[str]:
        """The references of all patients whom it names, for the audit."""
        told = (*self.attention, *self.under_way, *self.resolved)
        return {one.alert.patient for one in told} | {one.patient for one in self.overdue}


def digest_caseload(
    deployment: Deployment, therapist: str, clinic: str, sight: Sight = WHOLE_SIGHT
) -> SupervisionDigest:
    """Return the digest of one therapist (a reference); raises ``NotFound`` for one never rated with."""
    now = deployment.clock()
    here = reference_here(therapist, deployment.settings)
    with deployment.database.read() as tx:
        if not (reaches_all_of(sight, here) and is_known_therapist(tx, clinic, here)):
            raise NotFound("There is no such therapist here.")
        rows = alerts_of_therapist(tx, clinic, here, as_instant(now - _LATELY))
        found = [with_acts(tx, row, deployment.known) for row in rows]
        caseload = caseload_of(tx, clinic, here, as_instant(now - _STILL_SEEN))
    attention = tuple(one for one in found if one.alert.live)
    limit = as_instant(now - _UNANSWERED)
    return SupervisionDigest(
        therapist=here,
        as_of=as_instant(now),
        attention=attention,
        unanswered=tuple(
            one
            for one in attention
            if one.alert.status == "open" and one.alert.raised_at < limit and one.end is None
        ),
        under_way=tuple(one for one in found if one.alert.status in UNDER_WAY - {"open"}),
        resolved=tuple(one for one in found if one.alert.status not in UNDER_WAY),
        overdue=_overdue(deployment, here, caseload),
    )


def reaches_all_of(sight: Sight, therapist: str) -> bool:
    """Tell whether all patients of a therapist are in sight."""
    of_all = tuple(part for part in sight.without_granular().parts if part.patients is None)
    return Sight(of_all).reaches(therapist)


def _overdue(
    deployment: Deployment, therapist: str, caseload: Sequence[CaseloadPatient]
) -> tuple[Overdue, ...]:
    found = []
    for one in caseload:
        sessions = sort_sessions(one.ratings, one.appointments, one.ends)
        patient = [row.patient for row in one.ratings if row.therapist == therapist][-1]
        for due in find_due(deployment, one.ratings, sessions):
            windows = _since_last(due) if due.therapist == therapist else ()
            if windows:
                found.append(Overdue(patient, due, windows))
    return tuple(sorted(found, key=lambda one: one.patient))


def _since_last(due: DyadDue) -> tuple[Window, ...]:
    last = due.due.last_rated or 0
    return tuple(window for window in due.due.missed if window.first > last)
