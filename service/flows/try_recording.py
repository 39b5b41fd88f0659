"""Whether a response would be recorded, found out by recording it and taking that back."""

from service.errors import Duplicate
from service.flows.deployment import Access, Deployment, Write
from service.flows.new_response import NewResponse
from service.flows.record_response import record_within


def find_duplicate(deployment: Deployment, new: NewResponse, access: Access) -> Duplicate | None:
    """Return why the response would be refused as a duplicate, or None; nothing is stored."""
    try:
        with deployment.database.rehearse() as tx:
            record_within(Write(tx, deployment, access, deployment.clock()), new)
    except Duplicate as refused:
        return refused
    return None
