"""By which numbers figures are counted: they are fixed with a snapshot, and told with every answer."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CountedBy:
    """A clinic's numbers: days, a mark from 0 to 10, ratings; the first session of each band, from 1."""

    in_time_days: int = 7
    drop_out_days: int = 28
    critical_mark: float = 9
    rich_ratings: int = 5
    session_bands: tuple[int, ...] = (1, 4, 9)

    def values(self, as_of: str) -> Mapping[str, object]:
        """Return what the figures' SQL names with ``$``; ``as_of`` is an instant."""
        return {
            "as_of": as_of.removesuffix("Z"),
            "in_time_days": self.in_time_days,
            "drop_out_days": self.drop_out_days,
            "critical_mark": self.critical_mark,
        }
