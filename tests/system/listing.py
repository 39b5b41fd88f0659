"""What the service itself says it holds, read through /v1."""

from typing import Any

import httpx

from fhir_mappings import json_text

Json = dict[str, Any]


def items(base_url: str, path: str) -> list[Json]:
    """Return every item of a list such as ``/v1/deliveries``, all pages."""
    found: list[Json] = []
    following: str | None = path
    while following:
        page = json_text.loads(
            httpx.get(httpx.URL(base_url).join(following), timeout=30).raise_for_status().content
        )
        found += page["items"]
        following = page["next"]
    return found


def live_and_past_alerts(base_url: str) -> list[Json]:
    """Return the alerts that the EHR was told of: all but historical ones."""
    return [one for one in items(base_url, "/v1/rupture-alerts") if not one.get("historical", False)]
