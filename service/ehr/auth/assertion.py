"""The signed statement by which a token endpoint knows us. Pure but for its unique id.

Source: hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html, "Authentication JWT"; RFC 7523.
"""

from datetime import datetime, timedelta
from uuid import uuid4

from joserfc import jwt

from service.ehr.auth.keys import SigningKey

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Five minutes are the most; a minute less, so that a server whose clock is a minute behind takes it too.
# CAUTION: no `iat` and no `nbf`: SMART asks for neither, and by each a clock a little ahead would be refused.
LIFE = timedelta(minutes=4)


def make_assertion(key: SigningKey, client_id: str, token_url: str, now: datetime) -> str:
    """Return a new assertion for one use, signed with ``key``, valid until four minutes after ``now``."""
    header = {"alg": key.algorithm, "kid": key.id, "typ": "JWT"}
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": token_url,
        # Epic takes at most 151 characters; these are 36.
        "jti": str(uuid4()),
        "exp": int((now + LIFE).timestamp()),
    }
    return jwt.encode(header, claims, key.key, algorithms=[key.algorithm])
