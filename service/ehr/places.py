"""Where a resource went: the type, id and version that an EHR's answer names. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_mappings import json_text
from service.http import Answer

# Absolute or relative, with or without _history (hl7.org/fhir/R4/http.html#create).
_LOCATION = re.compile(
    r"(?:^|/)(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9.\-]{1,64})(?:/_history/(?P<version>[A-Za-z0-9.\-]{1,64}))?$"
)
# What a body says is held to the length of an id as a Location is (hl7.org/fhir/R4/datatypes.html).
_LONGEST_ID = 64
_ETAG = re.compile(r'^W?/?"?(?P<version>[A-Za-z0-9.\-]{1,64})"?$')


@dataclass(frozen=True, slots=True)
class Place:
    """A resource in the EHR; ``version`` is '' where the EHR did not tell it."""

    resource_type: str
    id: str
    version: str = ""


def parse_location(text: str) -> Place | None:
    """Return the place that a Location or reference names, or None where it names none.

    Example: ``https://ehr.example/fhir/Observation/12/_history/3`` -> (Observation, 12, 3).
    """
    found = _LOCATION.search(text.strip())
    return Place(found["type"], found["id"], found["version"] or "") if found else None


def parse_etag(text: str) -> str:
    """Return the version in an ETag: ``W/"3"`` -> ``3``; '' for anything else."""
    found = _ETAG.match(text.strip())
    return found["version"] if found else ""


def etag(version: str) -> str:
    """Return the version as If-Match takes it: ``3`` -> ``W/"3"``."""
    return f'W/"{version}"'


def place_of(resource: object) -> Place | None:
    """Return the place of a resource that carries its id, or None; a version too long for one is untold."""
    told = resource.get("id") if isinstance(resource, dict) else None
    if not isinstance(resource, dict) or not isinstance(told, str) or len(told) > _LONGEST_ID:
        return None
    meta = resource.get("meta")
    version = str(meta.get("versionId", "")) if isinstance(meta, dict) else ""
    return Place(str(resource.get("resourceType", "")), told, version if len(version) <= _LONGEST_ID else "")


def place_in_answer(answer: Answer, resource_type: str = "") -> Place | None:
    """Return where a create or update went, by its Location, else its body; None where it is not told.

    A body of another system, which is no resource, may still name the id (OpenEMR: ``{"uuid": "…"}``); it is
    then one of the ``resource_type`` that was sent.
    """
    for header in ("location", "content-location"):
        place = parse_location(answer.headers.get(header, ""))
        if place:
            version = place.version or parse_etag(answer.headers.get("etag", ""))
            return Place(place.resource_type, place.id, version)
    body = _json(answer.body)
    return place_of(body) or (_place_by_uuid(body, resource_type) if resource_type else None)


def _place_by_uuid(body: object, resource_type: str) -> Place | None:
    named = body.get("uuid") if isinstance(body, dict) and "resourceType" not in body else None
    return parse_location(f"{resource_type}/{named}") if isinstance(named, str) else None


def places_in_transaction(body: bytes) -> Sequence[Place | None] | None:
    """Return where each entry of a transaction went, in the order sent; never empty.

    None where the answer is no transaction-response whose entries all went well.
    """
    bundle = _json(body)
    entries = bundle.get("entry") if isinstance(bundle, dict) else None
    if not isinstance(entries, list) or not entries:
        return None
    if bundle.get("type") != "transaction-response" or not all(_succeeded(entry) for entry in entries):
        return None
    return [_place_of_entry(entry) for entry in entries]


def _succeeded(entry: object) -> bool:
    response = entry.get("response") if isinstance(entry, dict) else None
    return isinstance(response, dict) and str(response.get("status", "")).startswith("2")


def _place_of_entry(entry: Mapping[str, Any]) -> Place | None:
    response = entry["response"]
    place = parse_location(str(response.get("location", "")))
    if place is None:
        return place_of(entry.get("resource"))
    version = place.version or parse_etag(str(response.get("etag", "")))
    return Place(place.resource_type, place.id, version)


def _json(body: bytes) -> Any:  # noqa: ANN401 - whatever the EHR answered
    try:
        return json_text.loads(body)
    except ValueError:
        return None
