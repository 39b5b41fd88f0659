"""Keep since when an EHR is in trouble, so that every process can say so, whichever one met it."""

from service.flows.lane import Lane
from service.store.troubles import set_trouble, trouble_since


def tell_trouble(lane: Lane, *, is_open: bool, has_answered: bool) -> None:
    """Write down that the trouble began, or is over; nothing where that is known already.

    ``is_open``: this worker pauses. ``has_answered``: what it last heard of the EHR was well; a worker that
    heard nothing leaves what another one wrote.
    """
    with lane.database.read() as tx:
        known = trouble_since(tx, lane.clinic, lane.ehr)
    if is_open == (known is not None) or not (is_open or has_answered):
        return
    with lane.database.write() as tx:
        set_trouble(tx, lane.clinic, lane.ehr, lane.now() if is_open else None)
    lane.log.event("ehr_in_trouble" if is_open else "ehr_answers_again", ehr=lane.ehr)
