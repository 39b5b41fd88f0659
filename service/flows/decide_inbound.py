"""Forms out of the EHR as people see them: listed, tried again, given up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from service.clock import as_instant
from service.errors import NotFound, StaleVersion, WrongState
from service.flows.deployment import Access, Deployment
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.inbound import (
    DISCARDED,
    DUE,
    PARKED,
    InboundRow,
    change_inbound,
    find_inbound,
    list_inbound,
    subject_alone,
)

OK = 200


@dataclass(frozen=True, slots=True)
class InboundPage:
    """One page in the order of coming; ``next`` is the place to go on from, None on the last page."""

    items: tuple[InboundRow, ...]
    next: int | None


def list_inbound_page(
    deployment: Deployment, clinic: str, state: str | None, after: int | None, limit: int
) -> InboundPage:
    """Return one page of at most ``limit`` versions that came, in one state or in any."""
    with deployment.database.read() as tx:
        found = list_inbound(tx, clinic, state=state, after=after, limit=limit + 1)
    shown = tuple(found[:limit])
    return InboundPage(shown, shown[-1].row if len(found) > limit else None)


def retry_inbound(deployment: Deployment, inbound_id: str, version: int | None, access: Access) -> InboundRow:
    """Return it as due: the worker reads it again, and asks the EHR anew about people.

    ``version`` None: whatever its version is. Raises ``NotFound``, ``StaleVersion``, and ``WrongState`` where
    it is not parked.
    """
    return _decide(deployment, inbound_id, version, access, lambda _: {"state": DUE})


def discard_inbound(
    deployment: Deployment, inbound_id: str, reason: str, version: int | None, access: Access
) -> InboundRow:
    """Return it as given up, with a person's reason; a later version in the EHR comes in all the same.

    Of what it said only whose it is stays. Raises what ``retry_inbound`` does.
    """
    return _decide(
        deployment,
        inbound_id,
        version,
        access,
        lambda row: {"state": DISCARDED, "discard_reason": reason, "body": subject_alone(row.body)},
    )


def _decide(
    deployment: Deployment,
    inbound_id: str,
    version: int | None,
    access: Access,
    changes: Callable[[InboundRow], Mapping[str, object]],
) -> InboundRow:
    now = as_instant(deployment.clock())
    with deployment.database.write() as tx:
        row = find_inbound(tx, access.clinic, inbound_id)
        if row is None:
            raise NotFound("There is no such form.")
        if version is not None and version != row.version:
            raise StaleVersion("It has changed since that version.", at="If-Match")
        if row.state != PARKED:
            raise WrongState(f"Only what is parked can be decided about; this is {row.state}.")
        changed = change_inbound(tx, access.clinic, row, now, **changes(row))
        if changed is None:
            raise StaleVersion("It has changed since that version.", at="If-Match")
        add_audit(tx, audit_row(access, now, OK, row.id))
    return changed
