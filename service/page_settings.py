"""The settings of a clinic's pages for clinicians: how people sign in there, and who may frame them.

A base class of ``CallerSettings``.
"""

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, Field, field_validator

from service.addresses import is_private, is_web_address
from service.scopes import find_unknown
from service.service_settings import listed

Words = Annotated[tuple[str, ...], BeforeValidator(listed)]


class PageSettings(BaseModel):
    """How people sign in. Each field ``x`` is the variable ``ALLIANCE_X``."""

    launch_iss: str | None = Field(
        None,
        description="FHIR base by which the EHR launches the clinician's page (`iss` of a SMART EHR launch), exactly as it writes it. Unset: no launch.",
    )
    launch_client_id: str | None = Field(
        None,
        description="Our client id at the EHR for launches. Our redirect address there is <public base>/clinician/signed-in, our launch address <public base>/launch.",
    )
    launch_client_secret: str | None = Field(
        None, repr=False, description="Our client secret there; unset for a public client (PKCE alone)."
    )
    sign_in_client_id: str | None = Field(
        None,
        description="Our client id at the clinic's identity provider (ALLIANCE_TOKEN_ISSUER), where people sign in who open the page by themselves. Unset: nobody can.",
    )
    sign_in_client_secret: str | None = Field(
        None, repr=False, description="Our client secret there; unset for a public client (PKCE alone)."
    )
    sign_in_scopes: Words = Field(
        ("fhirUser",),
        description="Scopes asked for there beside openid, separated by commas, such as fhirUser,alliance/operations.read. Those of `alliance/` that are granted count here.",
    )
    sign_in_hosts: Words = Field(
        (),
        description="Hosts, with port where it is not the usual one, where the EHR or the identity provider may have its addresses for signing in beside its own host, separated by commas.",
    )
    page_scopes: Words = Field(
        (
            "user/DetectedIssue.rs",
            "user/EpisodeOfCare.u",
            "user/Observation.rs",
            "user/QuestionnaireResponse.rs",
            "user/Task.rus",
        ),
        description="What a Practitioner who signed in may do at the page, separated by commas: `user/` scopes, which reach the own dyads, and all for a supervisor.",
    )
    page_idle_minutes: int = Field(
        30, ge=1, le=720, description="After so many minutes without a request a sign-in ends."
    )
    page_hours: int = Field(10, ge=1, le=24, description="After so many hours a sign-in ends in any case.")
    frame_ancestors: Words = Field(
        (),
        description="Origins whose pages may show the clinician's page in a frame, such as https://ehr.north.example, separated by commas. Unset: none.",
    )

    @property
    def has_sign_in(self) -> bool:
        """Whether people can sign in."""
        return self.launch_iss is not None or self.sign_in_client_id is not None

    @field_validator("launch_iss")
    @classmethod
    def _is_safe_launch(cls, value: str | None) -> str | None:
        if value is not None and not (is_web_address(value) and is_private(value)):
            raise ValueError(
                "must be an https address (http on this machine) without query, fragment or user"
            )
        return value

    @field_validator("frame_ancestors")
    @classmethod
    def _are_ancestors(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            parts = urlsplit(origin)
            whole = f"{parts.scheme}://{parts.netloc}".lower()
            if origin != whole or not parts.hostname or "*" in origin or not is_private(origin):
                raise ValueError("must be https origins in small letters, such as https://ehr.north.example")
        return value

    @field_validator("page_scopes")
    @classmethod
    def _are_user_scopes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if find_unknown(" ".join(value)) or not all(one.startswith("user/") for one in value):
            raise ValueError("must be user/ scopes, such as user/Observation.rs")
        return value

    def page_faults(self, issuer: str | None) -> Iterator[str]:
        """Yield what contradicts itself, each by its variable; ``issuer`` is ALLIANCE_TOKEN_ISSUER."""
        if (self.launch_iss is None) != (self.launch_client_id is None):
            yield "ALLIANCE_LAUNCH_CLIENT_ID: goes with ALLIANCE_LAUNCH_ISS, and that with it"
        if self.launch_client_secret is not None and self.launch_client_id is None:
            yield "ALLIANCE_LAUNCH_CLIENT_SECRET: needs ALLIANCE_LAUNCH_CLIENT_ID"
        if self.sign_in_client_id is not None and issuer is None:
            yield "ALLIANCE_SIGN_IN_CLIENT_ID: needs ALLIANCE_TOKEN_ISSUER, whose client it is"
        if self.sign_in_client_secret is not None and self.sign_in_client_id is None:
            yield "ALLIANCE_SIGN_IN_CLIENT_SECRET: needs ALLIANCE_SIGN_IN_CLIENT_ID"
