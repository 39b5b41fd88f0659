"""The settings of one clinic's deployment: its own, and those of the process that serves it.

Read once at start, from the environment or from a file (``configuration.py``). Every field carries its
description and unit; the tables in README.md are generated from them (``python -m service settings-table``).
A secret or any other value may come from a file: ``ALLIANCE_…_FILE``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from service.clinic_settings import ClinicSettings
from service.errors import SettingsRefused
from service.service_settings import ServiceSettings

PREFIX = "ALLIANCE_"
_Kind = TypeVar("_Kind", bound=BaseModel)


class Settings(ClinicSettings, ServiceSettings):
    """What one clinic is served by; immutable. Each field ``x`` is the variable ``ALLIANCE_X``."""

    @property
    def card_page(self) -> str | None:
        """Where cards lead to; None: they have no link."""
        own = f"{self.public_base_url}/launch" if self.launch_iss and self.public_base_url else None
        return self.cds_launch_url or own

    def faults(self) -> Iterator[str]:
        """Yield a sentence for each setting that is missing, or does not fit the others."""
        yield from self.clinic_faults()
        yield from super().faults()
        if self.cds_issuer is not None and self.public_base_url is None:
            yield "ALLIANCE_PUBLIC_BASE_URL: must be set with ALLIANCE_CDS_ISSUER: a token names the address that it is for"
        if self.ehr_subscribe and not (self.ehr_poll_seconds and self.public_base_url and self.ehr_base_url):
            yield "ALLIANCE_EHR_SUBSCRIBE: needs ALLIANCE_EHR_BASE_URL, ALLIANCE_PUBLIC_BASE_URL, where the EHR reaches us, and ALLIANCE_EHR_POLL_SECONDS, which catches what a notice misses"


def read_settings(environ: Mapping[str, str], read_file: Callable[[str], str]) -> Settings:
    """Return the settings that the environment names.

    ``ALLIANCE_X_FILE`` is read with ``read_file`` and its last line break dropped. Raises
    ``SettingsRefused`` naming every variable at fault: an unknown one, one given twice, a bad value.
    """
    given, faults = read_variables(environ, read_file)
    settings, bad_values = checked(Settings, given)
    faults += bad_values
    if faults or settings is None:
        raise SettingsRefused(faults)
    return settings


def checked(kind: type[_Kind], given: Mapping[str, object]) -> tuple[_Kind | None, list[str]]:
    """Return the settings made of what is given, or None, and a sentence for each fault."""
    try:
        return kind.model_validate(given), []
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False)
        return None, [sentence for detail in details for sentence in _sentences(detail)]


def settings_table() -> str:
    """Return the settings as Markdown: a table of the process's, then one of a clinic's."""
    return (
        "Of the process:\n\n"
        + _table(ServiceSettings.model_fields)
        + "\nOf a clinic:\n\n"
        + _table(ClinicSettings.model_fields)
    )


def _table(names: Iterable[str]) -> str:
    rows = ["| Variable | Default | Meaning |", "| --- | --- | --- |"]
    for name in names:
        field = Settings.model_fields[name]
        default = _shown(field.default)
        rows.append(
            f"| `{PREFIX}{name.upper()}` | {f'`{default}`' if default else 'unset'} | {field.description} |"
        )
    return "\n".join(rows) + "\n"


def _shown(default: object) -> str:
    if default is None or isinstance(default, tuple):
        return ",".join(map(str, default or ()))
    return str(default).lower() if isinstance(default, bool) else str(default)


def read_variables(
    environ: Mapping[str, str], read_file: Callable[[str], str]
) -> tuple[dict[str, str], list[str]]:
    """Return what the environment gives by field name, and a sentence for each variable at fault."""
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
