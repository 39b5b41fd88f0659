"""Book the next request to an EHR, so that all processes together keep to its limit."""

from datetime import timedelta

from service.clock import as_instant, from_instant
from service.ehr.rate_limit import Allowance
from service.flows.deployment import Deployment
from service.store.pace import book_until, booked_until

# Booked further ahead than this only by a clock that was set back since.
_FURTHEST = timedelta(minutes=10)


def book_request(deployment: Deployment, allowance: Allowance) -> float:
    """Return in how many seconds the next request may leave; it counts from now on. Raises ``StoreError``.

    A request is due so far after the one before as the allowance says, and as many earlier as may leave at
    once. By the clock of this machine: where two are some seconds apart, so many requests leave too early.
    """
    clinic, ehr = deployment.clinic, deployment.settings.ehr_name
    spacing = timedelta(seconds=1 / allowance.per_second)
    with deployment.database.write() as tx:
        now = deployment.clock()
        booked = booked_until(tx, clinic, ehr)
        free_at = now if booked is None else min(max(from_instant(booked), now), now + _FURTHEST)
        book_until(tx, clinic, ehr, as_instant(free_at + spacing))
    leaves_at = free_at - spacing * (allowance.at_once - 1)
    return max(0.0, (leaves_at - now).total_seconds())
