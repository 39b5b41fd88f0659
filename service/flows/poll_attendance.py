"""Read attendance from the EHR's Appointments and Encounters, those of sessions of dyads that we know."""

from functools import partial
from typing import get_args

from fhir_mappings.visit import VISITS, VisitType
from service.ehr.client import Found
from service.flows.intake import Intake
from service.flows.poll_changes import poll_changes
from service.flows.take_in_visit import Came, take_in_visit

_FAILURE = "attendance_failed"


def poll_attendance(intake: Intake) -> int:
    """Return how many attendances were recorded, corrected or withdrawn by one pass over both types."""
    kinds: tuple[VisitType, ...] = get_args(VisitType)
    changed = sum(poll_changes(intake, kind, partial(_take, intake, kind), _FAILURE) for kind in kinds)
    if changed:
        intake.log.event("attendance_taken", ehr=intake.ehr, count=changed)
    return changed


def _take(intake: Intake, kind: VisitType, found: Found) -> bool:
    visit = VISITS[kind](dict(found.resource), intake.client.base_url)
    return take_in_visit(intake, Came(kind, found.place.id, visit))
