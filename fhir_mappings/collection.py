"""All that is kept of one patient as a Bundle: for whoever asks what is known about them."""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import NAMESPACE_URL, uuid5

from fhir_mappings import json_text
from fhir_mappings.elements import Json


@dataclass(frozen=True, slots=True)
class Kept:
    """One resource of the record; ``is_current`` is False for a version that another one replaced."""

    resource: Json
    is_current: bool = True


def to_collection(kept: Sequence[Kept], base: str, moment: str) -> Json:
    """Return a Bundle of type collection, in the order given.

    ``base`` is the base URL under which the resources are known, without a slash at its end; ``moment`` an
    instant. References lead to current versions: earlier ones, and what has no id, stand under a
    ``urn:uuid:`` made from their content, so that the same record gives the same Bundle.
    Source: hl7.org/fhir/R4/bundle.html, bdl-7 and bdl-8.
    """
    entries = [{"fullUrl": _full_url(one, base), "resource": one.resource} for one in kept]
    return {"resourceType": "Bundle", "type": "collection", "timestamp": moment, "entry": entries}


def to_parameters(name: str, rows: Sequence[Mapping[str, object]]) -> Json:
    """Return what FHIR has no resource for: one parameter called ``name`` for each row, its values as parts.

    A value is text, a number, a truth value, or bytes: text where they are UTF-8, else base64. What is None
    or empty is left out. Raises ``TypeError`` for a value of another kind.
    """
    parameters = [{"name": name, "part": list(_parts(row))} for row in rows]
    return {"resourceType": "Parameters", "parameter": parameters}


def _parts(row: Mapping[str, object]) -> Iterator[Json]:
    for column, value in row.items():
        if value is None or value in ("", b""):
            continue
        yield {"name": column, **_value(value)}


def _value(value: object) -> Json:
    if isinstance(value, bytes):
        try:
            return _text(value.decode())
        except UnicodeDecodeError:
            return {"valueBase64Binary": b64encode(value).decode()}
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, int):
        return {"valueInteger": value}
    if isinstance(value, Decimal):
        return {"valueDecimal": value}
    if isinstance(value, str):
        return _text(value)
    raise TypeError(f"no FHIR value for {type(value).__name__}")


def _text(text: str) -> Json:
    # A FHIR string must hold something besides white space, and no other control characters.
    is_string = text.strip() and all(letter.isprintable() or letter in "\t\r\n" for letter in text)
    return {"valueString": text} if is_string else {"valueBase64Binary": b64encode(text.encode()).decode()}


def _full_url(kept: Kept, base: str) -> str:
    resource = kept.resource
    if kept.is_current and "id" in resource:
        return f"{base}/{resource['resourceType']}/{resource['id']}"
    return f"urn:uuid:{uuid5(NAMESPACE_URL, json_text.dumps(resource).decode())}"
