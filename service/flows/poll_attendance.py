"""Read attendance from the EHR's Appointments and Encounters, those of sessions of dyads that we know.

How far was read goes by the EHR's own clock, for each of the two types. What comes twice says the same and
changes nothing, so that the cursor may follow page by page.
"""

from datetime import timedelta
from typing import get_args

from fhir_mappings.visit import VISITS, VisitType
from service.clock import as_instant
from service.errors import EhrError
from service.flows.intake import Intake
from service.flows.reach import Reach, query_since
from service.flows.take_in_visit import Came, take_in_visit
from service.store.visits import move_visit_cursor, visits_read_until

PAGE = 50


def poll_attendance(intake: Intake) -> int:
    """Return how many attendances were recorded, corrected or withdrawn by one pass over both types.

    What stands in the way of one type is kept for whoever asks after our health, and does not stop the other.
    """
    changed = 0
    for visit_type in get_args(VisitType):
        try:
            changed += _poll(intake, visit_type)
        except EhrError as error:
            _tell(intake, visit_type, f"the last look at {visit_type} in the EHR failed: {error.code}")
            intake.log.event("attendance_failed", ehr=intake.ehr, code=error.code)
    if changed:
        intake.log.event("attendance_taken", ehr=intake.ehr, count=changed)
    return changed


def no_search(visit_type: VisitType) -> str:
    """Return what is told where the EHR offers no such search."""
    return f"the EHR declares no search of {visit_type} by _lastUpdated"


def _poll(intake: Intake, visit_type: VisitType) -> int:
    if "_lastUpdated" not in intake.client.capabilities().of(visit_type).search_params:
        _tell(intake, visit_type, no_search(visit_type))
        return 0
    with intake.deployment.database.read() as tx:
        kept = visits_read_until(tx, intake.clinic, intake.ehr, visit_type)
    reach, changed = Reach(kept), 0
    for page in intake.client.pages(visit_type, query_since(kept, _first(intake), PAGE)):
        for found in page:
            reach.see(found)
            visit = VISITS[visit_type](dict(found.resource), intake.client.base_url)
            changed += take_in_visit(intake, Came(visit_type, found.place.id, visit))
            intake.still()
        if reach.sure > kept:
            kept = reach.sure
            _move(intake, visit_type, read_until=kept)
    _move(intake, visit_type, read_until=reach.newest, trouble="")
    return changed


def _first(intake: Intake) -> str:
    """Return from when on the first pass reads: an EHR may hold the appointments of decades."""
    days = intake.deployment.settings.historical_after_days
    return as_instant(intake.deployment.clock() - timedelta(days=days))


def _tell(intake: Intake, visit_type: VisitType, trouble: str) -> None:
    _move(intake, visit_type, trouble=trouble)


def _move(intake: Intake, visit_type: VisitType, **values: str) -> None:
    with intake.deployment.database.write() as tx:
        move_visit_cursor(tx, intake.clinic, intake.ehr, visit_type, **values)
