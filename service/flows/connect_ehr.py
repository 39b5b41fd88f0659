"""What happens when a worker starts for an EHR: deliveries that waited for one may go on."""

from service.flows.after_restore import restored_fact
from service.flows.lane import Lane
from service.owners import is_gone
from service.store.chart import read_fact
from service.store.delivery_acts import release_waiting
from service.store.lost_races import repeat_lost_races
from service.store.outbox import free_leases


def searches_until(lane: Lane) -> str:
    """Return until when all is searched for before it is first sent; '' where no backup was restored."""
    with lane.database.read() as tx:
        return read_fact(tx, lane.clinic, restored_fact(lane.ehr)) or ""


@repeat_lost_races
def connect_ehr(lane: Lane, hold_older_than_days: int) -> int:
    """Release what waited for an EHR, and return how many did.

    On the first connection of an EHR, deliveries whose session is older than the limit are held until a
    person releases them. What a killed process of this machine left behind is free at once. Definitions are
    queued with the first delivery that needs them.
    """
    with lane.database.write() as tx:
        free_leases(tx, lane.clinic, lane.now(), is_gone)
        return release_waiting(tx, lane.clinic, lane.ehr, lane.clock(), hold_older_than_days)
