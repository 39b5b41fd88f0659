"""The settings of one deployment, read once from the environment at start.

Every field carries its description and unit; the table in README.md is generated from them
(``python -m service settings-table``). A secret or any other value may come from a file: ``ALLIANCE_…_FILE``.
"""

from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from fhir_mappings.codes import DEFAULT_BASE
from service.addresses import is_loopback, is_web_address
from service.errors import SettingsRefused
from service.report_settings import ReportSettings

PREFIX = "ALLIANCE_"
SECRET_PREFIX = "whsec_"  # noqa: S105 - the public beginning of every such secret
MOST_SECRETS = 2
_SECRET_BYTES = range(24, 65)
# Those of service/alliance/rules.py that may raise alerts; settings stand below the rules and cannot ask them.
AlertRule = Literal[
    "own-baseline",
    "below-mean-rci",
    "below-mean-own-sd-1",
    "below-mean-own-sd-2",
    "below-mean-pooled-sd",
    "stricter-sd-1",
    "stricter-sd-2",
    "last-fall-rci",
    "sudden-loss",
    "control-chart-2",
    "control-chart-3",
    "ewma",
    "cusum",
]


def _listed(value: object) -> object:
    """Return the words between commas; whatever is no text is left to the type."""
    if not isinstance(value, str):
        return value
    return tuple(word for part in value.split(",") if (word := part.strip()))


