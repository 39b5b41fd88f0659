"""Who a caller's person is here: under one reference, and under which further ones."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from service.callers import Caller
from service.clock import Clock
from service.flows.patient_references import reference_here
from service.settings import Settings
from service.store.database import Database, Tx
from service.store.lost_races import repeat_lost_races
from service.store.roles import ROLE, is_known_role, references_of, want_role

# The EHR is asked once a day whose each role is: half a minute more tells nobody more than that day does.
_FRESH = timedelta(seconds=30)
# The people of big clinics.
_MOST_PEOPLE = 5_000


class KnownPeople:
    """Names callers' persons, and remembers for half a minute what it read. Thread-safe, each clinic's apart.

    Of more than ``at_most`` all are forgotten and read once more.
    """

    def __init__(
        self,
        database: Database,
        settings_by_clinic: Mapping[str, Settings],
        clock: Clock,
        at_most: int = _MOST_PEOPLE,
    ) -> None:
        self._database = database
        self._settings = settings_by_clinic
        self._clock = clock
        self._at_most = at_most
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], tuple[datetime, tuple[str, ...]]] = {}

    def __call__(self, caller: Caller) -> Caller:
        """Return what ``name_person`` does; raises ``StoreError`` where it has to read."""
        if caller.user is None:
            return caller
        key, now = (caller.clinic, caller.user), self._clock()
        read_at, references = self._kept.get(key, (None, ()))
        if read_at is None or not timedelta(0) <= now - read_at < _FRESH:
            named = name_person(self._database.of(caller.clinic), self._settings[caller.clinic], caller)
            references = (named.user or "", *named.also)
            self._keep(key, (now, references))
        return _named(caller, references)

    def _keep(self, key: tuple[str, str], found: tuple[datetime, tuple[str, ...]]) -> None:
        with self._lock:
            if len(self._kept) >= self._at_most:
                self._kept.clear()
            self._kept[key] = found


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
    return _named(caller, references_of(tx, caller.clinic, reference_here(caller.user, settings)))


def _named(caller: Caller, references: tuple[str, ...]) -> Caller:
    person, *also = references
    return replace(caller, user=person, also=tuple(also))


@repeat_lost_races
def _want(database: Database, clinic: str, role: str) -> None:
    with database.write() as tx:
        want_role(tx, clinic, role)
