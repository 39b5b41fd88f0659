"""The settings of the clinic's EHR: where it is, and how we sign in there.

A base class of ``ClinicSettings``. What contradicts itself is refused as a whole, each setting by its name, and no
secret is ever repeated.
"""

import re
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from service.addresses import is_private, is_web_address

# With fewer the bucket of tokens would hold none.
LEAST_PER_MINUTE = 6
AuthKind = Literal["none", "smart", "client-secret", "bearer", "basic"]

# What this service may have to do in an EHR, in the spelling of SMART 2 (hl7.org/fhir/smart-app-launch).
DEFAULT_SCOPES = (
    "system/QuestionnaireResponse.crus system/Observation.crus system/DocumentReference.crus "
    "system/Communication.crus system/DetectedIssue.crus system/Task.crus system/Flag.crus "
    "system/Provenance.crus system/Questionnaire.crus system/CodeSystem.crus system/ValueSet.crus "
    "system/Device.crus system/Patient.rs system/Encounter.rs"
)
# RFC 6750, section 2.1: what a bearer token is made of.
TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_SCOPES = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*|")

# Which settings each kind of sign-in needs, and which others it knows.
_NEEDED: dict[AuthKind, tuple[str, ...]] = {
    "none": (),
    "smart": ("ehr_client_id", "ehr_keys"),
    "client-secret": ("ehr_client_id", "ehr_client_secret"),
    "bearer": ("ehr_token",),
    "basic": ("ehr_user", "ehr_password"),
}
_ALLOWED: dict[AuthKind, tuple[str, ...]] = {
    "none": (),
    "smart": ("ehr_other_keys", "ehr_token_url", "ehr_scopes"),
    "client-secret": ("ehr_token_url", "ehr_scopes", "ehr_client_secret_in"),
    "bearer": (),
    "basic": (),
}
_ALL = tuple(
    dict.fromkeys(name for names in (*_NEEDED.values(), *_ALLOWED.values()) for name in names),
)


