"""How far a pass has read of what the EHR gives in the order of its own clock (``meta.lastUpdated``)."""

from datetime import datetime, timedelta

from service.clock import as_instant, from_instant
from service.ehr.client import Found

# Clocks differ, and what was committed first may be found last.
OVERLAP = timedelta(minutes=5)


class Reach:
    """Follows what was found, one after the other, from where the last pass ended ('' for never)."""

    def __init__(self, until: str) -> None:
        self.newest = until
        self._last = ""
        self._in_order = True

    def see(self, found: Found) -> str:
        """Take notice of one, and return when it was last updated; '' where it does not say."""
        at = _updated_at(found)
        # A server that does not sort might hold older ones on a later page: the cursor waits for the end.
        self._in_order = self._in_order and at != "" and at >= self._last
        self._last = at
        self.newest = max(self.newest, at)
        return at

    @property
    def sure(self) -> str:
        """How far everything was seen; '' while that cannot be said before the end."""
        return self.newest if self._in_order else ""


def query_since(until: str, otherwise: str, page: int) -> dict[str, str]:
    """Return the search for what changed since a little before then, or since ``otherwise``."""
    since = as_instant(from_instant(until) - OVERLAP) if until else otherwise
    return {"_lastUpdated": f"ge{since}", "_sort": "_lastUpdated", "_count": str(page)}


def _updated_at(found: Found) -> str:
    meta = found.resource.get("meta")
    told = meta.get("lastUpdated") if isinstance(meta, dict) else None
    try:
        moment = datetime.fromisoformat(str(told))
    except ValueError:
        return ""
    return as_instant(moment) if moment.tzinfo else ""
