"""Read one response with what it gave."""

from service.errors import NotFound
from service.flows.deployment import Access, Deployment
from service.flows.new_response import Recorded
from service.flows.recorded import recorded_again
from service.store.responses import find_current
from service.store.search import is_in_sight


def read_response(deployment: Deployment, response_id: str, access: Access) -> Recorded:
    """Return the current version with its prompts and alerts, as when it was recorded.

    Raises ``NotFound``. The door adds the audit's row, as for every read.
    """
    with deployment.database.read() as tx:
        stored = find_current(tx, access.clinic, response_id)
        if stored is None or not is_in_sight(tx, access.clinic, "response", access.sight, stored.row_id):
            raise NotFound("There is no such response.")
        return recorded_again(tx, deployment, stored)
