"""The values of search parameters, read into conditions: references, tokens, dates, canonicals.

Source: hl7.org/fhir/R4/search.html. Dates are ranges: ``2026-03-20`` is that whole day in UTC, so ``gt`` of
it begins the day after. A zone that is not given means UTC; a blank before an offset is a ``+`` that was not
escaped. ``ap`` is not offered.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fhir_mappings.codes import OBSERVATION_CATEGORY, Names
from service.clock import as_instant
from service.flows.search_chart import Implicated
from service.store.search import Condition, OfPatient, OneOf, PairOneOf, Span, Within

_DATE = re.compile(
    r"(?P<prefix>[a-z]{2})?(?P<year>[0-9]{4})(-(?P<month>[0-9]{2})(-(?P<day>[0-9]{2})"
    r"(T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(:(?P<second>[0-9]{2})(\.(?P<fraction>[0-9]{1,6}))?)?"
    r"(?P<zone>Z|[+ -][0-9]{2}:[0-9]{2})?)?)?)?"
)
_PREFIXES = frozenset({"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"})
_ESCAPED = re.compile(r"\\([\\,|$])")
_EARLIEST_YEAR = 1000

Pair = tuple[str | None, str | None]


class BadValueError(ValueError):
    """A value that its parameter cannot have; the text says what it takes, and repeats nothing."""


@dataclass(frozen=True, slots=True)
class Context:
    """What values mean here: our names, our own base, and the EHR's (None: not known)."""

    names: Names
    own_base: str
    ehr_base: str | None


def alternatives(value: str) -> list[str]:
    """Return the values between commas, escapes kept; raises ``BadValueError`` where one is empty."""
    parts = re.split(r"(?<!\\),", value)
    if not all(part.strip() for part in parts):
        raise BadValueError("needs a value")
    return parts


def token(value: str) -> Pair:
    """Return system and code of ``sys|code``, ``code`` (any: None), ``|code`` (none: '') or ``sys|``."""
    system, bar, code = _split(value)
    if not bar:
        return None, code or _refuse_token()
    if not system and not code:
        _refuse_token()
    return system, code or None


def _refuse_token() -> str:
    raise BadValueError("takes a code, or system|code")


def _split(value: str) -> tuple[str, str, str]:
    parts = re.split(r"(?<!\\)\|", value, maxsplit=1)
    plain = [_ESCAPED.sub(r"\1", part) for part in parts]
    return (plain[0], "|", plain[1]) if len(plain) > 1 else ("", "", plain[0])


def ids(value: str, _: Context) -> Condition:
    """Return the condition of ``_id`` on responses and alerts."""
    return OneOf("id", tuple(alternatives(value)))


def patients(value: str, context: Context) -> Condition:
    """Return the condition of ``patient`` and ``subject``: logical ids, relative or absolute references."""
    found = [form for one in alternatives(value) for form in references(one, "Patient", context)]
    return OfPatient(tuple(found))


def encounters(value: str, context: Context) -> Condition:
    """Return the condition of ``encounter``."""
    found = [form for one in alternatives(value) for form in references(one, "Encounter", context)]
    return OneOf("encounter", tuple(found))


def references(value: str, resource_type: str, context: Context) -> list[str]:
    """Return every form in which a reference may be stored; none for another type's.

    Relative references mean the EHR's resources, so ``Patient/anna`` and the same below its base are one.
    """
    base = f"{context.ehr_base}/" if context.ehr_base else None
    relative = value.removeprefix(base) if base else value
    if "://" in relative:
        return [relative]
    if "/" not in relative:
        relative = f"{resource_type}/{relative}"
    if not relative.startswith(f"{resource_type}/"):
        return []
    return [relative, f"{base}{relative}"] if base else [relative]


def own_ids(value: str, resource_type: str, context: Context) -> list[str]:
    """Return the ids that references to our own resources name; what is somewhere else has none."""
    prefix = f"{resource_type}/"
    found = []
    for one in alternatives(value):
        relative = one.removeprefix(f"{context.own_base}/")
        if relative.startswith(prefix) or "/" not in relative:
            found.append(relative.removeprefix(prefix))
    return found


def observation_pair(observation_id: str) -> tuple[str, str]:
    """Return the response id and part of an Observation's id: ``r-7.total`` -> (r-7, total)."""
    response_id, _, part = observation_id.partition(".")
    return response_id, part


def observation_ids(value: str, _: Context) -> Condition:
    """Return the condition of ``_id`` on Observations."""
    return PairOneOf(("response", "part"), tuple(observation_pair(one) for one in alternatives(value)))


def observation_identifiers(value: str, context: Context) -> Condition:
    """Return the condition of ``identifier`` on Observations: ours is their id."""
    values = _own_identifiers(value, context.names.identifier("score"))
    return PairOneOf(("response", "part"), tuple(observation_pair(one) for one in values if "." in one))


