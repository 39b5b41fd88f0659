"""One response for one instrument, session and respondent."""

from collections.abc import Iterable

from service.errors import Duplicate
from service.flows.patient_references import respondent_here
from service.settings import Settings
from service.store.responses import OfSession


def find_same_session(
    new: OfSession, ratings: Iterable[OfSession], settings: Settings, *, besides: str | None = None
) -> None:
    """Raise ``Duplicate`` where this respondent has rated this session on this instrument already.

    ``ratings`` are the dyad's, unfinished ones too, entries in error left out; ``besides`` is the response
    being corrected. Asked under the write lock, so that of two racing callers one is refused.
    """
    for stored in ratings:
        if stored.id != besides and is_same_session(new, stored, settings):
            message = f"This session was rated already, in response {stored.id}: correct that one."
            raise Duplicate(message, stored.id)


def is_same_session(one: OfSession, other: OfSession, settings: Settings) -> bool:
    """Tell whether two responses of a dyad are of one instrument, respondent and session.

    The same session: the same number where both have one, else the same encounter, else the same date; a
    clash by date alone is overruled by ``another_session``.
    """
    if one.instrument != other.instrument or _respondent(one, settings) != _respondent(other, settings):
        return False
    if one.session_number is not None and other.session_number is not None:
        return one.session_number == other.session_number
    if one.encounter is not None and other.encounter is not None:
        return one.encounter == other.encounter
    overruled = one.another_session or other.another_session
    return not overruled and one.session_date == other.session_date


def _respondent(rating: OfSession, settings: Settings) -> str:
    return respondent_here(rating.source, rating.patient, settings)
