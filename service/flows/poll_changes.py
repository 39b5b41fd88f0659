"""Read what changed in the EHR of one type of resource, and hand each on.

How far was read goes by the EHR's own clock, for each type. What comes twice says the same and changes
nothing, so that the cursor may follow page by page.
"""

from collections.abc import Callable
from datetime import timedelta

from service.clock import as_instant
from service.ehr.client import Found
from service.errors import EhrError
from service.flows.intake import Intake
from service.flows.reach import Reach, query_since
from service.store.visits import move_visit_cursor, visits_read_until

PAGE = 50


def poll_changes(intake: Intake, kind: str, take: Callable[[Found], bool], failure: str) -> int:
    """Return of how many that changed since the last pass ``take`` made something.

    What stands in the way is kept for whoever asks after our health, logged as the event ``failure``, and
    stops nothing else.
    """
    try:
        return _poll(intake, kind, take)
    except EhrError as error:
        _move(intake, kind, trouble=f"the last look at {kind} in the EHR failed: {error.code}")
        intake.log.event(failure, ehr=intake.ehr, code=error.code)
        return 0


def no_search(kind: str) -> str:
    """Return what is told where the EHR offers no such search."""
    return f"the EHR declares no search of {kind} by _lastUpdated"


def _poll(intake: Intake, kind: str, take: Callable[[Found], bool]) -> int:
    if "_lastUpdated" not in intake.client.capabilities().of(kind).search_params:
        _move(intake, kind, trouble=no_search(kind))
        return 0
    with intake.deployment.database.read() as tx:
        kept = visits_read_until(tx, intake.clinic, intake.ehr, kind)
    reach, changed = Reach(kept), 0
    for page in intake.client.pages(kind, query_since(kept, _first(intake), PAGE)):
        for found in page:
            reach.see(found)
            changed += take(found)
            intake.still()
        if reach.sure > kept:
            kept = reach.sure
            _move(intake, kind, read_until=kept)
    _move(intake, kind, read_until=reach.newest, trouble="")
    return changed


def _first(intake: Intake) -> str:
    """Return from when on the first pass reads: an EHR may hold the appointments of decades."""
    days = intake.deployment.settings.historical_after_days
    return as_instant(intake.deployment.clock() - timedelta(days=days))


def _move(intake: Intake, kind: str, **values: str) -> None:
    with intake.deployment.database.write() as tx:
        move_visit_cursor(tx, intake.clinic, intake.ehr, kind, **values)
