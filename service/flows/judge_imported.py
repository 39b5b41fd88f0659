"""Judge the dyads that imports left: each once, whole, however many of its ratings came in.

A killed import leaves them to whoever judges next: the import that goes on, any other, or the worker.
Nothing is told by it that nobody was told of before: see ``review_dyad``.
"""

from datetime import timedelta

from service.clock import as_instant
from service.flows.deployment import Access, Deployment, Write
from service.flows.read_standards import read_standards
from service.flows.review_alliance import review_dyad
from service.garbage import search_lately_made
from service.store.alerts import alerts_of_dyads
from service.store.imports import count_unjudged, is_importing, settle_judged, unjudged
from service.store.lost_races import repeat_lost_races
from service.store.patients import lock_dyads_at
from service.store.responses import ratings_of_dyads

# Others wait for as long as these take.
_DYADS_AT_ONCE = 50
# An import that its sender, or its process, left for so long is taken to be over.
_STILL_MOVING = timedelta(minutes=10)


def judge_imported(deployment: Deployment, access: Access) -> int:
    """Judge every dyad of the clinic that an import left; return how many deliveries were queued.

    Those are of alerts that people were told of before.
    """
    deliveries = 0
    while (queued := _judge_some(deployment, access)) is not None:
        deliveries += queued
        search_lately_made()
    return deliveries


def judge_left(deployment: Deployment, access: Access) -> int:
    """Judge the dyads that imports left which move on no more; return how many there were.

    One that goes on all the same marks its dyads anew, and they are judged once more.
    """
    since = as_instant(deployment.clock() - _STILL_MOVING)
    with deployment.database.read() as tx:
        left = count_unjudged(tx, access.clinic)
        if not left or is_importing(tx, access.clinic, since):
            return 0
    with deployment.database.many_writes():
        judge_imported(deployment, access)
    return left


@repeat_lost_races
def _judge_some(deployment: Deployment, access: Access) -> int | None:
    """Return how many deliveries were queued, None where no dyad was left."""
    with deployment.database.write_many() as tx:
        write = Write(tx, deployment, access, deployment.clock())
        rows = unjudged(tx, write.clinic, _DYADS_AT_ONCE)
        if not rows:
            return None
        dyads = lock_dyads_at(tx, rows)
        ratings = ratings_of_dyads(tx, write.clinic, [dyad.row for dyad in dyads])
        alerts = alerts_of_dyads(tx, write.clinic, [dyad.row for dyad in dyads])
        standards = read_standards(tx, deployment, write.clinic)
        queued = 0
        for dyad in dyads:
            review = review_dyad(
                write,
                dyad,
                ratings.get(dyad.row, []),
                tells_news=False,
                standards=standards,
                alerts=alerts.get(dyad.row, []),
            )
            queued += len(review.deliveries)
        settle_judged(tx, write.clinic, rows)
        return queued