class Settings(ReportSettings):
    """One deployment's settings; immutable. Each field ``x`` is the variable ``ALLIANCE_X``."""

    host: str = Field(
        "127.0.0.1",
        description="Address to listen on. Only a loopback one starts: no callers can be configured yet.",
    )
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    database_url: str = Field(
        "sqlite:///alliance.db",
        description="Where the database is: sqlite:///FILE, or postgresql://USER:PASSWORD@HOST/NAME for several processes.",
    )
    canonical_base: str = Field(
        DEFAULT_BASE,
        description="Base of our own canonical URLs. Must be set for an EHR that is not on this machine; never changed after the first delivery.",
    )
    public_base_url: str | None = Field(
        None,
        description="How callers reach this service, without a path, where a proxy stands before it. Unset: the address they used.",
    )
    historical_after_days: int = Field(
        28,
        ge=1,
        le=3650,
        description="A response received more than so many days after its session is historical: judged, but no alert is delivered.",
    )
    retention_years: int | None = Field(
        None,
        ge=1,
        le=100,
        description="A patient is erased here once nothing of theirs is newer than so many years (service/data-life.md). Unset: kept for ever.",
    )
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Port of GET /metrics, in the words of Prometheus, on the same address; nothing about patients. Unset: none.",
    )
    max_body_bytes: int = Field(
        1_048_576, ge=1024, le=67_108_864, description="Largest request body, in bytes."
    )
    srs_cutoff_inclusive: bool = Field(
        default=False,
        description="true: a four-mark total of exactly its cut-off prompts too (sources differ: < 36 or <= 36).",
    )

    alert_rule: AlertRule = Field(
        "own-baseline",
        description="The rule that raises rupture alerts (`python -m service evaluate-rules` compares them). Another one counts for what is received once the service started with it.",
    )

    alert_flag: bool = Field(
        default=True,
        description="false: no Flag (a banner in the chart) is written for a rupture alert, only DetectedIssue and Task.",
    )
    webhook_url: str | None = Field(
        None,
        description="Address that is told when an alert opens, rises or closes (ids only): https, or on this machine. Unset: nobody is told.",
    )
    webhook_secret: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        (),
        repr=False,
        description="Secret that signs what the webhook is told: whsec_ and 24 to 64 random bytes in base64; two, separated by a comma, while one replaces the other.",
    )

    cors_origins: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        (),
        description="Origins whose pages may call from a browser, separated by commas, each exactly as browsers send it, such as https://app.north.example. Unset: none.",
    )
    enabled_instruments: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        (),
        description="Ids of instruments that are shipped turned off and are to be taken, separated by commas, such as wai-srt-therapist,sai-client.",
    )
    instruments_dir: str | None = Field(
        None,
        description="Folder with the clinic's own instruments, a file <id>.toml each; check them with `python -m service check-instruments DIR`.",
    )
    measuring_plan: str | None = Field(
        None,
        description="TOML file with the clinic's own measuring plan: which measure is due in which sessions. Unset: the one in service/alliance/measuring_plan.toml.",
    )
    wording_dir: str | None = Field(
        None,
        description="Folder with the clinic's own licensed wording, a file <clinic>/<instrument>.<language>.toml each (the clinic is `default`); begin one with `python -m service wording-template INSTRUMENT LANGUAGE`.",
    )
    form_maps_dir: str | None = Field(
        None,
        description="Folder with maps of forms that the EHR owns, a file <ehr>/<instrument>.toml each (the EHR is ALLIANCE_EHR_NAME): their canonical, link ids and codes.",
    )
    ehr_poll_seconds: int | None = Field(
        None,
        ge=5,
        le=86_400,
        description="How often forms filled in the EHR itself are fetched, in seconds. Unset: never.",
    )
    ehr_subscribe: bool = Field(
        default=False,
        description="true: asks the EHR at start to tell of new forms at once (R4 Subscription, rest-hook), at ALLIANCE_PUBLIC_BASE_URL. Polling goes on beside it.",
    )
    ehr_attendance: bool = Field(
        default=False,
        description="true: with each look into the EHR its Appointments and Encounters are read for attendance, those of patients and therapists with responses here. Needs ALLIANCE_EHR_POLL_SECONDS, and the right to search both there (system/Appointment.rs).",
    )
    snomed_codes: bool = Field(
        default=False,
        description="true: the totals that have one get a SNOMED CT code beside ours. SNOMED CT needs a licence.",
    )

    @field_validator("canonical_base", "public_base_url")
    @classmethod
    def _is_web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not is_web_address(value):
            raise ValueError("must be an http or https address without query, fragment or user")
        return value.rstrip("/")

    @field_validator("webhook_url")
    @classmethod
    def _is_safe_to_tell(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment or parts.username:
            raise ValueError("must be a web address without fragment or user")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("must be https, unless it is on this machine")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _are_secrets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(value) > MOST_SECRETS or not all(_is_secret(one) for one in value):
            raise ValueError("must be one or two of whsec_ and 24 to 64 bytes in base64")
        return value

    @model_validator(mode="after")
    def _webhook_is_signed(self) -> "Settings":
        if bool(self.webhook_url) != bool(self.webhook_secret):
            raise ValueError("ALLIANCE_WEBHOOK_SECRET: goes with ALLIANCE_WEBHOOK_URL, and that with it")
        return self

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
        faults = [*self.ehr_faults(), *self._own_faults()]
        if faults:
            # A line for each setting; ``read_settings`` takes them apart again.
            raise ValueError("\n".join(faults))
        return self

    def _own_faults(self) -> Iterator[str]:
        if (
            self.ehr_base_url
            and self.canonical_base == DEFAULT_BASE
            and not is_loopback(urlsplit(self.ehr_base_url).hostname or "")
        ):
            yield "ALLIANCE_CANONICAL_BASE: must be set to an address that the clinic owns before an EHR outside this machine is written to"
        if not self.database_url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            yield "ALLIANCE_DATABASE_URL: must begin with sqlite:/// or postgresql://"
        if self.ehr_attendance and not (self.ehr_poll_seconds and self.ehr_base_url):
            yield "ALLIANCE_EHR_ATTENDANCE: needs ALLIANCE_EHR_BASE_URL and ALLIANCE_EHR_POLL_SECONDS"
        if self.ehr_subscribe and not (self.ehr_poll_seconds and self.public_base_url and self.ehr_base_url):
            yield "ALLIANCE_EHR_SUBSCRIBE: needs ALLIANCE_EHR_BASE_URL, ALLIANCE_PUBLIC_BASE_URL, where the EHR reaches us, and ALLIANCE_EHR_POLL_SECONDS, which catches what a notice misses"


def _is_secret(text: str) -> bool:
    """Tell whether a text is a secret as the Standard Webhooks write it."""
    try:
        key = b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        return False
    return text.startswith(SECRET_PREFIX) and len(key) in _SECRET_BYTES


def read_settings(environ: Mapping[str, str], read_file: Callable[[str], str]) -> Settings:
    """Return the settings that the environment names.

    ``ALLIANCE_X_FILE`` is read with ``read_file`` and its last line break dropped. Raises
    ``SettingsRefused`` naming every variable at fault: an unknown one, one given twice, a bad value.
    """
    given, faults = _given(environ, read_file)
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        for detail in error.errors(include_input=False, include_url=False):
            faults.extend(_sentences(detail))
    if faults:
        raise SettingsRefused(faults)
    return settings


def settings_table() -> str:
    """Return the settings as a Markdown table: variable, default, meaning."""
    rows = ["| Variable | Default | Meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = _shown(field.default)
        rows.append(
            f"| `{PREFIX}{name.upper()}` | {f'`{default}`' if default else 'unset'} | {field.description} |"
        )
    return "\n".join(rows) + "\n"


def _shown(default: object) -> str:
    if default is None or isinstance(default, tuple):
        return ",".join(map(str, default or ()))
    return str(default).lower() if isinstance(default, bool) else str(default)


def _given(environ: Mapping[str, str], read_file: Callable[[str], str]) -> tuple[dict[str, str], list[str]]:
    given: dict[str, str] = {}
    faults: list[str] = []
    for variable in sorted(key for key in environ if key.startswith(PREFIX)):
        from_file = variable.endswith("_FILE")
        name = variable.removeprefix(PREFIX).removesuffix("_FILE" if from_file else "").lower()
        if name not in Settings.model_fields:
            faults.append(f"{variable}: no such setting")
        elif name in given:
            faults.append(f"{variable}: given both directly and as a file")
        elif not from_file:
            given[name] = environ[variable]
        else:
            try:
                given[name] = read_file(environ[variable]).rstrip("\r\n")
            except OSError:
                faults.append(f"{variable}: the file cannot be read")
    return given, faults


def _sentences(detail: Mapping[str, object]) -> list[str]:
    location = detail["loc"]
    message = str(detail["msg"]).removeprefix("Value error, ")
    if isinstance(location, tuple) and location:
        return [f"{PREFIX}{str(location[0]).upper()}: {message}"]
    return message.splitlines()
