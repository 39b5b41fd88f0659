"""Who a caller's person is here: under one reference, and under which further ones."""

from dataclasses import replace

from service.callers import Caller
from service.flows.patient_references import reference_here
from service.settings import Settings
from service.store.database import Database
from service.store.lost_races import repeat_lost_races
from service.store.roles import ROLE, is_known_role, references_of, want_role


def name_person(database: Database, settings: Settings, caller: Caller) -> Caller:
    """Return the caller with its person's reference as kept here, and the roles that are the same person.

    ``database`` is the clinic's own. A role that was never heard of is asked about in the EHR later on.
    """
    if caller.user is None:
        return caller
    person = reference_here(caller.user, settings)
    with database.read() as tx:
        _, *also = references_of(tx, caller.clinic, person)
        is_new = person.startswith(ROLE) and not is_known_role(tx, caller.clinic, person)
    if is_new:
        _want(database, caller.clinic, person)
    return replace(caller, user=person, also=tuple(also))


@repeat_lost_races
def _want(database: Database, clinic: str, role: str) -> None:
    with database.write() as tx:
        want_role(tx, clinic, role)
