"""Who a caller's person is here: under one reference, and under which further ones."""

from dataclasses import replace

from service.callers import Caller
from service.flows.patient_references import reference_here
from service.settings import Settings
from service.store.database import Database, Tx
from service.store.lost_races import repeat_lost_races
from service.store.roles import ROLE, is_known_role, references_of, want_role


def name_person(database: Database, settings: Settings, caller: Caller) -> Caller:
    """Return the caller with its person's reference as kept here, and the roles that are the same person.

    ``database`` is the clinic's own. A role that was never heard of is asked about in the EHR later on.
    """
    if caller.user is None:
        return caller
    with database.read() as tx:
        named = name_in(tx, settings, caller)
        person = named.user or ""
        is_new = person.startswith(ROLE) and not is_known_role(tx, caller.clinic, person)
    if is_new:
        _want(database, caller.clinic, person)
    return named


def name_in(tx: Tx, settings: Settings, caller: Caller) -> Caller:
    """Return the same in a transaction under way, by what is known already: nothing is asked about."""
    if caller.user is None:
        return caller
    person, *also = references_of(tx, caller.clinic, reference_here(caller.user, settings))
    return replace(caller, user=person, also=tuple(also))


@repeat_lost_races
def _want(database: Database, clinic: str, role: str) -> None:
    with database.write() as tx:
        want_role(tx, clinic, role)
