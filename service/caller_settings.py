"""The settings of a clinic's callers: whose tokens count, what is in them, and who may see what.

A base class of ``ClinicSettings``. Without any of them this machine alone is served.
"""

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, field_validator

from service.addresses import is_private, is_web_address
from service.page_settings import PageSettings
from service.service_settings import listed

# Asymmetric ones alone: with a shared secret every clinic's key set would be a key to sign with.
Algorithm = Literal["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]
MOST_SKEW_SECONDS = 300


Words = Annotated[tuple[str, ...], BeforeValidator(listed)]


class CallerSettings(PageSettings):
    """Who may call. Each field ``x`` is the variable ``ALLIANCE_X``."""

    token_issuer: str | None = Field(
        None,
        description="Issuer (`iss`) of callers' tokens: the clinic's identity provider, exactly as it writes itself. Unset: no tokens are taken.",
    )
    token_audience: Words = Field(
        (),
        description="Audiences (`aud`) that a token may be made for, separated by commas. Needed with ALLIANCE_TOKEN_ISSUER.",
    )
    token_jwks_url: str | None = Field(
        None,
        description="Where the identity provider publishes its keys. Unset: where its `/.well-known/openid-configuration` says, on its own host.",
    )
    token_algorithms: Annotated[tuple[Algorithm, ...], BeforeValidator(listed)] = Field(
        get_args(Algorithm), min_length=1, description="Algorithms that may have signed a token."
    )
    token_skew_seconds: int = Field(
        60,
        ge=0,
        le=MOST_SKEW_SECONDS,
        description="How far the identity provider's clock may be off, in seconds.",
    )
    token_user_claim: str = Field(
        "fhirUser", min_length=1, description="Claim with the reference of the Practitioner who asks."
    )
    token_patient_claim: str = Field(
        "patient",
        min_length=1,
        description="Claim with the one patient that `patient/` scopes reach: id or reference.",
    )
    token_supervisor_claim: str | None = Field(
        None,
        description="Claim that makes a supervisor, whose `user/` scopes reach all dyads; a dot leads into it, such as realm_access.roles.",
    )
    token_supervisor_value: str = Field(
        "supervisor", min_length=1, description="What that claim is, or holds where it is a list."
    )
    api_keys: bool = Field(
        default=False,
        description="true: callers may show API keys, made with `python -m service api-keys create`.",
    )
    patients_see_alerts: bool = Field(
        default=False,
        description="true: `patient/` scopes may see rupture alerts, tiers, check-in prompts and ends of treatment.",
    )
    patients_see_therapist_forms: bool = Field(
        default=False, description="true: `patient/` scopes may see what others than the client filled in."
    )

    @property
    def has_callers(self) -> bool:
        """Whether callers are configured, so that everybody needs a credential."""
        return self.token_issuer is not None or self.api_keys or self.has_sign_in

    @field_validator("token_issuer", "token_jwks_url")
    @classmethod
    def _is_safe_to_ask(cls, value: str | None) -> str | None:
        if value is not None and not (is_web_address(value) and is_private(value)):
            raise ValueError(
                "must be an https address (http on this machine) without query, fragment or user"
            )
        return value

    def caller_faults(self) -> Iterator[str]:
        """Yield what contradicts itself, each by its variable."""
        yield from self.page_faults(self.token_issuer)
        if self.token_issuer is not None and not self.token_audience:
            yield "ALLIANCE_TOKEN_AUDIENCE: must be set with ALLIANCE_TOKEN_ISSUER: a token for another service must not count here"
        if self.token_issuer is None and (self.token_audience or self.token_jwks_url):
            yield "ALLIANCE_TOKEN_ISSUER: must be set, since ALLIANCE_TOKEN_AUDIENCE or ALLIANCE_TOKEN_JWKS_URL is"
