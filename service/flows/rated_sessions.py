"""The sessions that many ratings are of: each is compared with those alone that may be of the same one."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from service.store.responses import OfSession

_Key = tuple[int, str, str, str | int]


class RatedSessions:
    """Ratings of many dyads, found by what the same session has in common: its date, number or encounter."""

    def __init__(self, ratings: Iterable[tuple[int, OfSession]] = ()) -> None:
        self._found: defaultdict[_Key, list[OfSession]] = defaultdict(list)
        for dyad_row, rating in ratings:
            self.add(dyad_row, rating)

    def add(self, dyad_row: int, rating: OfSession) -> None:
        """Add one rating of the dyad with this row."""
        for key in _keys(dyad_row, rating):
            self._found[key].append(rating)

    def like(self, dyad_row: int, rating: OfSession) -> list[OfSession]:
        """Return the ratings of this dyad that may be of the same session, some of them twice."""
        return [one for key in _keys(dyad_row, rating) for one in self._found.get(key, ())]


def _keys(dyad_row: int, rating: OfSession) -> Iterator[_Key]:
    yield dyad_row, rating.instrument, "date", rating.session_date
    if rating.session_number is not None:
        yield dyad_row, rating.instrument, "number", rating.session_number
    if rating.encounter is not None:
        yield dyad_row, rating.instrument, "encounter", rating.encounter
