"""FHIR dates as the stretch of time that they cover (hl7.org/fhir/R4/search.html#date)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_DATE = re.compile(
    r"(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d)"
    r"(T(?P<clock>\d\d:\d\d)(:(?P<second>\d\d)(\.(?P<fraction>\d+))?)?(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?$"
)
DECEMBER = 12


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of time: ``low`` belongs to it, ``high`` does not. Both are sortable UTC texts."""

    low: str
    high: str


def sortable(moment: datetime) -> str:
    """Return the moment in UTC as a text of fixed width, whose order is that of time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def span(text: str) -> Span:
    """Return what a FHIR date or dateTime covers; without a zone it is read as UTC.

    Example: ``2026-03`` runs from 1 March to 1 April. Raises ``ValueError`` for anything else.
    """
    # A plus sign in a query arrives as a blank where the caller did not escape it.
    found = _DATE.match(text.replace(" ", "+"))
    if found is None:
        raise ValueError("not a FHIR date")
    try:
        return _calendar_span(found) if found["clock"] is None else _clock_span(found)
    except ValueError:
        raise ValueError("not a FHIR date: there is no such day or time") from None


def _clock_span(found: re.Match[str]) -> Span:
    second = found["second"] or "00"
    fraction = (found["fraction"] or "")[:6]
    start = datetime.fromisoformat(
        f"{found['year']}-{found['month']}-{found['day']}T{found['clock']}:{second}.{fraction:0<6}"
        f"{(found['zone'] or 'Z').replace('Z', '+00:00')}"
    )
    return Span(sortable(start), sortable(start + _width(found["second"], fraction)))


def _width(second: str | None, fraction: str) -> timedelta:
    if second is None:
        return timedelta(minutes=1)
    return timedelta(microseconds=10 ** (6 - len(fraction)))


def _calendar_span(found: re.Match[str]) -> Span:
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    start = datetime(year, month, day, tzinfo=UTC)
    if found["day"]:
        end = start + timedelta(days=1)
    elif found["month"] and month < DECEMBER:
        end = start.replace(month=month + 1)
    else:
        end = start.replace(year=year + 1, month=1)
    return Span(sortable(start), sortable(end))
