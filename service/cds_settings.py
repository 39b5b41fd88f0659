"""The settings of the cards that a clinic's EHR shows (CDS Hooks): whose tokens count, where cards lead.

A base class of ``ClinicSettings``. Without any of them an EHR calls like every other caller.
"""

from collections.abc import Iterator
from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator

from fhir_mappings import json_text
from service.addresses import is_private, is_web_address
from service.caller_settings import CallerSettings
from service.service_settings import listed


class CdsSettings(CallerSettings):
    """Who asks for cards. Each field ``x`` is the variable ``ALLIANCE_X``."""

    cds_issuer: str | None = Field(
        None,
        description="Issuer (`iss`) of the tokens with which the EHR asks for cards (CDS Hooks), exactly as it writes itself. Unset: the EHR calls with a token or API key like any other caller.",
    )
    cds_jwks_url: str | None = Field(
        None,
        description="Where the EHR publishes the keys of these tokens (`jku` in a token is not looked at).",
    )
    cds_keys: str | None = Field(
        None,
        description="These keys themselves, a JWK set in JSON (ALLIANCE_CDS_KEYS_FILE names a file), where the EHR publishes none.",
    )
    cds_launch_url: str | None = Field(
        None,
        description="Address of the page that cards lead to, opened by SMART launch. Unset: <public base>/launch where ALLIANCE_LAUNCH_ISS is set, else cards have no link.",
    )
    cds_supervisors: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        (),
        description="References of those who get the cards of all dyads, separated by commas, such as Practitioner/sue; others get those of their own dyads.",
    )

    @property
    def has_callers(self) -> bool:
        """Whether callers are configured, so that everybody needs a credential."""
        return super().has_callers or self.cds_issuer is not None

    @property
    def issuers(self) -> tuple[str, ...]:
        """Whose tokens count in this clinic, and so in no other."""
        return tuple(dict.fromkeys(one for one in (self.token_issuer, self.cds_issuer) if one))

    @field_validator("cds_issuer", "cds_jwks_url", "cds_launch_url")
    @classmethod
    def _is_safe(cls, value: str | None) -> str | None:
        if value is not None and not (is_web_address(value) and is_private(value)):
            raise ValueError(
                "must be an https address (http on this machine) without query, fragment or user"
            )
        return value

    @field_validator("cds_keys")
    @classmethod
    def _is_key_set(cls, value: str | None) -> str | None:
        if value is not None and not _holds_keys(value):
            raise ValueError("must be a JWK set in JSON: an object with a list `keys`")
        return value

    def cds_faults(self) -> Iterator[str]:
        """Yield what contradicts itself, each by its variable."""
        given = [one for one in (self.cds_jwks_url, self.cds_keys) if one]
        if self.cds_issuer is None and given:
            yield "ALLIANCE_CDS_ISSUER: must be set, since ALLIANCE_CDS_JWKS_URL or ALLIANCE_CDS_KEYS is"
        if self.cds_issuer is not None and len(given) != 1:
            yield "ALLIANCE_CDS_JWKS_URL: either it or ALLIANCE_CDS_KEYS must be set with ALLIANCE_CDS_ISSUER"


def _holds_keys(text: str) -> bool:
    """Tell whether a text has the form of a JWK set; whether its keys can be used is seen at the start."""
    try:
        found = json_text.loads(text.encode())
    except ValueError:
        return False
    return isinstance(found, dict) and isinstance(found.get("keys"), list)