class EhrSettings(BaseModel):
    """Where the EHR is and how we sign in there. Each field ``x`` is the variable ``ALLIANCE_X``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ehr_name: str = Field(
        "ehr",
        pattern=r"^[a-z0-9][a-z0-9-]{0,39}$",
        description="Identity of the EHR in the ledger; a new URL under the same name keeps the history.",
    )
    ehr_base_url: str | None = Field(
        None, description="FHIR base of the EHR, such as http://127.0.0.1:8095/fhir. Unset: deliveries wait."
    )
    ehr_timeout_seconds: float = Field(
        20.0, gt=0, le=300, description="Longest wait for one answer of the EHR, in seconds."
    )
    ehr_profile: str = Field(
        "generic",
        min_length=1,
        description="What is known of the EHR's vendor: generic, hapi, medplum, azure, google, epic, oracle, athenahealth, meditech, canvas or openemr; or the path of your own <name>.toml in the same shape.",
    )
    ehr_settle_seconds: float | None = Field(
        None,
        ge=0,
        le=3600,
        description="How long after an unanswered write a search that finds nothing does not count yet, in seconds. Unset: what the profile says, mostly 60.",
    )
    ehr_parallel: int = Field(
        4,
        ge=1,
        le=32,
        description="Requests to the EHR at a time (never two for one patient). Where one process serves many clinics, each has its share of 64.",
    )
    ehr_requests_per_minute: int | None = Field(
        None,
        ge=LEAST_PER_MINUTE,
        le=60_000,
        description="Most requests that the EHR gets in a minute, of all workers on one database together. Unset: what the profile says, mostly no limit.",
    )
    ehr_auth: AuthKind = Field(
        "none",
        description="How to sign in at the EHR: `none`, `smart` (SMART Backend Services, signed with our key), `client-secret`, `bearer` (a fixed token) or `basic`.",
    )
    ehr_client_id: str | None = Field(
        None, description="Our client id at the EHR (`smart`, `client-secret`)."
    )
    ehr_keys: SecretStr | None = Field(
        None,
        description="Our private key for `smart`: PEM or a JWK (set), RSA of 2048 bits or more (RS384) or EC P-384 (ES384). Of several the first one signs; the public halves of all stand at `/.well-known/jwks.json`.",
    )
    ehr_other_keys: SecretStr | None = Field(
        None,
        description="Private keys that are published beside the first but do not sign: the next one, or the former one, while keys are changed.",
    )
    ehr_client_secret: SecretStr | None = Field(None, description="Our secret for `client-secret`.")
    ehr_client_secret_in: Literal["header", "body"] = Field(
        "header",
        description="Where the client secret goes: `header` (client_secret_basic) or `body` (client_secret_post).",
    )
    ehr_token_url: str | None = Field(
        None,
        description="The EHR's token endpoint. Unset: the one that its `.well-known/smart-configuration` names, if it is on the EHR's own host.",
    )
    ehr_scopes: str = Field(
        DEFAULT_SCOPES,
        description="Scopes that we ask for, between blanks. Empty: none are sent, as Epic wants it.",
    )
    ehr_token: SecretStr | None = Field(None, description="The fixed token of `bearer`.")
    ehr_user: str | None = Field(None, description="User name for `basic`.")
    ehr_password: SecretStr | None = Field(None, description="Password for `basic`.")
    ehr_ca: str | None = Field(
        None,
        repr=False,
        description="Certificates (PEM) of the private authority behind the EHR's certificate, trusted in place of the public ones; mostly given as ALLIANCE_EHR_CA_FILE.",
    )
    ehr_client_cert: str | None = Field(
        None,
        repr=False,
        description="Our client certificate for the EHR with its chain (PEM), where it asks for one.",
    )
    ehr_client_key: SecretStr | None = Field(
        None, description="The private key of the client certificate (PEM)."
    )
    ehr_proxy: SecretStr | None = Field(
        None,
        description="Proxy on the way to the EHR, such as http://proxy.clinic.example:3128; a user and password may stand in it.",
    )

    @field_validator("ehr_base_url", "ehr_token_url")
    @classmethod
    def _is_ehr_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not is_web_address(value):
            raise ValueError("must be an http or https address without query, fragment or user")
        return value.rstrip("/")

    @field_validator("ehr_scopes")
    @classmethod
    def _are_scopes(cls, value: str) -> str:
        scopes = " ".join(value.split())
        if not _SCOPES.fullmatch(scopes):
            raise ValueError("must be scopes between blanks, such as system/Observation.crus")
        return scopes

    @field_validator("ehr_token")
    @classmethod
    def _is_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError("is no bearer token")
        return value

    @field_validator("ehr_user")
    @classmethod
    def _is_user(cls, value: str | None) -> str | None:
        if value is not None and (":" in value or not value.isprintable()):
            raise ValueError("must be printable and without a colon")
        return value

    @field_validator("ehr_proxy")
    @classmethod
    def _is_proxy(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value()) if value else None
        if parts and (
            parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/")
        ):
            raise ValueError("must be an http or https address without a path")
        return value

    def ehr_faults(self) -> Iterator[str]:
        """Yield a sentence for each setting that is missing, or does not fit the others."""
        yield from self._sign_in_faults()
        yield from self._transport_faults()

    def _sign_in_faults(self) -> Iterator[str]:
        needed, allowed = _NEEDED[self.ehr_auth], _ALLOWED[self.ehr_auth]
        if self.ehr_auth != "none" and self.ehr_base_url is None:
            yield f"ALLIANCE_EHR_BASE_URL: must be set where ALLIANCE_EHR_AUTH is {self.ehr_auth}"
        for name in _ALL:
            if name in needed and not getattr(self, name):
                yield f"{_variable(name)}: must be set where ALLIANCE_EHR_AUTH is {self.ehr_auth}"
            elif name in self.model_fields_set and name not in (*needed, *allowed):
                yield f"{_variable(name)}: is not used where ALLIANCE_EHR_AUTH is {self.ehr_auth}"

    def _transport_faults(self) -> Iterator[str]:
        if (self.ehr_client_cert is None) != (self.ehr_client_key is None):
            missing = "ehr_client_key" if self.ehr_client_key is None else "ehr_client_cert"
            yield f"{_variable(missing)}: a client certificate and its key must be set together"
        sends_secrets = self.ehr_auth != "none"
        for name, address in (("ehr_base_url", self.ehr_base_url), ("ehr_token_url", self.ehr_token_url)):
            if sends_secrets and address and not is_private(address):
                yield f"{_variable(name)}: must be https, since credentials are sent there"


def _variable(name: str) -> str:
    return f"ALLIANCE_{name.upper()}"
