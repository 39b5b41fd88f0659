"""What happens when a worker starts for an EHR: deliveries that waited for one may go."""

from service.flows.lane import Lane
from service.store.delivery_acts import release_waiting


def connect_ehr(lane: Lane, hold_older_than_days: int) -> int:
    """Release what waited for an EHR, and return how many did.

    On the first connection of an EHR, deliveries whose session is older than the limit are held until a
    person releases them. Definitions are queued with the first delivery that needs them.
    """
    with lane.database.write() as tx:
        return release_waiting(tx, lane.clinic, lane.ehr, lane.clock(), hold_older_than_days)
