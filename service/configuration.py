"""Which clinics one deployment serves, and by which settings: variables, or the file ALLIANCE_CONFIG.

The variables describe the one clinic ``default``. With ALLIANCE_CONFIG each clinic has a table of its own in
that TOML file, and no variable describes a clinic; what all share stands in variables or in ``[service]``.
Paths in the file are taken from the file's own folder.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from service.callers import DEFAULT_CLINIC
from service.clinic_settings import ClinicSettings
from service.errors import SettingsRefused
from service.service_settings import ServiceSettings
from service.settings import PREFIX, Settings, checked, read_settings, read_variables

CONFIG = f"{PREFIX}CONFIG"
CLINIC_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
# Settings that are paths; a vendor profile is one where it is no name.
_PATHS = ("instruments_dir", "measuring_plan", "wording_dir", "form_maps_dir", "snapshot_dir")
_PROFILE, _PROFILE_FILE = "ehr_profile", ".toml"
_VARIABLE = re.compile(rf"{PREFIX}([A-Z_]+)")
_TOML_PLACE = re.compile(r"\(at (line \d+, column \d+|end of document)\)")

ReadFile = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Configuration:
    """What all clinics share, and the settings of each by its name, in the order of the file.

    ``from_file``: they come from ALLIANCE_CONFIG, and faults are told in its words.
    """

    service: ServiceSettings
    clinics: Mapping[str, Settings]
    from_file: bool

    @contextmanager
    def faults_of(self, clinic: str) -> Iterator[None]:
        """Tell faults of a clinic's settings by its table and key, where they come from a file."""
        try:
            yield
        except SettingsRefused as refused:
            if not self.from_file:
                raise
            raise SettingsRefused([_told_for(clinic, fault) for fault in refused.faults]) from refused


def read_configuration(environ: Mapping[str, str], read_file: ReadFile) -> Configuration:
    """Return the clinics that the environment, or the file that it names, describes.

    Raises ``SettingsRefused`` with all faults at once, each naming variable, or table and key; never a value.
    """
    path = environ.get(CONFIG)
    if path is None:
        settings = read_settings(environ, read_file)
        return Configuration(settings, MappingProxyType({DEFAULT_CLINIC: settings}), from_file=False)
    tables = _read_toml(path, read_file)
    folder = Path(path).parent
    variables, faults = _read_process_variables(environ, read_file)
    in_file = _Table(tables.get("service", {}), "service", ServiceSettings, folder, read_file)
    faults += [*_unknown_tables(tables), *in_file.faults]
    faults += [
        f"[service] {key}: is given by {PREFIX}{key.upper()} too" for key in in_file.given if key in variables
    ]
    shared = {**in_file.given, **variables}
    service, bad_values = checked(ServiceSettings, shared)
    faults += [_in_words_of(fault, variables) for fault in bad_values]
    clinics: dict[str, Settings] = {}
    for name, table in _clinic_tables(tables, faults):
        read = _Table(table, f"clinics.{name}", ClinicSettings, folder, read_file)
        own, bad_values = checked(Settings, {**(shared if service else {}), **read.given})
        faults += [*read.faults, *(_in_table(name, fault) for fault in bad_values)]
        clinics |= {name: own} if own else {}
    if faults or service is None:
        raise SettingsRefused(faults)
    return Configuration(service, MappingProxyType(clinics), from_file=True)


def find_shared_issuers(clinics: Mapping[str, Settings]) -> list[str]:
    """Return a sentence for each clinic whose issuer, or launching EHR, an earlier one has too."""
    seen: set[str] = set()
    launching: set[str] = set()
    faults = []
    for name, settings in clinics.items():
        launch_iss = (settings.launch_iss or "").rstrip("/")
        if launch_iss in launching:
            faults.append(f"[clinics.{name}] launch_iss: an earlier one has the same; {_ONE_LAUNCHES}")
        launching.update([launch_iss] if launch_iss else [])
        key = "token_issuer" if settings.token_issuer in seen else "cds_issuer"
        if seen.intersection(settings.issuers):
            faults.append(f"[clinics.{name}] {key}: an earlier one has the same")
        seen.update(settings.issuers)
    return faults


_ONE_LAUNCHES = "a launch does not say which clinic it means: let people of one of them sign in at /clinician"


