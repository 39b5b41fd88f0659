"""Look in the EHR for what a write may have left there, and say what that means."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import zip_longest
from types import MappingProxyType
from typing import Any

from service.ehr.capabilities import Capabilities
from service.ehr.client import CANNOT_TELL, EhrClient
from service.ehr.lookup import Lookup, holds, logical_of, lookup_for, narrowed_lookup
from service.ehr.places import Place, parse_etag
from service.ehr.profile import Trust
from service.errors import EhrUnreadable
from service.flows.plan_parts import TRANSACTION
from service.store.chart import ChartEntry
from service.store.parts import PartRow

SEARCH_FAILED, EHR_AWAY = "search-failed", "ehr-away"
Places = Mapping[str, Place | None]
NOTHING_FOUND: Places = MappingProxyType({})
# So begins the reason for which a part is parked of which a search found some.
ONLY_SOME = "only some of it is in the EHR"

# Answers to a search or read that will not change by waiting.
NO_SEARCH = frozenset(
    {
        *(
            "status-400",
            "status-403",
            "status-404",
            "status-405",
            "status-406",
            "status-422",
            "status-501",
            CANNOT_TELL,
        ),
        *("too-many-pages", "pages-in-a-circle", "next-page-elsewhere"),
    }
)


class Finding(StrEnum):
    """What a look at the EHR says of one write, or of all writes of a part; the worst comes first."""

    SEVERAL = "several"  # more than one is ours: never pick one
    CHANGED = "changed"  # somebody else changed the resource since we read its version
    BLIND = "blind"  # this EHR cannot be searched for it
    PARTLY = "partly"  # some are there and some are not
    ABSENT = "absent"  # nothing is there (yet)
    THERE = "there"  # all is there, as we sent it


@dataclass(frozen=True, slots=True)
class Look:
    """A finding, and where the resources are that were found, by our own reference."""

    finding: Finding
    places: Places


@dataclass(frozen=True, slots=True)
class SentWrite:
    """One write as its frozen bytes say it."""

    method: str
    path: str
    resource: Mapping[str, Any]
    condition: str | None
    match: str | None

    @property
    def is_findable(self) -> bool:
        """Whether its presence can be asked for; a Provenance comes and goes with what it is about."""
        return bool(self.resource["resourceType"] != "Provenance")


def sent_writes(part: PartRow) -> list[SentWrite]:
    """Return the writes of a part whose bytes are frozen, in the order sent."""
    # Our own bytes: neither too deep nor doubled, and Decimals keep their digits here too.
    body = json.loads(part.body, parse_float=Decimal)
    if part.logical != TRANSACTION:
        headers = part.headers
        return [
            SentWrite(part.method, part.path, body, headers.get("If-None-Exist"), headers.get("If-Match")),
        ]
    return [
        SentWrite(
            method=entry["request"]["method"],
            path=entry["request"]["url"],
            resource=entry["resource"],
            condition=entry["request"].get("ifNoneExist"),
            match=entry["request"].get("ifMatch"),
        )
        for entry in body["entry"]
    ]


def is_safe_to_repeat(writes: Sequence[SentWrite], trust: Trust) -> bool:
    """Tell whether the EHR itself keeps a repeat from doubling anything: all conditional, or by id.

    A help, not the guard: conditions race, and may not see fresh rows. ``trust`` is what the vendor's
    profile says of its conditional create.
    """
    conditional = trust == "trusted"
    return all(
        write.method == "PUT" or (conditional and write.condition) or not write.is_findable
        for write in writes
    )


def places_of(part: PartRow, places: Sequence[Place | None]) -> Places:
    """Return the places of a part's resources, given in the order sent, by our own reference.

    None, and a place that is missing: it is there, under an id that was not told; an update is where it went.
    What cannot be looked for again has no entry.
    """
    pairs = zip_longest(sent_writes(part), places)
    return {
        _logical(part, write): place or _updated_place(write)
        for write, place in pairs
        if write is not None and write.is_findable
    }


def entries_at(places: Places, our_version: int) -> list[ChartEntry]:
    """Return the chart entries of what is at these places; an id that was not told is ''."""
    return [
        ChartEntry(logical, place.id if place else "", place.version if place else "", our_version)
        for logical, place in places.items()
    ]


def look_for(part: PartRow, client: EhrClient, capabilities: Capabilities) -> Look:
    """Return whether what a part sent is in the EHR. Raises ``EhrError`` where it cannot be asked."""
    places: dict[str, Place | None] = {}
    findings = set()
    for write in sent_writes(part):
        if not write.is_findable and part.logical == TRANSACTION:
            continue
        finding, place = _look_for_write(write, client, capabilities)
        findings.add(finding)
        if place is not None and write.is_findable:
            places[_logical(part, write)] = place
    if findings == {Finding.ABSENT, Finding.THERE}:
        return Look(Finding.PARTLY, places)
    return Look(next(one for one in Finding if one in findings), places)


def _look_for_write(
    write: SentWrite,
    client: EhrClient,
    capabilities: Capabilities,
) -> tuple[Finding, Place | None]:
    if write.method == "PUT":
        return _look_for_update(write, client)
    lookup = lookup_in(write.resource, capabilities)
    if lookup is None:
        return Finding.BLIND, None
    try:
        found = client.find(lookup)
    except EhrUnreadable as error:
        if error.code in NO_SEARCH:
            return Finding.BLIND, None
        raise
    if len(found) > 1:
        return Finding.SEVERAL, None
    return (Finding.THERE, found[0].place) if found else (Finding.ABSENT, None)


def lookup_in(resource: Mapping[str, Any], capabilities: Capabilities) -> Lookup | None:
    """Return the search that this EHR takes for a resource: by identifier, else by what it is about."""
    offered = capabilities.of(str(resource["resourceType"]))
    for lookup in (lookup_for(resource), narrowed_lookup(resource, offered.find)):
        if lookup is not None and lookup.parameters.keys() <= offered.search_params:
            return lookup
    return None


def _look_for_update(write: SentWrite, client: EhrClient) -> tuple[Finding, Place | None]:
    resource_type, _, resource_id = write.path.partition("/")
    try:
        found = client.read(resource_type, resource_id)
    except EhrUnreadable as error:
        if error.code in NO_SEARCH:
            return Finding.BLIND, None
        raise
    if found is None:
        return Finding.ABSENT, None
    if holds(found.resource, write.resource):
        return Finding.THERE, found.place
    unchanged = write.match is None or parse_etag(write.match) == found.place.version
    return (Finding.ABSENT if unchanged else Finding.CHANGED), None


def _updated_place(write: SentWrite) -> Place | None:
    resource_type, _, resource_id = write.path.partition("/")
    return Place(resource_type, resource_id) if write.method == "PUT" else None


def _logical(part: PartRow, write: SentWrite) -> str:
    return logical_of(write.resource) if part.logical == TRANSACTION else part.logical
