"""Ask the EHR to tell us of new forms at once: one R4 Subscription by rest-hook, found again, never doubled.

A notice says nothing and is trusted in nothing: it only makes the worker look sooner.
Source: hl7.org/fhir/R4/subscription.html.
"""

import secrets
from dataclasses import replace
from typing import Any

from fhir_mappings import json_text
from service.clock import as_instant
from service.ehr.client import EhrClient
from service.errors import EhrUnreadable
from service.flows.deployment import Access, Deployment
from service.flows.intake import FORM
from service.flows.write_version import audit_row
from service.store.audit import add_audit
from service.store.chart import keep_fact, read_fact

NOTICES = "/notify/"
OK = 200
# A status of its own for each form that counts; HAPI asks for a query behind the type.
CRITERIA = f"{FORM}?status=completed,amended,entered-in-error"
_FACT = "notice-token"
_TYPE = "Subscription"
_WELL = ("requested", "active")
_DONE = (200, 201, 204)


def notice_token(deployment: Deployment, clinic: str) -> str | None:
    """Return the secret at the end of the address for notices, or None where nothing was ever subscribed."""
    with deployment.database.read() as tx:
        return read_fact(tx, clinic, _FACT)


def subscribe_ehr(deployment: Deployment, client: EhrClient, access: Access) -> str:
    """Return what was done: ``created``, ``renewed``, or ``there`` where the EHR has it already.

    Raises ``EhrError``, also where the EHR offers no Subscription or refuses it.
    """
    declared = client.capabilities().of(_TYPE)
    if not declared.create:
        raise EhrUnreadable("no-subscriptions")
    with deployment.database.write() as tx:
        token = keep_fact(tx, access.clinic, _FACT, secrets.token_urlsafe(32))
    wanted = _subscription(f"{deployment.settings.public_base_url}{NOTICES}{token}")
    standing = _find(client, token)
    if standing is None:
        _audit(deployment, access)
        _send(client, "POST", _TYPE, wanted)
        return "created"
    if _is_as_wanted(standing, wanted):
        return "there"
    _audit(deployment, replace(access, action="U"))
    _send(client, "PUT", f"{_TYPE}/{standing['id']}", wanted | {"id": standing["id"]})
    return "renewed"


def _audit(deployment: Deployment, access: Access) -> None:
    """Keep that the EHR is written to, before it is."""
    with deployment.database.write() as tx:
        add_audit(tx, audit_row(access, as_instant(deployment.clock()), OK, ""))


def _subscription(endpoint: str) -> dict[str, Any]:
    """Return the Subscription; without a payload a notice holds nothing of the record."""
    return {
        "resourceType": _TYPE,
        "status": "requested",
        "reason": "Alliance measures that are filled in the EHR are scored at once",
        "criteria": CRITERIA,
        "channel": {"type": "rest-hook", "endpoint": endpoint},
    }


def _find(client: EhrClient, token: str) -> dict[str, Any] | None:
    """Return our Subscription by the secret in its address, whatever host that names."""
    declared = client.capabilities().of(_TYPE).search_params
    query = {"type": "rest-hook"} if "type" in declared else {}
    for page in client.pages(_TYPE, query):
        for found in page:
            channel = found.resource.get("channel")
            endpoint = str(channel.get("endpoint", "")) if isinstance(channel, dict) else ""
            if endpoint.endswith(f"{NOTICES}{token}"):
                return dict(found.resource)
    return None


def _is_as_wanted(standing: dict[str, Any], wanted: dict[str, Any]) -> bool:
    channel = standing["channel"]
    return (
        standing.get("status") in _WELL
        and standing.get("criteria") == wanted["criteria"]
        and channel.get("endpoint") == wanted["channel"]["endpoint"]
        and "payload" not in channel
    )


def _send(client: EhrClient, method: str, path: str, resource: dict[str, Any]) -> None:
    answer = client.send(method, path, {}, json_text.dumps(resource))
    if answer.status not in _DONE:
        raise EhrUnreadable(f"status-{answer.status}")