def alert_identifiers(value: str, context: Context) -> Condition:
    """Return the condition of ``identifier`` on DetectedIssues: ours is their id."""
    return OneOf("id", tuple(_own_identifiers(value, context.names.identifier("alert"))))


def _own_identifiers(value: str, system: str) -> list[str]:
    pairs = [token(one) for one in alternatives(value)]
    if (system, None) in pairs:
        raise BadValueError("needs the identifier's value beside its system")
    return [found for of, found in pairs if found is not None and of in {None, system}]


def identifiers(value: str, _: Context) -> Condition:
    """Return the condition of ``identifier`` on responses: the caller's own."""
    return PairOneOf(("identifier_system", "identifier_value"), tuple(map(token, alternatives(value))))


def statuses(value: str, _: Context) -> Condition:
    """Return the condition of ``status``; its system is FHIR's own and need not be named."""
    return OneOf("status", tuple(code for _, code in map(token, alternatives(value)) if code is not None))


def codes(value: str, context: Context) -> Condition:
    """Return the condition of ``code``: ours, with or without system; no Observation has another."""
    pairs = [token(one) for one in alternatives(value)]
    ours = context.names.measures
    if (ours, None) in pairs:
        return PairOneOf(("code", "part"), ((None, None),))
    return OneOf("code", tuple(code for of, code in pairs if code is not None and of in {None, ours}))


def categories(value: str, _: Context) -> Condition:
    """Return the condition of ``category``: every Observation is a survey."""
    pairs = {token(one) for one in alternatives(value)}
    surveys = {(None, "survey"), (OBSERVATION_CATEGORY, "survey"), (OBSERVATION_CATEGORY, None)}
    return PairOneOf(("code", "part"), ((None, None),) if pairs & surveys else ())


def questionnaires(value: str, context: Context) -> Condition:
    """Return the condition of ``questionnaire``: a canonical URL, with or without ``|version``."""
    base = context.names.questionnaire("")
    pairs: list[Pair] = []
    for one in alternatives(value):
        url, _, version = one.partition("|")
        if url.startswith(base):
            pairs.append((url.removeprefix(base) or "-", version or None))
    return PairOneOf(("instrument", "instrument_version"), tuple(pairs))


def derived_from(value: str, context: Context) -> Condition:
    """Return the condition of ``derived-from``: our own QuestionnaireResponses."""
    return OneOf("response", tuple(own_ids(value, "QuestionnaireResponse", context)))


def implicated(value: str, context: Context) -> Implicated:
    """Return the condition of ``implicated``: our own Observations."""
    return Implicated(tuple(observation_pair(one) for one in own_ids(value, "Observation", context)))


def moments(value: str, _: Context) -> Within:
    """Return the condition of ``authored`` and ``date``: prefixed dates and times."""
    return Within(tuple(_span(one) for one in alternatives(value)))


def _span(value: str) -> Span:
    matched = _DATE.fullmatch(value)
    prefix = (matched["prefix"] or "eq") if matched else ""
    if matched is None or prefix not in _PREFIXES:
        raise BadValueError("takes a date or time, with eq, ne, gt, lt, ge, le, sa or eb before it")
    try:
        low, high = _range(matched)
    except (ValueError, OverflowError):
        raise BadValueError("takes a date that exists") from None
    match prefix:
        case "gt" | "sa":
            return Span(high, None)
        case "lt" | "eb":
            return Span(None, low)
        case "ge":
            return Span(low, None)
        case "le":
            return Span(None, high)
    return Span(low, high, outside=prefix == "ne")


def _range(matched: re.Match[str]) -> tuple[str, str]:
    """Return the first instant of what is written, and the first after it."""
    year, month, day = int(matched["year"]), int(matched["month"] or 1), int(matched["day"] or 1)
    if year < _EARLIEST_YEAR:
        raise ValueError(year)
    hour, minute, second = (int(matched[part] or 0) for part in ("hour", "minute", "second"))
    microsecond = int((matched["fraction"] or "").ljust(6, "0"))
    zone = (matched["zone"] or "Z").replace(" ", "+")
    offset = datetime.fromisoformat(f"2000-01-01T00:00:00{zone}").tzinfo or UTC
    low = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=offset)
    return as_instant(low), as_instant(low + _length(matched, low))


def _length(matched: re.Match[str], low: datetime) -> timedelta:
    if matched["fraction"]:
        return timedelta(microseconds=10 ** (6 - len(matched["fraction"])))
    if matched["second"]:
        return timedelta(seconds=1)
    if matched["hour"]:
        return timedelta(minutes=1)
    if matched["day"]:
        return timedelta(days=1)
    if matched["month"]:
        return timedelta(days=monthrange(low.year, low.month)[1])
    return timedelta(days=366 if monthrange(low.year, 2)[1] == 29 else 365)  # noqa: PLR2004 - leap years
