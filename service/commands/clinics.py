"""The clinics of a configuration, made ready to be served: read, checked, and begun on one database."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from fhir_mappings.wording import Wording
from service.alliance.rules import DEFAULT_RULE
from service.clock import as_instant
from service.commands.environment import (
    Clinic,
    chosen_instruments,
    deployment_of,
    wording_files,
)
from service.configuration import Configuration
from service.ehr.connection import signing_keys
from service.errors import SettingsRefused
from service.figures import Figures
from service.flows.canonical_base import check_canonical_base
from service.flows.check_stored_instruments import check_stored_instruments
from service.flows.choose_instruments import ChosenInstruments
from service.flows.deployment import Deployment
from service.flows.keep_wording import choose_wording, keep_wording
from service.settings import Settings
from service.store.database import Database
from service.store.norms import keep_rule

# Threads of one process that write to EHRs, shared by its clinics; each has at least one.
MOST_LANES = 64
_Done = TypeVar("_Done")


@dataclass(frozen=True, slots=True)
class Prepared:
    """One clinic whose files are read and well; nothing was asked of the database yet."""

    deployment: Deployment
    chosen: ChosenInstruments
    wordings: Mapping[str, Wording]


def prepare_clinics(configuration: Configuration, database: Database, figures: Figures) -> list[Prepared]:
    """Return every clinic of the configuration, on this database, counted in these figures.

    Raises ``SettingsRefused`` with all faults of all clinics' settings and files.
    """
    names = tuple(configuration.clinics)
    lanes = max(1, MOST_LANES // len(names))

    def prepare(name: str) -> Prepared:
        settings = _within(configuration.clinics[name], lanes)
        signing_keys(settings)  # refuses, before anything is changed, what cannot be read
        chosen = chosen_instruments(settings)
        others = [other for other in names if other != name]
        wordings = choose_wording(wording_files(settings, others), chosen.known, name)
        deployment = deployment_of(Clinic(name, settings), chosen, database=database)
        return Prepared(replace(deployment, figures=figures.of(name)), chosen, wordings)

    return _of_each(configuration, names, prepare)


def begin_clinics(configuration: Configuration, prepared: list[Prepared]) -> list[Deployment]:
    """Return the clinics' deployments, once the migrated database was found to fit them.

    Raises ``SettingsRefused`` with all that contradicts what is kept of them.
    """
    by_name = {one.deployment.clinic: one for one in prepared}
    return _of_each(configuration, tuple(by_name), lambda name: _begin(by_name[name]))


def _begin(prepared: Prepared) -> Deployment:
    deployment, chosen = prepared.deployment, prepared.chosen
    clinic, rule, now = deployment.clinic, deployment.settings.alert_rule, as_instant(deployment.clock())
    with deployment.database.write() as tx:
        check_canonical_base(tx, clinic, deployment.names)
        check_stored_instruments(tx, clinic, chosen)
        keep_rule(tx, clinic, rule, now, default=DEFAULT_RULE)
        worded = keep_wording(tx, clinic, chosen, prepared.wordings)
    return replace(deployment, instruments=worded.offered, known=worded.known)


def _within(settings: Settings, lanes: int) -> Settings:
    return settings.model_copy(update={"ehr_parallel": min(settings.ehr_parallel, lanes)})


def _of_each(configuration: Configuration, names: tuple[str, ...], do: Callable[[str], _Done]) -> list[_Done]:
    """Return what is done for each clinic, or raise the faults of all that refuse."""
    done: list[_Done] = []
    faults: list[str] = []
    for name in names:
        try:
            with configuration.faults_of(name):
                done.append(do(name))
        except SettingsRefused as refused:
            faults += refused.faults
    if faults:
        raise SettingsRefused(list(dict.fromkeys(faults)))
    return done
