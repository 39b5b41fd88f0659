"""The settings of the whole process, whichever clinic is served: where it listens, where its database is.

A base class of ``Settings``. With ALLIANCE_CONFIG they may stand in its table ``[service]`` too, never in a
clinic's.
"""

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from service.addresses import is_web_address


def listed(value: object) -> object:
    """Return the words between commas; whatever is no text is left to the type."""
    if not isinstance(value, str):
        return value
    return tuple(word for part in value.split(",") if (word := part.strip()))


class ServiceSettings(BaseModel):
    """What all clinics of one process share; immutable. Each field ``x`` is the variable ``ALLIANCE_X``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: str | None = Field(
        None,
        description="TOML file with a table for each clinic, `[clinics.NAME]`, where one deployment serves several. What describes a clinic then stands there and not in variables. Unset: the variables describe the one clinic, `default`.",
    )
    host: str = Field(
        "127.0.0.1",
        description="Address to listen on. Only a loopback one starts unless every clinic has callers (ALLIANCE_TOKEN_ISSUER, ALLIANCE_API_KEYS).",
    )
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    database_url: str = Field(
        "sqlite:///alliance.db",
        description="Where the database is: sqlite:///FILE, or postgresql://USER:PASSWORD@HOST/NAME for several processes.",
    )
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Port of GET /metrics, in the words of Prometheus, on the same address; nothing about patients. Unset: none.",
    )
    export_dir: str | None = Field(
        None,
        description="Folder that bulk exports (`$export`) are written to, a folder for each clinic in it; several processes need the same one. Unset: no bulk exports.",
    )
    export_hours: int = Field(
        24,
        ge=1,
        le=720,
        description="How long the files of a bulk export are kept once it is complete, in hours.",
    )
    exports_per_caller: int = Field(
        2, ge=1, le=100, description="Most bulk exports of one caller under way at a time; 429 beyond."
    )
    exports_per_clinic: int = Field(
        4, ge=1, le=1000, description="Most bulk exports of one clinic under way at a time; 429 beyond."
    )
    max_body_bytes: int = Field(
        1_048_576, ge=1024, le=67_108_864, description="Largest request body, in bytes."
    )
    max_import_bytes: int = Field(
        1_073_741_824,
        ge=1024,
        le=1_099_511_627_776,
        description="Largest body of POST /v1/imports, in bytes. It is worked on as it comes and never held whole; a line of it may be as long as ALLIANCE_MAX_BODY_BYTES, and each piece must come within ALLIANCE_REQUEST_SECONDS.",
    )
    request_seconds: float = Field(
        30.0,
        gt=0,
        le=600,
        description="Longest time for a request, in seconds: for its body to come, for the database to do its work, for the answer to be taken.",
    )
    requests_per_minute: int = Field(
        12_000,
        ge=6,
        le=10_000_000,
        description="Most requests of one caller, or from one address of callers whom nobody knows, in a minute, a sixth of them at once; 429 says when to come again. Each process counts for itself.",
    )
    requests_at_once: int = Field(
        100,
        ge=1,
        le=10_000,
        description="Most requests under way in one process; further ones are answered 503 at once.",
    )
    public_base_url: str | None = Field(
        None,
        description="How callers reach this service, without a path, where a proxy stands before it. Unset: the address they used.",
    )
    allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        (),
        description="Host names by which callers may reach this service, beside that of ALLIANCE_PUBLIC_BASE_URL and this machine, separated by commas.",
    )
    trusted_proxies: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        (),
        description="Addresses or networks of the proxies before this service, separated by commas: only theirs is believed what X-Forwarded-For and X-Forwarded-Proto say.",
    )
    snapshot_dir: str | None = Field(
        None,
        description="Folder for the snapshots that reports are answered from (service/reporting.md), as protected as the database; every process must see the same one. Unset: beside a SQLite file, in FILE-snapshots; with PostgreSQL there are no reports.",
    )
    snapshot_minutes: int = Field(
        15,
        ge=1,
        le=1440,
        description="How often a clinic's snapshot is made anew where something changed, in minutes.",
    )
    cors_origins: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        (),
        description="Origins whose pages may call from a browser, separated by commas, each exactly as browsers send it, such as https://app.north.example. Unset: none.",
    )

    @field_validator("public_base_url")
    @classmethod
    def _is_public_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not is_web_address(value):
            raise ValueError("must be an http or https address without query, fragment or user")
        return value.rstrip("/")

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            try:
                ip_network(one)
            except ValueError:
                raise ValueError(
                    "must be addresses such as 10.0.0.5 or networks such as 10.0.0.0/24"
                ) from None
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            parts = urlsplit(origin)
            if parts.scheme not in ("http", "https") or origin != f"{parts.scheme}://{parts.netloc}".lower():
                raise ValueError("must be origins such as https://app.north.example, in small letters")
            if not parts.hostname or parts.username is not None or "*" in origin:
                raise ValueError("must name each origin in full: no pattern, no user")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        faults = list(self.faults())
        if faults:
            # A line for each setting; whoever reads the settings takes them apart again.
            raise ValueError("\n".join(faults))
        return self

    def faults(self) -> Iterator[str]:
        """Yield a sentence for each setting that does not fit the others."""
        if not self.database_url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            yield "ALLIANCE_DATABASE_URL: must begin with sqlite:/// or postgresql://"
