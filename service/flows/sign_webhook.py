"""The signature of what the webhook's receiver is told, after the Standard Webhooks. Pure.

Source: the Standard Webhooks specification 1.0.0, "Signature scheme" and "Webhook headers":
``webhook-signature`` is ``v1,`` and the base64 of HMAC-SHA256 over ``id.timestamp.body``; while a secret is
being replaced it holds one signature by each, separated by blanks.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha256

from service.clinic_settings import SECRET_PREFIX


def signed_headers(secrets: Sequence[str], event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers of one try. ``timestamp`` is when it is made, in seconds since 1970.

    ``secrets`` are as the settings take them; ``event_id`` holds no full stop.
    """
    signed = f"{event_id}.{timestamp}.".encode() + body
    return {
        "Content-Type": "application/json",
        "Accept": "*/*",
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(secret, signed) for secret in secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = b64decode(secret.removeprefix(SECRET_PREFIX))
    return f"v1,{b64encode(hmac.new(key, signed, sha256).digest()).decode()}"
