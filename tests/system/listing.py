"""What the service itself says it holds, read through /v1."""

from typing import Any

import httpx

from fhir_mappings import json_text

Json = dict[str, Any]


def items(base_url: str, path: str, **parameters: str) -> list[Json]:
    """Return every item of a list such as ``/v1/deliveries``, all pages."""
    page = _page(base_url, path, parameters)
    found = list(page["items"])
    while page["next"]:
        page = _page(base_url, path, parameters | {"after": page["next"]})
        found += page["items"]
    return found


def live_and_past_alerts(base_url: str) -> list[Json]:
    """Return the alerts that the EHR was told of: all but historical ones."""
    return [one for one in items(base_url, "/v1/rupture-alerts") if not one.get("historical", False)]


def _page(base_url: str, path: str, parameters: dict[str, str]) -> Json:
    answer = httpx.get(f"{base_url}{path}", params=parameters, timeout=30).raise_for_status()
    page: Json = json_text.loads(answer.content)
    return page