class _Table:
    """One table of the file: what it gives by field name, and a sentence for each key at fault."""

    def __init__(
        self,
        table: object,
        name: str,
        kind: type[ServiceSettings | ClinicSettings],
        folder: Path,
        read_file: ReadFile,
    ) -> None:
        self.given: dict[str, object] = {}
        self.faults: list[str] = []
        self._fields = frozenset(kind.model_fields) - {"config"}
        self._elsewhere = (
            "is a clinic's: it stands in [clinics.NAME]"
            if kind is ServiceSettings
            else "is one for all clinics: it stands in [service]"
        )
        self._folder = folder
        self._read_file = read_file
        for key, value in table.items() if isinstance(table, dict) else ():
            fault = self._take(key, value)
            self.faults += [f"[{name}] {key}: {fault}"] if fault else []
        if not isinstance(table, dict):
            self.faults.append(f"[{name}]: must be a table")

    def _take(self, key: str, value: object) -> str | None:
        """Take one key in, or return what is wrong with it."""
        name = key if key in self._fields else key.removesuffix("_file")
        if name not in self._fields:
            return self._elsewhere if name in Settings.model_fields else "no such setting"
        if name in self.given:
            return "given both directly and as a file"
        if name == key:
            self.given[name] = self._from_folder(value) if _is_path(key, value) else value
            return None
        try:
            self.given[name] = self._read_file(self._from_folder(value)).rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            return "the file cannot be read"
        return None

    def _from_folder(self, path: object) -> str:
        return str(self._folder / str(path))


def _read_toml(path: str, read_file: ReadFile) -> Mapping[str, object]:
    try:
        return tomllib.loads(read_file(path))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsRefused([f"{CONFIG}: the file cannot be read as a text in UTF-8"]) from error
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        at = place[1] if place else "somewhere"
        raise SettingsRefused([f"{CONFIG}: the file is no TOML: see {at}"]) from error


def _read_process_variables(
    environ: Mapping[str, str], read_file: ReadFile
) -> tuple[dict[str, str], list[str]]:
    """Return the variables that all clinics share; any other one is a fault beside a file of clinics."""
    given, faults = read_variables(environ, read_file)
    misplaced = [name for name in given if name not in ServiceSettings.model_fields]
    faults += [f"{PREFIX}{name.upper()}: with {CONFIG} it stands in a clinic's table" for name in misplaced]
    return {name: value for name, value in given.items() if name not in misplaced}, faults


def _unknown_tables(tables: Mapping[str, object]) -> list[str]:
    return [
        f"[{name}]: no such table; there are [service] and [clinics.NAME]"
        for name in tables
        if name not in ("service", "clinics")
    ]


def _clinic_tables(tables: Mapping[str, object], faults: list[str]) -> Iterator[tuple[str, object]]:
    """Give the clinics' tables by name; adds to ``faults`` where there is none, or a name is none."""
    found = tables.get("clinics")
    if not isinstance(found, dict) or not found:
        faults.append("[clinics]: each clinic needs a table [clinics.NAME], and there is none")
        return
    for place, (name, table) in enumerate(found.items(), start=1):
        if CLINIC_NAME.fullmatch(name):
            yield name, table
        else:
            faults.append(f"[clinics]: name {place} must be small letters, digits and hyphens, at most 40")


def _is_path(key: str, value: object) -> bool:
    return key in _PATHS or (key == _PROFILE and str(value).endswith(_PROFILE_FILE))


def _in_words_of(fault: str, variables: Mapping[str, str]) -> str:
    """Return a fault of what all share: as it is where a variable gave it, else by the file's key."""
    named = _VARIABLE.match(fault)
    return fault if named and named[1].lower() in variables else f"[service] {_as_keys(fault)}"


def _told_for(clinic: str, fault: str) -> str:
    """Return a fault by the clinic's table, unless it is of what all share or of the command line."""
    named = _VARIABLE.match(fault)
    return _in_table(clinic, fault) if named and named[1].lower() in ClinicSettings.model_fields else fault


def _in_table(clinic: str, fault: str) -> str:
    """``ALLIANCE_EHR_TOKEN: is no bearer token`` -> ``[clinics.north] ehr_token: is no bearer token``."""
    return f"[clinics.{clinic}] {_as_keys(fault)}"


def _as_keys(fault: str) -> str:
    return _VARIABLE.sub(lambda named: named[1].lower(), fault)
