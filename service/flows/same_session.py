"""One response for one instrument, session and respondent."""

from collections.abc import Iterable

from service.errors import Duplicate
from service.flows.new_response import NewResponse
from service.flows.write_version import session_date_of
from service.store.responses import DyadRating


def find_same_session(
    new: NewResponse,
    ratings: Iterable[DyadRating],
    *,
    besides: str | None = None,
) -> None:
    """Raise ``Duplicate`` where this respondent has rated this session on this instrument already.

    The same session: the same number where both have one, else the same encounter, else the same date; a
    clash by date alone is overruled by ``another_session``. ``ratings`` are the dyad's, entries in error left
    out; ``besides`` is the response being corrected. Asked under the write lock, so that of two racing
    callers one is refused.
    """
    for stored in ratings:
        rated_before = stored.instrument == new.instrument.id and stored.source == new.source
        if rated_before and stored.id != besides and _is_same(new, stored):
            message = f"This session was rated already, in response {stored.id}: correct that one."
            raise Duplicate(message, stored.id)


def _is_same(new: NewResponse, stored: DyadRating) -> bool:
    if new.session_number is not None and stored.session_number is not None:
        return new.session_number == stored.session_number
    if new.encounter is not None and stored.encounter is not None:
        return new.encounter == stored.encounter
    overruled = new.another_session or stored.another_session
    return not overruled and session_date_of(new) == stored.session_date
