"""What one request may do to the stored resources: create, update, read and search, as the surface allows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from service.sandbox import decimal_json
from service.sandbox.dates import sortable
from service.sandbox.references import find_empties, references_in
from service.sandbox.refusals import Refusal, multiple_matches, not_supported
from service.sandbox.search import Query, parse_query
from service.sandbox.search_parameters import split_reference, terms_of
from service.sandbox.store import Condition, Rows, Stored
from service.sandbox.surfaces import Interaction, Surface, TypeSurface

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a write: the version now current, and 201 for a new resource, else 200."""

    stored: Stored
    status: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The stored resources as one request sees them, inside one database transaction.

    ``base`` is the server's own address up to ``/fhir``. What was written after ``searchable_until`` (a
    sortable time) is hidden from searches and conditions, though not from reads, as behind a lagging index.
    """

    rows: Rows
    surface: Surface
    base: str
    now: datetime
    searchable_until: str

    def offered(self, resource_type: str, interaction: Interaction) -> TypeSurface:
        """Return the type's surface. Raises 404 for an unknown type, 405 for an interaction not offered."""
        found = self.surface.types.get(resource_type)
        if found is None:
            raise Refusal(404, "not-supported", "this server does not know that resource type")
        if interaction not in found.interactions:
            raise not_supported(f"{resource_type}: {interaction} is not offered")
        return found

    def read(self, resource_type: str, resource_id: str, version: str | None = None) -> Stored:
        """Return the current version or the one asked for; raises 404 where there is none."""
        self.offered(resource_type, "read" if version is None else "vread")
        number = None if version is None else int(version) if version.isdecimal() else 0
        found = self.rows.read(resource_type, resource_id, number)
        if found is None:
            raise Refusal(404, "not-found", "there is no such resource")
        return found

    def search(self, resource_type: str, query_string: str) -> tuple[Query, list[Stored], int]:
        """Return what was understood, one page of matches, and how many there are in all."""
        offered, habits = self.offered(resource_type, "search-type"), self.surface.habits
        query = parse_query(resource_type, offered, query_string, self.base, habits.max_count)
        asked = {name for name, _ in query.pairs}
        if habits.search_needs and not asked & set(habits.search_needs):
            raise Refusal(400, "processing", "No supported search parameters")
        conditions = (*query.conditions, self._visible())
        limit = 0 if query.count_only else query.count
        page = self.rows.find(conditions, newest_first=query.newest_first, limit=limit, offset=query.offset)
        return query, page, self.rows.count(conditions)

    def match(self, resource_type: str, condition: str) -> Stored | None:
        """Return the one resource that meets a condition such as ``identifier=s|v``, or None.

        Raises 412 where several do, 400 where the condition is empty.
        """
        query = parse_query(resource_type, self.surface.types[resource_type], condition, self.base)
        if len(query.conditions) == 1:
            raise Refusal(400, "value", "a condition without a search parameter would match everything")
        found = self.rows.find((*query.conditions, self._visible()), limit=2)
        if len(found) > 1:
            raise multiple_matches()
        return found[0] if found else None

    def match_for_create(self, resource_type: str, if_none_exist: str | None) -> Stored | None:
        """Return the resource that makes a create needless; None where it has to be performed.

        Where the surface declares no conditional create, the condition is ignored.
        """
        offered = self.offered(resource_type, "create")
        if if_none_exist is None or not offered.conditional_create:
            return None
        return self.match(resource_type, if_none_exist)

    def create(self, resource: dict[str, Any], resource_id: str | None = None) -> Written:
        """Keep a new resource under an id of the server's choice (``resource_id``: chosen before)."""
        offered = self.offered(resource["resourceType"], "create")
        if offered.check:
            offered.check(resource)
        return Written(self._keep(resource, resource_id or str(uuid4()), 1), 201)

    def update(self, resource: dict[str, Any], resource_id: str, if_match: str | None) -> Written:
        """Keep a new version (200), or a new resource under the client's id where that is offered (201).

        Raises 412 (409 on some surfaces) for a stale If-Match, 400 where the body names another id, 405 for
        an unknown id.
        """
        offered = self.offered(resource["resourceType"], "update")
        if resource.get("id") != resource_id or not _ID.fullmatch(resource_id):
            raise Refusal(400, "value", "the id in the body is not the id in the address, or is no FHIR id")
        current = self.rows.read(resource["resourceType"], resource_id)
        if if_match is not None and (current is None or if_match != etag(current)):
            stale = self.surface.habits.stale_status
            raise Refusal(stale, "conflict", "If-Match does not name the current version")
        if current is None and not offered.update_create:
            raise not_supported("there is no such resource, and clients cannot choose ids")
        if offered.check:
            offered.check(resource)
        version = current.version + 1 if current else 1
        return Written(self._keep(resource, resource_id, version), 200 if current else 201)

    def refuse_dangling(self, resources: Sequence[Stored]) -> None:
        """Raise 400 where a reference names a resource of a type kept here that does not exist."""
        for stored in resources:
            for reference in references_in(decimal_json.loads(stored.body)):
                resource_type, resource_id = split_reference(reference.removeprefix(f"{self.base}/"))
                known = resource_type in self.surface.types
                dangling = known and self.rows.read(resource_type, resource_id) is None
                if dangling or reference.startswith("urn:"):
                    raise Refusal(400, "not-found", f"a reference in {stored.type} leads nowhere")

    def _visible(self) -> Condition:
        return Condition("r.updated_at <= ?", (self.searchable_until,))

    def _keep(self, resource: dict[str, Any], resource_id: str, version: int) -> Stored:
        moment = self.now.isoformat(timespec="milliseconds")
        meta = {**resource.get("meta", {}), "versionId": str(version), "lastUpdated": moment}
        named = {"resourceType": resource["resourceType"], "id": resource_id, "meta": meta}
        body = decimal_json.dumps({**named, **{key: resource[key] for key in resource if key not in named}})
        stored = Stored(resource["resourceType"], resource_id, version, sortable(self.now), body)
        try:
            self.rows.write(stored, terms_of(resource))
        except ValueError:
            raise Refusal(400, "value", f"a date in {stored.type} is none") from None
        return stored


def etag(stored: Stored) -> str:
    """Return the version as an ETag, such as ``W/"3"``."""
    return f'W/"{stored.version}"'


def location(stored: Stored, base: str) -> str:
    """Return the absolute address of the version."""
    return f"{base}/{stored.type}/{stored.id}/_history/{stored.version}"


def parse_resource(raw: bytes, expected_type: str | None = None) -> dict[str, Any]:
    """Return the resource in a body. Raises 400 for what is no FHIR resource of the type expected."""
    try:
        found = decimal_json.loads(raw)
    except ValueError as error:
        raise Refusal(400, "structure", str(error)) from None
    return check_resource(found, expected_type)


def check_resource(found: Any, expected_type: str | None) -> dict[str, Any]:  # noqa: ANN401 - JSON may hold anything
    """Return the resource as it is. Raises 400 for what is no FHIR resource of the type expected."""
    if not isinstance(found, dict) or not isinstance(found.get("resourceType"), str):
        raise Refusal(400, "structure", "a resource with a resourceType is expected")
    if expected_type is not None and found["resourceType"] != expected_type:
        raise Refusal(400, "invalid", "the resourceType is not the type in the address")
    if not isinstance(found.get("meta", {}), dict):
        raise Refusal(400, "structure", "meta is not an object")
    if find_empties(found):
        raise Refusal(400, "structure", "FHIR allows no null and no empty text, list or object")
    return found
