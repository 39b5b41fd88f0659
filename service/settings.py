"""The settings of one deployment, read once from the environment at start.

Every field carries its description and unit; the table in README.md is generated from them
(``python -m service settings-table``). A secret or any other value may come from a file: ``ALLIANCE_…_FILE``.
"""

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from fhir_mappings.codes import DEFAULT_BASE
from service.errors import SettingsRefused

PREFIX = "ALLIANCE_"
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


class Settings(BaseModel):
    """One deployment's settings; immutable. Each field ``x`` is the variable ``ALLIANCE_X``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(
        "127.0.0.1",
        description="Address to listen on. Only a loopback one starts: no callers can be configured yet.",
    )
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    database_url: str = Field("sqlite:///alliance.db", description="SQLAlchemy URL of the database (SQLite).")
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
    ehr_settle_seconds: float = Field(
        60.0,
        ge=0,
        le=3600,
        description="How long after an unanswered write a search that finds nothing does not count yet, in seconds.",
    )
    ehr_parallel: int = Field(
        4, ge=1, le=32, description="Requests to the EHR at a time (never two for one patient)."
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
    wording_dir: str | None = Field(
        None,
        description="Folder with the clinic's own licensed wording, a file <clinic>/<instrument>.<language>.toml each (the clinic is `default`); begin one with `python -m service wording-template INSTRUMENT LANGUAGE`.",
    )
    snomed_codes: bool = Field(
        default=False,
        description="true: the totals that have one get a SNOMED CT code beside ours. SNOMED CT needs a licence.",
    )

    @field_validator("ehr_base_url", "canonical_base", "public_base_url")
    @classmethod
    def _is_web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.query
            or parts.fragment
            or parts.username
        ):
            raise ValueError("must be an http or https address without query, fragment or user")
        return value.rstrip("/")

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
    def _canonical_base_is_ours(self) -> "Settings":
        if (
            self.ehr_base_url
            and self.canonical_base == DEFAULT_BASE
            and not is_loopback(urlsplit(self.ehr_base_url).hostname or "")
        ):
            raise ValueError(
                "ALLIANCE_CANONICAL_BASE: must be set to an address that the clinic owns before an EHR outside this machine is written to"
            )
        if not self.database_url.startswith("sqlite:///"):
            raise ValueError("ALLIANCE_DATABASE_URL: only sqlite:/// is offered by this release")
        return self


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def read_settings(environ: Mapping[str, str], read_file: Callable[[str], str]) -> Settings:
    """Return the settings that the environment names.

    ``ALLIANCE_X_FILE`` is read with ``read_file`` and its last line break dropped. Raises
    ``SettingsRefused`` naming every variable at fault: an unknown one, one given twice, a bad value.
    """
    given, faults = _given(environ, read_file)
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        faults.extend(_sentence(detail) for detail in error.errors(include_input=False, include_url=False))
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
        return ",".join(default or ())
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


def _sentence(detail: Mapping[str, object]) -> str:
    location = detail["loc"]
    message = str(detail["msg"]).removeprefix("Value error, ")
    if isinstance(location, tuple) and location:
        return f"{PREFIX}{str(location[0]).upper()}: {message}"
    return message
