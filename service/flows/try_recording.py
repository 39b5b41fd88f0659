"""Whether a response would be recorded, or corrected so, found out by doing it and taking that back."""

from service.errors import RequestRefused
from service.flows.correct_response import update_in
from service.flows.deployment import Access, Deployment, Write
from service.flows.new_response import NewResponse
from service.flows.record_response import record_within
from service.store.lost_races import repeat_lost_races


@repeat_lost_races
def find_refusal(
    deployment: Deployment, new: NewResponse, access: Access, response_id: str | None = None
) -> RequestRefused | None:
    """Return why a response would be refused, or None; nothing is stored.

    ``response_id`` is that of the stored response whose next version it would be; None: it would be new.
    """
    try:
        with deployment.database.rehearse() as tx:
            write = Write(tx, deployment, access, deployment.clock())
            if response_id is None:
                record_within(write, new)
            else:
                update_in(write, response_id, None, new)
    except RequestRefused as refused:
        return refused
    return None
