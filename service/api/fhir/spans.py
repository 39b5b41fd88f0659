"""Dates, times and numbers in searches: prefixed values read into ranges.

A date is a range: ``2026-03-20`` is that whole day in UTC, so ``gt`` of it begins the day after. A zone that
is not given means UTC; a blank before an offset is a ``+`` that was not escaped. A number is a range too
where a value is to equal it: ``36.3`` is 36.25 to 36.35. Source: hl7.org/fhir/R4/search.html#prefix.
"""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from service.api.fhir.values import BadValueError, Context, alternatives
from service.clock import as_instant
from service.store.conditions import NumberSpan, Span

_DATE = re.compile(
    r"(?P<prefix>[a-z]{2})?(?P<year>[0-9]{4})(-(?P<month>[0-9]{2})(-(?P<day>[0-9]{2})"
    r"(T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(:(?P<second>[0-9]{2})(\.(?P<fraction>[0-9]{1,9}))?)?"
    r"(?P<zone>Z|[+ -][0-9]{2}:[0-9]{2})?)?)?)?"
)
_NUMBER = re.compile(r"(?P<prefix>[a-z]{2})?(?P<number>[+-]?[0-9]{1,15}(\.[0-9]{1,15})?)")
_PREFIXES = frozenset({"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"})
_NAMED = "eq, ne, gt, lt, ge, le, sa, eb or ap"
# Nothing is older or younger: a bound beyond is none.
_EARLIEST, _LATEST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
_MICROSECOND_DIGITS = 6


def spans(value: str, context: Context) -> tuple[Span, ...]:
    """Return the ranges of prefixed dates and times between commas; raises ``BadValueError``."""
    return tuple(_span(one, context.now) for one in alternatives(value))


def number_span(value: str) -> NumberSpan:
    """Return the range of a prefixed number; raises ``BadValueError``."""
    matched = _NUMBER.fullmatch(value)
    prefix = (matched["prefix"] or "eq") if matched else ""
    if matched is None or prefix not in _PREFIXES:
        raise BadValueError(f"takes a number, with {_NAMED} before it")
    number = Decimal(matched["number"])
    match prefix:
        case "gt" | "sa":
            return NumberSpan(number, None, closed=False)
        case "lt" | "eb":
            return NumberSpan(None, number, closed=False)
        case "ge":
            return NumberSpan(number, None)
        case "le":
            return NumberSpan(None, number)
        case "ap":
            tenth = abs(number) / 10
            return NumberSpan(number - tenth, number + tenth)
    exponent = number.as_tuple().exponent
    half = Decimal(5).scaleb(exponent - 1) if isinstance(exponent, int) else Decimal(0)
    return NumberSpan(number - half, number + half, closed=False, outside=prefix == "ne")


def _span(value: str, now: datetime) -> Span:
    matched = _DATE.fullmatch(value)
    prefix = (matched["prefix"] or "eq") if matched else ""
    if matched is None or prefix not in _PREFIXES:
        raise BadValueError(f"takes a date or time, with {_NAMED} before it")
    try:
        low, high = _range(matched)
        match prefix:
            case "gt" | "sa":
                return Span(_instant(high), None)
            case "lt" | "eb":
                return Span(None, _instant(low))
            case "ge":
                return Span(_instant(low), None)
            case "le":
                return Span(None, _instant(high))
            case "ap":
                # FHIR recommends a tenth of the gap between now and the date.
                tenth = abs(now - low) / 10
                return Span(_instant(low - tenth), _instant(high + tenth))
        return Span(_instant(low), _instant(high), outside=prefix == "ne")
    except (ValueError, OverflowError):
        raise BadValueError("takes a date that exists") from None


def _range(matched: re.Match[str]) -> tuple[datetime, datetime]:
    """Return the first moment of what is written, and the first after it."""
    year, month, day = int(matched["year"]), int(matched["month"] or 1), int(matched["day"] or 1)
    hour, minute, second = (int(matched[part] or 0) for part in ("hour", "minute", "second"))
    microsecond = int((matched["fraction"] or "").ljust(_MICROSECOND_DIGITS, "0")[:_MICROSECOND_DIGITS])
    zone = (matched["zone"] or "Z").replace(" ", "+")
    offset = datetime.fromisoformat(f"2000-01-01T00:00:00{zone}").tzinfo or UTC
    low = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=offset)
    try:
        return low, low + _length(matched, low)
    except OverflowError:  # the last day that there is, by which callers mean: without an end
        return low, _LATEST


def _instant(moment: datetime) -> str:
    return as_instant(min(max(moment, _EARLIEST), _LATEST))


def _length(matched: re.Match[str], low: datetime) -> timedelta:
    if matched["fraction"]:
        return timedelta(microseconds=10 ** max(0, _MICROSECOND_DIGITS - len(matched["fraction"])))
    if matched["second"]:
        return timedelta(seconds=1)
    if matched["hour"]:
        return timedelta(minutes=1)
    if matched["day"]:
        return timedelta(days=1)
    if matched["month"]:
        return timedelta(days=monthrange(low.year, low.month)[1])
    return timedelta(days=366 if monthrange(low.year, 2)[1] == 29 else 365)  # noqa: PLR2004 - leap years
