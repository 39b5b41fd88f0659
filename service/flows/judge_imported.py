"""Judge the dyads that imports left: each once, whole, however many of its ratings came in.

Nothing is told by it that nobody was told of before: see ``review_dyad``.
"""

from service.errors import NotFound
from service.flows.deployment import Access, Deployment, Write
from service.flows.review_alliance import review_dyad
from service.store.imports import settle_judged, unjudged
from service.store.lost_races import repeat_lost_races
from service.store.patients import lock_dyad
from service.store.responses import dyad_ratings

# Others wait for as long as these take.
_DYADS_AT_ONCE = 20


def judge_imported(deployment: Deployment, access: Access) -> int:
    """Judge every dyad of the clinic that an import left; return how many deliveries were queued.

    Those are of alerts that people were told of before.
    """
    deliveries = 0
    while (queued := _judge_some(deployment, access)) is not None:
        deliveries += queued
    return deliveries


@repeat_lost_races
def _judge_some(deployment: Deployment, access: Access) -> int | None:
    """Return how many deliveries were queued, None where no dyad was left."""
    with deployment.database.write() as tx:
        write = Write(tx, deployment, access, deployment.clock())
        rows = unjudged(tx, write.clinic, _DYADS_AT_ONCE)
        return sum(_judge(write, row) for row in rows) if rows else None


def _judge(write: Write, dyad_row: int) -> int:
    try:
        dyad = lock_dyad(write.tx, dyad_row)
    except NotFound:  # erased a moment ago
        return 0
    ratings = dyad_ratings(write.tx, write.clinic, dyad_row)
    review = review_dyad(write, dyad, ratings, tells_news=False)
    settle_judged(write.tx, write.clinic, dyad_row)
    return len(review.deliveries)
