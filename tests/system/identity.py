"""The real Keycloak with the realm ``clinic``, and a HAPI server that wants its tokens."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from joserfc.jwk import ECKey, RSAKey

from tests.demo_clinic.processes import free_port
from tests.system.hapi import Hapi, running_ehr

_SCRIPT = Path(__file__).parent / "idp" / "idp"
_PORT = 8091
# One that runs already; it looks for our keys at this port of ours, and is not stopped here.
RUNNING = "TEST_IDP_ISSUER"
RUNNING_KEYS_PORT = "TEST_IDP_KEYS_PORT"
RUNNING_EHR = "TEST_PROTECTED_EHR_URL"


@dataclass(frozen=True, slots=True)
class Idp:
    """A running Keycloak; it reads our public keys from port ``keys_port`` of this machine."""

    issuer: str
    keys_port: int

    @property
    def token_url(self) -> str:
        """Where tokens are asked for."""
        return f"{self.issuer}/protocol/openid-connect/token"


@contextmanager
def running_idp() -> Iterator[Idp]:
    """Give a Keycloak for as long as the block lasts."""
    already = os.environ.get(RUNNING)
    if already:
        yield Idp(already.rstrip("/"), int(os.environ[RUNNING_KEYS_PORT]))
        return
    keys_port = free_port(0)
    environment = os.environ | {
        "IDP_PORT": str(free_port(_PORT)),
        "IDP_CLIENT_JWKS": f"http://127.0.0.1:{keys_port}/.well-known/jwks.json",
    }
    try:
        yield Idp(_idp("start", environment).strip().splitlines()[-1], keys_port)
    finally:
        _idp("stop", environment)


@contextmanager
def protected_hapi(idp: Idp) -> Iterator[Hapi]:
    """Give a HAPI server, without validation, that wants tokens of this Keycloak."""
    already = os.environ.get(RUNNING_EHR)
    if already:
        yield Hapi(already.rstrip("/"))
        return
    options = (
        f"--jwks={idp.issuer}/protocol/openid-connect/certs",
        f"--issuer={idp.issuer}",
        "--audience=clinic-ehr",
        f"--token-endpoint={idp.token_url}",
    )
    with running_ehr(*options) as started:
        yield started


def a_key(algorithm: str) -> str:
    """Return a new private key of ours as JWK: ``RS384`` or ``ES384``."""
    key = RSAKey.generate_key(2048) if algorithm == "RS384" else ECKey.generate_key("P-384")
    return json.dumps(key.as_dict(private=True))


def _idp(act: str, environment: dict[str, str]) -> str:
    # The project's own script. What it says about its work goes to our standard error.
    done = subprocess.run(  # noqa: S603
        [str(_SCRIPT), act], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout
