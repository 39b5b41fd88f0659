"""The values of search parameters: alternatives, tokens, references. What they find stands in parameters.py.

Source: hl7.org/fhir/R4/search.html.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fhir_mappings.codes import Names
from fhir_mappings.elements import Json
from service.flows.deployment import Deployment
from service.flows.list_places import ListPlaces

# More values than a caller needs, and fewer than a database takes in one statement.
MOST_ALTERNATIVES = 100
_ESCAPED = re.compile(r"\\([\\,|$])")

Pair = tuple[str | None, str | None]


class BadValueError(ValueError):
    """A value that its parameter cannot have; the text says what it takes, and repeats nothing."""


@dataclass(frozen=True, slots=True)
class Context:
    """What values mean here: our names, our own base, the EHR's (None: not known), the moment.

    ``extra_codings``: the codes of others that stand beside ours, by our code. ``places`` are those in our
    lists; ``caller`` is who asks.
    """

    names: Names
    own_base: str
    ehr_base: str | None
    now: datetime
    extra_codings: Mapping[str, Json]
    places: ListPlaces
    caller: str = ""


def context_of(deployment: Deployment, own_base: str, caller: str = "") -> Context:
    """Return what values mean to one deployment, now."""
    return Context(
        deployment.names,
        own_base,
        deployment.settings.ehr_base_url,
        deployment.clock(),
        deployment.extra_codings,
        deployment.places,
        caller,
    )


def alternatives(value: str) -> list[str]:
    """Return the values between commas, escapes kept; raises ``BadValueError`` where one is empty."""
    if "\x00" in value:  # a database may refuse it, and nothing here has it
        raise BadValueError("holds a character that no value has")
    parts = re.split(r"(?<!\\),", value)
    if not all(part.strip() for part in parts):
        raise BadValueError("needs a value")
    if len(parts) > MOST_ALTERNATIVES:
        raise BadValueError(f"takes at most {MOST_ALTERNATIVES} values")
    return parts


def plain(value: str) -> str:
    r"""Return a value without its escapes: ``a\,b`` -> ``a,b``."""
    return _ESCAPED.sub(r"\1", value)


def token(value: str) -> Pair:
    """Return system and code of ``sys|code``, ``code`` (any: None), ``|code`` (none: '') or ``sys|``."""
    parts = [plain(part) for part in re.split(r"(?<!\\)\|", value, maxsplit=1)]
    if len(parts) == 1:
        return None, parts[0]
    if parts == ["", ""]:
        raise BadValueError("takes a code, or system|code")
    return parts[0], parts[1] or None


def tokens(value: str) -> list[Pair]:
    """Return the tokens between commas; raises ``BadValueError`` where one is none."""
    return [token(one) for one in alternatives(value)]


def truth(value: str) -> bool:
    """Return the value of ``:missing``; raises ``BadValueError`` unless it is true or false."""
    if value not in {"true", "false"}:
        raise BadValueError("takes true or false")
    return value == "true"


def references(value: str, types: tuple[str, ...], context: Context) -> list[str]:
    """Return every form in which a reference to one of these types may be stored; none for another type's.

    Relative references mean the EHR's resources, so ``Patient/anna`` and the same below its base are one.
    """
    base = f"{context.ehr_base}/" if context.ehr_base else None
    relative = value.removeprefix(base) if base else value
    if "://" in relative:
        return [relative]
    if "/" not in relative:
        named = [f"{kind}/{relative}" for kind in types]
    else:
        named = [relative] if relative.partition("/")[0] in types else []
    return [*named, *(f"{base}{one}" for one in named)] if base else named


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
