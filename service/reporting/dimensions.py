"""By what figures may be grouped: a fixed list, at most two at a time."""

from collections.abc import Callable, Sequence
from types import MappingProxyType

MOST = 2
MONTH, QUARTER, BAND = "month", "quarter", "session_band"
UNKNOWN = "unknown"
THERAPIST, INSTRUMENT, LANGUAGE = "therapist", "instrument", "language"

# Of a dyad as a whole; of one session; of one form.
OF_DYAD = ("clinic", "site", "team", "approach", THERAPIST)
OF_SESSION = (*OF_DYAD, MONTH, QUARTER, BAND)
OF_FORM = (*OF_SESSION, INSTRUMENT, LANGUAGE)
DIMENSIONS = OF_FORM
NAMES_PEOPLE = frozenset({THERAPIST})
_KEYS = MappingProxyType({"clinic": "1", BAND: "band", MONTH: MONTH, QUARTER: QUARTER})

Bands = Sequence[int]


def key_sql(name: str) -> str:
    """Return the key of a dimension in SQL over columns of parts."""
    return _KEYS.get(name, f"coalesce({name}, '')")


def shown_key(name: str, clinic: str, bands: Bands) -> Callable[[object], str]:
    """Return how a key of a dimension is shown, for a clinic and its bands of sessions."""
    shows = {
        "clinic": lambda _: clinic,
        BAND: lambda key: _band_name(key, bands),
        MONTH: _month,
        QUARTER: _quarter,
    }
    return shows.get(name, _named)


def _named(key: object) -> str:
    return UNKNOWN if key in (None, "") else str(key)


def _month(key: object) -> str:
    return f"{int(str(key)) // 100}-{int(str(key)) % 100:02d}"


def _quarter(key: object) -> str:
    return f"{int(str(key)) // 100}-Q{int(str(key)) % 100}"


def quarter_of(month: object) -> object:
    """Return the key of the quarter that the month of a key lies in."""
    year, number = divmod(int(str(month)), 100)
    return year * 100 + (number + 2) // 3


def band_sql(bands: Bands) -> str:
    """Return the number of a session's band, from 0, in SQL over ``place``; NULL where nobody knows."""
    tests = " ".join(
        f"WHEN place >= {first} THEN {number}" for number, first in reversed([*enumerate(bands)])
    )
    return f"CASE {tests} END"


def _band_name(key: object, bands: Bands) -> str:
    if key is None:
        return UNKNOWN
    number = int(str(key))
    first = bands[number]
    if number + 1 == len(bands):
        return f"{first}+"
    last = bands[number + 1] - 1
    return str(first) if first == last else f"{first}-{last}"
