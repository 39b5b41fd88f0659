"""What happens when a worker starts for an EHR: definitions are queued, and waiting deliveries may go."""

from service.flows.gather_resources import our_definitions
from service.flows.lane import Lane
from service.store.delivery_acts import release_waiting
from service.store.outbox import queue_delivery


def connect_ehr(lane: Lane, hold_older_than_days: int) -> int:
    """Queue our definitions, once per version, and release what waited for an EHR; return how many did.

    Definitions are queued first and go first. On the first connection of an EHR, deliveries whose session is
    older than the limit are held until a person releases them.
    """
    now = lane.clock()
    with lane.database.write() as tx:
        for subject in our_definitions(lane.instruments, lane.names, lane.software_version):
            queue_delivery(
                tx,
                clinic=lane.clinic,
                ehr=lane.ehr,
                subject_kind="definition",
                subject_id=subject,
                subject_version=1,
                patient_key="",
                now=lane.now(),
                state="pending",
            )
        return release_waiting(tx, lane.clinic, lane.ehr, now, hold_older_than_days)
