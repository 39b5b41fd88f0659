"""Reading FHIR resources back, from an EHR or from the service's own FHIR door, with all their digits."""

from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import httpx

from fhir_mappings import json_text

Json = dict[str, Any]
_PAGE = 200
# A search of its own for each of a thousand takes HAPI longer than their deliveries.
_PATIENTS_AT_ONCE = 10


class Chart:
    """A FHIR server as a reader sees it; a context that closes its connections."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        # HAPI answers a repeated search from its memory otherwise.
        self._client = httpx.Client(timeout=120, headers={"Cache-Control": "no-cache"})

    def __enter__(self) -> Self:
        """Return the reader."""
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        """Close its connections."""
        self._client.close()

    def find(self, resource_type: str, **parameters: str) -> list[Json]:
        """Return every match of a search, all pages."""
        query = {name.replace("_", "-"): value for name, value in parameters.items()} | {"_count": str(_PAGE)}
        following: str | None = str(httpx.URL(f"{self.base_url}/{resource_type}", params=query))
        found: list[Json] = []
        while following:
            bundle = self._get(following)
            found += [one["resource"] for one in bundle.get("entry", [])]
            links = {link["relation"]: link["url"] for link in bundle.get("link", [])}
            following = urljoin(f"{self.base_url}/", links["next"]) if "next" in links else None
        return found

    def of_patients(self, resource_type: str, patients: Iterable[str]) -> list[Json]:
        """Return all resources of one type about these patients (``Patient/anna``)."""
        several, found = list(patients), []
        for start in range(0, len(several), _PATIENTS_AT_ONCE):
            found += self.find(resource_type, patient=",".join(several[start : start + _PATIENTS_AT_ONCE]))
        return found

    def read(self, reference: str) -> Json:
        """Return the resource that a reference such as ``Observation/7`` names."""
        return self._get(f"{self.base_url}/{reference}")

    def holds(self, reference: str) -> bool:
        """Return whether there is such a resource."""
        return self._client.get(f"{self.base_url}/{reference}").status_code == httpx.codes.OK

    def validation_errors(self, resource: Json) -> list[str]:
        """Return what the server's validator calls an error in a resource, with its place."""
        answer = self._client.post(
            f"{self.base_url}/{resource['resourceType']}/$validate",
            content=json_text.dumps(resource),
            headers={"Content-Type": "application/fhir+json"},
        )
        return [
            f"{one.get('location', [''])[0]}: {one['diagnostics']}"
            for one in json_text.loads(answer.content)["issue"]
            if one["severity"] in ("error", "fatal")
        ]

    def _get(self, address: str) -> Json:
        answer = self._client.get(address).raise_for_status()
        found: Json = json_text.loads(answer.content)
        return found


def collection_of(resources: list[Json], base_url: str) -> Json:
    """Return a Bundle of resources of this server: validated in one go, they take a third of the time."""
    entries = [
        {"fullUrl": f"{base_url}/{one['resourceType']}/{one['id']}", "resource": one} for one in resources
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def own_identifier(resource: Json) -> str:
    """Return the value of a resource's only identifier."""
    identifier = resource["identifier"]
    return str((identifier[0] if isinstance(identifier, list) else identifier)["value"])


def only(found: list[Json]) -> Json:
    """Return the only one; fails where there are none or several."""
    assert len(found) == 1, f"{len(found)} instead of one"
    return found[0]
