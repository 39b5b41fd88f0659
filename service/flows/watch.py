"""Let one watcher of an EHR look at a time, whichever process it is in, and none again before it is due."""

from datetime import timedelta

from service.clock import as_instant
from service.flows.deployment import Deployment
from service.owners import is_gone
from service.store.lost_races import repeat_lost_races
from service.store.watching import (
    begin_look,
    end_look,
    go_on_looking,
    lock_watched,
    read_watched,
    tell_news,
)

LEASE_SECONDS = 60.0


class Watch:
    """One watcher's share in watching an EHR. ``every_seconds`` is how often any of them looks."""

    def __init__(
        self, deployment: Deployment, clinic: str, ehr: str, owner: str, every_seconds: float
    ) -> None:
        self._deployment = deployment
        self._place = (clinic, ehr)
        self._owner = owner
        self._every = timedelta(seconds=every_seconds)
        self._told_at: str | None = None
        self._renew_at = deployment.clock()

    def tell(self) -> None:
        """Keep durably that there may be news: the next watcher that is free looks at once."""
        _tell(self._deployment, *self._place)

    def begin(self) -> bool:
        """Tell whether this watcher is to look now; no other one does until ``end``, or its lease ends."""
        database, now = self._deployment.database, self._deployment.clock()
        before = as_instant(now - self._every)
        with database.read() as tx:  # most times it is not due: that costs no write
            watched = read_watched(tx, *self._place)
        if not (watched.is_due(before) and watched.is_free(self._owner, as_instant(now), is_gone)):
            return False
        with database.write() as tx:
            watched = lock_watched(tx, *self._place)
            if not (watched.is_due(before) and watched.is_free(self._owner, as_instant(now), is_gone)):
                return False
            begin_look(tx, *self._place, self._owner, now=as_instant(now), lease_until=self._lease())
        self._told_at = watched.told_at
        return True

    def still(self) -> None:
        """Keep the lease of a look that takes long; most calls do nothing."""
        if self._deployment.clock() >= self._renew_at:
            with self._deployment.database.write() as tx:
                go_on_looking(tx, *self._place, self._owner, self._lease())

    def end(self) -> None:
        """Let others look again. News that were told during the look are looked for by the next one."""
        with self._deployment.database.write() as tx:
            end_look(tx, *self._place, self._owner, self._told_at)

    def _lease(self) -> str:
        now = self._deployment.clock()
        self._renew_at = now + timedelta(seconds=LEASE_SECONDS / 3)
        return as_instant(now + timedelta(seconds=LEASE_SECONDS))


@repeat_lost_races
def _tell(deployment: Deployment, clinic: str, ehr: str) -> None:
    with deployment.database.write() as tx:
        tell_news(tx, clinic, ehr, as_instant(deployment.clock()))
