"""The source of definitions: forms and codes, the same for every caller."""

import hashlib
from collections.abc import Callable
from functools import cached_property
from typing import Any

from fhir_mappings import json_text
from service.api.fhir.answers import Shown, ShownPage
from service.api.fhir.definition_search import DefinitionCondition, element_of, fits
from service.api.fhir.search_request import SearchRequest
from service.errors import NotFound
from service.flows.search_chart import NO_SUCH

# Definitions never change under one id.
ONLY_VERSION = "1"


class Definitions:
    """Forms and codes of one type; none changes under one id. Each says when it was last changed."""

    def __init__(self, make: Callable[[], list[dict[str, Any]]]) -> None:
        """Keep how they are made; they are made when one is first asked for."""
        self._make = make

    @cached_property
    def _shown(self) -> dict[str, Shown]:
        return {one["id"]: _show(one) for one in self._make()}

    def read(self, resource_id: str) -> Shown:
        """Return the definition with this id; raises ``NotFound``."""
        if resource_id not in self._shown:
            raise NotFound(NO_SUCH)
        return self._shown[resource_id]

    def read_version(self, resource_id: str, version: str) -> Shown:
        """Return the one version of a definition; raises ``NotFound``."""
        if version != ONLY_VERSION:
            raise NotFound(NO_SUCH)
        return self.read(resource_id)

    def search(self, asked: SearchRequest) -> ShownPage:
        """Return one page of the definitions that fit.

        They come in the order in which an EHR would take them, unless they are to be sorted.
        """
        wanted = [one for one in asked.asked if isinstance(one, DefinitionCondition)]
        found = [one for one in self._shown.values() if all(fits(one.resource, each) for each in wanted)]
        if asked.sort:
            element = asked.sort.removeprefix("_")
            found.sort(
                key=lambda one: str(element_of(one.resource, element)), reverse=asked.page.newest_first
            )
        start = asked.page.after[1] if asked.page.after else 0
        end = start + asked.page.limit
        after = ("", end) if start < end < len(found) else None
        return ShownPage(found[start:end], len(found) if asked.counted else None, after)


def content_tag(resource: object) -> str:
    """Return a tag that changes when a resource does."""
    return hashlib.sha256(json_text.dumps(resource)).hexdigest()[:16]


def _show(resource: dict[str, Any]) -> Shown:
    # A definition has a day, a clinic's own wording none; FHIR wants the instant of a version.
    changed = f"{resource['date']}T00:00:00.000000Z" if "date" in resource else None
    ours = {"versionId": ONLY_VERSION} | ({"lastUpdated": changed} if changed else {})
    return Shown(resource | {"meta": resource.get("meta", {}) | ours}, ONLY_VERSION, changed)
