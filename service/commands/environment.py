"""What the commands start from: settings, the clinic's own files, the deployment."""

import argparse
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fhir_mappings.codes import Names
from fhir_mappings.form_map import FormMap
from service.alliance.errors import AllianceFileError
from service.alliance.norms import load_norms
from service.alliance.parameters import default_parameters
from service.alliance.plan import MeasuringPlan, default_plan, read_plan
from service.clock import system_clock
from service.configuration import CONFIG, Configuration, read_configuration
from service.ehr.profile import Profile
from service.ehr.profile_file import load_profile, read_profile
from service.errors import ProfileRefused, SettingsRefused
from service.flows.choose_form_maps import FOLDER as FORM_FOLDER
from service.flows.choose_form_maps import choose_form_maps
from service.flows.choose_instruments import FOLDER, ChosenInstruments, choose_instruments
from service.flows.deployment import Deployment
from service.flows.keep_wording import FOLDER as WORDING_FOLDER
from service.settings import Settings
from service.store.database import Database

PLAN_FILE = "ALLIANCE_MEASURING_PLAN"
PROFILE = "ALLIANCE_EHR_PROFILE"
UNREADABLE = "cannot be read as a text in UTF-8"


@dataclass(frozen=True, slots=True)
class Clinic:
    """The one clinic that a command works for."""

    name: str
    settings: Settings


def configuration_of(environ: Mapping[str, str]) -> Configuration:
    """Return the clinics that the environment describes. Raises ``SettingsRefused``."""
    return read_configuration(environ, lambda path: Path(path).read_text(encoding="utf-8"))


@contextmanager
def one_clinic(asked: argparse.Namespace, environ: Mapping[str, str]) -> Iterator[Clinic]:
    """Give the clinic that ``--clinic`` names, or the only one; faults of its settings name its table.

    Raises ``SettingsRefused`` where there are several and none is named.
    """
    configuration = configuration_of(environ)
    clinics = configuration.clinics
    if asked.clinic is None and len(clinics) > 1:
        raise SettingsRefused([f"--clinic: name one of {', '.join(clinics)}"])
    name = asked.clinic or next(iter(clinics))
    if name not in clinics:
        raise SettingsRefused([f"--clinic: {CONFIG} has {', '.join(clinics)}"])
    with configuration.faults_of(name):
        yield Clinic(name, clinics[name])


def chosen_instruments(settings: Settings) -> ChosenInstruments:
    """Return the instruments of a deployment, its own folder's included. Raises ``SettingsRefused``."""
    if settings.instruments_dir is None:
        return choose_instruments(settings, {})
    folder = Path(settings.instruments_dir)
    if not folder.is_dir():
        raise SettingsRefused([f"{FOLDER}: there is no such folder"])
    files, unreadable = read_texts(instrument_files(folder))
    if unreadable:
        raise SettingsRefused([f"{FOLDER}: {name}: {UNREADABLE}" for name in unreadable])
    return choose_instruments(settings, files)


def wording_files(settings: Settings, others: Iterable[str] = ()) -> dict[str, str]:
    """Return the texts of the clinic's wording by ``<clinic>/<file>``; hidden files are left alone.

    So are the folders of the ``others``, with whom the clinic may share one.
    """
    found = _files_below(settings.wording_dir, WORDING_FOLDER)
    return {name: text for name, text in found.items() if PurePosixPath(name).parts[0] not in others}


def chosen_form_maps(settings: Settings, chosen: ChosenInstruments) -> Mapping[str, FormMap]:
    """Return the maps of the EHR's own forms by instrument id. Raises ``SettingsRefused``."""
    return choose_form_maps(settings, _files_below(settings.form_maps_dir, FORM_FOLDER), chosen.known)


def _files_below(setting: str | None, variable: str) -> dict[str, str]:
    """Return the texts of the TOML files in the folders of a folder, by ``<folder>/<file>``."""
    if setting is None:
        return {}
    folder = Path(setting)
    if not folder.is_dir():
        raise SettingsRefused([f"{variable}: there is no such folder"])
    texts, unreadable = {}, []
    for path in sorted(folder.rglob("*.toml")):
        name = path.relative_to(folder).as_posix()
        if any(part.startswith(".") for part in PurePosixPath(name).parts):
            continue
        try:
            texts[name] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            unreadable.append(f"{variable}: {name}: {UNREADABLE}")
    if unreadable:
        raise SettingsRefused(unreadable)
    return texts


def measuring_plan(settings: Settings) -> MeasuringPlan:
    """Return the clinic's own measuring plan, or the shipped one. Raises ``SettingsRefused``."""
    if settings.measuring_plan is None:
        return default_plan()
    path = Path(settings.measuring_plan)
    try:
        return read_plan(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsRefused([f"{PLAN_FILE}: the file {UNREADABLE}"]) from error
    except AllianceFileError as error:
        raise SettingsRefused([f"{PLAN_FILE}: {error}"]) from error


def ehr_profile_of(settings: Settings) -> Profile:
    """Return the vendor profile that is named, or the clinic's own file. Raises ``SettingsRefused``."""
    named = settings.ehr_profile
    try:
        if not named.endswith(".toml"):
            return load_profile(named)
        path = Path(named)
        return read_profile(path.read_text(encoding="utf-8"), path.stem)
    except ProfileRefused as error:
        raise SettingsRefused([f"{PROFILE}: {fault}" for fault in error.faults]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsRefused([f"{PROFILE}: the file {UNREADABLE}"]) from error


def instrument_files(path: Path) -> list[Path]:
    """Return the instrument files of a folder, or the one file that is named."""
    return sorted(path.glob("*.toml")) if path.is_dir() else [path]


def read_texts(paths: Iterable[Path]) -> tuple[dict[str, str], list[str]]:
    """Return the texts by file name, and the names of those that cannot be read."""
    texts: dict[str, str] = {}
    unreadable = []
    for path in paths:
        try:
            texts[path.name] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            unreadable.append(path.name)
    return texts, unreadable


def deployment_of(
    clinic: Clinic, chosen: ChosenInstruments | None = None, *, database: Database | None = None
) -> Deployment:
    """Return a clinic's deployment, on a database of its own that is not opened yet, or on this one."""
    settings = clinic.settings
    chosen = chosen or chosen_instruments(settings)
    return Deployment(
        database=database or Database(settings.database_url),
        settings=settings,
        names=Names(settings.canonical_base, settings.security_labels),
        instruments=chosen.offered,
        known=chosen.known,
        norms=load_norms(),
        parameters=default_parameters(),
        clock=system_clock,
        plan=measuring_plan(settings),
        form_maps=chosen_form_maps(settings, chosen),
        ehr_profile=ehr_profile_of(settings),
        clinic=clinic.name,
    )
